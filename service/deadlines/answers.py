"""The wire form of deadlines."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import RowMapping

from service.catalog.rules import Catalog
from service.deadlines.lists import Sight
from service.deadlines.rules import PERMIT, State
from service.working_days.rules import due_day, working_days_left

Row = RowMapping
View = dict[str, Any]


def deadline_view(row: Row, catalog: Catalog, sight: Sight, *, today: date) -> View:
    """Return a deadline; who only supervises sees that there is one, and not of which record."""
    rule = next((one for one in catalog.deadlines.rules if one.id == row["rule_id"]), None)
    shown = sight.shows_record(row["authority_code"])
    is_open = row["state"] == State.OPEN
    left = working_days_left(today, row["due_on"], catalog.calendar) if is_open else None
    return {
        "id": row["id"],
        "deadline": row["deadline"],
        "event": rule.event if rule else row["deadline"],
        "event_zh": rule.event_zh if rule else None,
        "citation": rule.citation if rule else None,
        "grade": rule.grade.value if rule else None,
        "rule": row["rule_id"],
        "channel": row["channel"],
        "bearer": row["bearer"],
        "authority_code": row["authority_code"],
        "division_code": row["division_code"],
        "uscc": row["uscc"] if shown else None,
        "penalty_id": row["record_id"] if shown and row["record_kind"] == "penalty" else None,
        "credit_record_id": row["record_id"] if shown and row["record_kind"] == PERMIT else None,
        "document_no": row["document_no"] if shown else None,
        "starts_on": row["starts_on"],
        "due_on": row["due_on"],
        "provisional": row["provisional"],
        "state": row["state"],
        "days_left": left,
        "overdue": is_open and today > row["due_on"],
        "met_on": row["met_on"],
        "late": row["met_on"] > row["due_on"] if row["met_on"] is not None else None,
        "rejected_on": row["rejected_on"],
        "rejections": row["rejections"],
        "reference": row["reference"] if shown else None,
    }


def history_view(events: Iterable[Row]) -> list[View]:
    """Return the history of a deadline, oldest first."""
    names = ("event", "was_due_on", "due_on", "actor", "reason", "at")
    return [{name: event[name] for name in names} for event in events]


def skipped_view(row: Row, catalog: Catalog) -> list[View]:
    """Return the days that did not count in a term of working days, each with the holiday it belongs to."""
    rule = next((one for one in catalog.deadlines.rules if one.id == row["rule_id"]), None)
    if rule is None or rule.limit is None:
        return []
    due = due_day(row["starts_on"], rule.limit, catalog.calendar)
    return [{"day": rest.day, "holiday": rest.holiday} for rest in due.skipped]


COUNTS = ("due", "on_time", "late", "overdue", "running", "rejected", "withheld")


def month_view(rows: Sequence[Row], catalog: Catalog) -> list[View]:
    """Return one line an authority and division, with the counts of all its deadlines and of each."""
    lines: dict[tuple[str, str], View] = {}
    for row in rows:
        key = (row["authority_code"], row["division_code"])
        if key not in lines:
            authority = catalog.authority_by_code.get(key[0])
            lines[key] = {
                "authority_code": key[0],
                "authority": authority.name if authority else key[0],
                "division_code": key[1],
                "division": catalog.region_name(key[1]),
                "total": dict.fromkeys(COUNTS, 0),
                "deadlines": {},
            }
        line = lines[key]
        line["deadlines"][row["deadline"]] = {name: row[name] for name in COUNTS}
        for name in COUNTS:
            line["total"][name] += row[name]
    return list(lines.values())
