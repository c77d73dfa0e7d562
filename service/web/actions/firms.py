"""The page of an enterprise: the status answer, and for each record why it is shown until when."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from service.catalog.rules import Catalog
from service.db import ReadSession, driver
from service.status.actions import Question, answer_question
from service.web.actions.shared import Facts
from service.web.queries import (
    find_details,
)


async def see_firm(session: ReadSession, catalog: Catalog, uscc: str, now: datetime) -> Facts:
    """Return everything the page of an enterprise says: the status answer, and for each record why it is shown until when.

    Raises:
        MalformedUscc: the code is none.
    """
    answer = await answer_question(session, Question(uscc), divisions=catalog.known_divisions, now=now)
    body: Facts = dict(answer.body)
    connection = await driver(session)
    details = await find_details(
        connection,
        body["uscc"],
        penalties=[UUID(item["id"]) for item in body["penalties"]],
        entries=[UUID(item["id"]) for item in body["blacklist_entries"]],
    )
    penalties = [_detailed(item, details, catalog) for item in body["penalties"]]
    entries = [_detailed(item, details, catalog) for item in body["blacklist_entries"]]
    return {
        "answer": body,
        "penalties": penalties,
        "entries": entries,
        "events": timeline(body),
        "now": now,
        "etag": answer.etag.removeprefix('W/"').removesuffix('"'),
    }


def _detailed(item: Facts, details: Mapping[UUID, Mapping[str, Any]], catalog: Catalog) -> Facts:
    detail = dict(details[UUID(item["id"])])
    rule = next((rule for rule in catalog.rules if rule.id == detail["public_rule"]), None)
    listed = catalog.list_by_id.get(item.get("list", ""))
    citation = rule.citation if rule is not None else listed.legal_basis if listed is not None else None
    return item | {"detail": detail, "citation": citation, "grade": detail["public_grade"]}


def timeline(answer: Mapping[str, Any]) -> list[tuple[date, str, str]]:
    """Return what is publicly known of a subject by day: (day, kind of event, what), oldest first."""
    events: list[tuple[date, str, str]] = []
    registration = answer["registration"]
    if registration and registration["since"]:
        events.append((registration["since"], "registered", ""))
    for penalty in answer["penalties"]:
        what = penalty["document_no"] or ""
        if penalty["decided_on"]:
            events.append((penalty["decided_on"], "decided", what))
        if penalty["publish_until"]:
            events.append((penalty["publish_until"], "until", what))
    for entry in answer["blacklist_entries"]:
        if entry["listed_on"]:
            events.append((entry["listed_on"], "listed", entry["list_name"]))
        if entry["publish_until"]:
            events.append((entry["publish_until"], "until", entry["list_name"]))
    return sorted(events)
