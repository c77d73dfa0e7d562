"""What a recorded penalty owes to whom by when, and what an acceptance or a rejection makes of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from json import dumps
from typing import Any, Final
from uuid import UUID

from service.catalog.rules import Catalog
from service.errors import Conflict, Forbidden, Invalid, NotFound
from service.rulebook.deadlines import DeadlineRule, RecordedPenalty
from service.working_days.rules import Due, Limit, Unit, due_day, long_rests

#: Own parameters, no law: a deadline is soon overdue with this many working days left, and a run of days of rest is long from
#: this many days on; before one begins, what falls due up to this many working days behind it is called to mind.
SOON_DAYS: Final = 3
LONG_REST_DAYS: Final = 4
REMIND_WITHIN: Final = 5
REMIND_BEHIND: Final = 3


class State(StrEnum):
    """How a deadline stands."""

    OPEN = "open"
    MET = "met"
    WITHHELD = "withheld"
    DROPPED = "dropped"


class Outcome(StrEnum):
    """What the other side said."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class NoSuchDeadline(NotFound):
    """No deadline that you may see has this id."""

    code = "no_such_deadline"


class OtherDeadline(Forbidden):
    """Only those who record or review for the authority enter what the other side said."""

    code = "other_deadline"


class DeadlineNotOpen(Conflict):
    """The deadline is not open: it was met already, or nothing is due."""

    code = "deadline_not_open"


class AnsweredOnTheRecord(Conflict):
    """A permit says itself on which day it was accepted; its deadline follows. Enter it there."""

    code = "answered_on_the_record"


class ImpossibleAnswerDay(Invalid):
    """The other side cannot have answered in the future, or before the term began."""

    code = "impossible_answer_day"


class RejectionWithoutReason(Invalid):
    """What the other side rejects, it rejects for a reason; state it."""

    code = "rejection_without_reason"


#: The kind of a permit's record, and the deadline that it brings.
PERMIT: Final = "credit_record"
REPORT: Final = "D01"

#: What the state of a penalty makes of its deadlines. States of a draft count too: the term runs from the decision.
_WITHHELD: Final = frozenset({"withheld"})
_OVER: Final = frozenset({"void", "ended"})


@dataclass(frozen=True, slots=True)
class Record:
    """The present version of a penalty, as far as deadlines depend on it."""

    uscc: str
    id: UUID
    state: str
    is_own: bool
    authority_code: str
    penalty: RecordedPenalty


@dataclass(frozen=True, slots=True)
class Permit:
    """The present version of a permit, as far as its deadline depends on it."""

    uscc: str
    id: UUID
    state: str
    is_own: bool
    authority_code: str
    decided_on: date
    reported_on: date | None


@dataclass(frozen=True, slots=True)
class Tracked:
    """A deadline as it should stand: `rule` sets it, `state` is open, withheld or dropped; whether it is met stays as it is.

    `met_on` is the day on which the record itself says that it was met; None: it says nothing.
    """

    deadline: str
    rule: DeadlineRule
    starts_on: date
    due: Due
    state: State
    met_on: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A deadline as it stands in the table."""

    id: UUID
    deadline: str
    rule_id: str
    starts_on: date
    due_on: date
    provisional: bool
    state: State
    met_on: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """How a standing deadline changes: `tracked` is its new shape, None where the record does not bring it any more."""

    standing: Standing
    tracked: Tracked | None
    event: str


class Dues:
    """Last days of terms, each combination of first day and limit worked out once."""

    def __init__(self, catalog: Catalog) -> None:
        self._calendar = catalog.calendar
        self._known: dict[tuple[date, Limit], Due] = {}

    def day(self, start: date, limit: Limit) -> Due:
        """Return `due_day`."""
        found = self._known.get((start, limit))
        if found is None:
            found = self._known[start, limit] = due_day(start, limit, self._calendar)
        return found


def tracked_deadlines(record: Record, catalog: Catalog, dues: Dues, met: Mapping[str, date]) -> dict[str, Tracked]:
    """Return the deadlines that a record brings with it, by id of the deadline.

    `met` are the days on which deadlines of the record were met: some terms begin then. Only an authority's own records bring
    any: what a source has published already its owner reported. Source: D01 to D04, D18, D19 of the rulebook.
    """
    if not record.is_own:
        return {}
    state = State.DROPPED if record.state in _OVER else State.WITHHELD if record.state in _WITHHELD else State.OPEN
    rows = [(row, record.penalty.decided_on) for row in catalog.deadlines.duties(record.penalty)]
    found = {row.deadline for row, _ in rows}
    rows += [
        (row, met[one]) for one in sorted(found & met.keys()) for row in catalog.deadlines.following(one, on=met[one])
    ]
    return {
        row.deadline: Tracked(row.deadline, row, start, dues.day(start, row.limit), state)
        for row, start in rows
        if row.limit is not None and start is not None
    }


def tracked_of_permit(permit: Permit, catalog: Catalog, dues: Dues) -> dict[str, Tracked]:
    """Return the deadline that an authority's own permit brings with it: its report to Credit China, until it was accepted.

    Source: 发改办财金〔2018〕424号 (D01).
    """
    row = catalog.deadlines.find(REPORT, on=permit.decided_on)
    if not permit.is_own or row is None or row.limit is None or (permit.state != "recorded" and not permit.reported_on):
        return {}
    due = dues.day(permit.decided_on, row.limit)
    state = State.OPEN if permit.reported_on is None else State.MET
    return {row.deadline: Tracked(row.deadline, row, permit.decided_on, due, state, permit.reported_on)}


def compare(standing: Iterable[Standing], tracked: Mapping[str, Tracked]) -> Iterator[Change]:
    """Yield how the standing deadlines of one record must change; those that stand right are left out.

    A met deadline keeps its day; one that the record does not bring any more, and that was not met, is dropped.
    """
    for one in standing:
        wanted = tracked.get(one.deadline)
        if wanted is None:
            if one.state in {State.OPEN, State.WITHHELD}:
                yield Change(one, None, "dropped")
            continue
        state = State.MET if one.met_on is not None else wanted.state
        if wanted.met_on is not None and wanted.met_on != one.met_on:
            yield Change(one, wanted, "accepted")
            continue
        moved = one.due_on != wanted.due.on
        same_term = (one.rule_id, one.starts_on, one.provisional) == (
            wanted.rule.id,
            wanted.starts_on,
            wanted.due.provisional,
        )
        if moved:
            yield Change(one, wanted, "moved")
        elif state != one.state:
            yield Change(one, wanted, {State.OPEN: "reopened"}.get(state, state.value))
        elif not same_term:
            yield Change(one, wanted, "confirmed")


def law_digest(catalog: Catalog) -> str:
    """Return a digest of all that deadlines depend on beside the records: calendar, deadline rows, authorities."""
    content = (
        [(year.year, [(str(day.day), day.is_workday) for day in year.days]) for year in catalog.years],
        [dict(rule.body) for rule in catalog.present_rules if rule.kind == "deadline"],
        [(one.code, one.system, one.division_code) for one in catalog.authorities],
    )
    return sha256(dumps(content, default=str, sort_keys=True).encode()).hexdigest()


def check_answer(standing: Standing, outcome: Outcome, *, on: date, today: date, reason: str | None) -> None:
    """Refuse an answer of the other side that cannot be.

    An acceptance meets an open deadline. A rejection may also come later and takes an acceptance back.

    Raises:
        DeadlineNotOpen: nothing is due, or it was met already.
        ImpossibleAnswerDay: the day lies in the future, or before the term began.
        RejectionWithoutReason: it says none.
    """
    fits = standing.state is State.OPEN or (standing.state is State.MET and outcome is Outcome.REJECTED)
    if not fits:
        raise DeadlineNotOpen(
            f"{standing.deadline} is {standing.state}{f' since {standing.met_on}' if standing.met_on else ''};"
            " only an open one is met, and only an open or met one is rejected.",
            detail_zh="该期限不处于待办状态。",
        )
    if not standing.starts_on <= on <= today:
        raise ImpossibleAnswerDay(
            f"An answer on {on} cannot be: the term began on {standing.starts_on}, and today is {today}.",
            detail_zh=f"回执日期应在 {standing.starts_on} 与 {today} 之间。",
        )
    if outcome is Outcome.REJECTED and not (reason or "").strip():
        raise RejectionWithoutReason("Say why the other side rejected it.", detail_zh="请填写对方退回的原因。")


def remind_before(catalog: Catalog, *, today: date) -> tuple[date, date] | None:
    """Return the first day of the next long rest, where it is near, and the last due day to call to mind before it."""
    limit = Dues(catalog)
    near = limit.day(today, _working(REMIND_WITHIN)).on
    rest = next(long_rests(today, near, catalog.calendar, shortest=LONG_REST_DAYS), None)
    if rest is None:
        return None
    first, last = rest
    return first, limit.day(last, _working(REMIND_BEHIND)).on


def soon_until(catalog: Catalog, *, today: date, days: int) -> date:
    """Return the last due day that lies at most `days` working days ahead."""
    return Dues(catalog).day(today, _working(days)).on


def standing_days(
    catalog: Catalog,
    standing: str,
    *,
    today: date,
    within: int,
    due_from: date | None = None,
    due_to: date | None = None,
) -> dict[str, Any]:
    """Return by which states and due days (both inclusive) deadlines of a standing are found, as members of `Wanted`.

    `overdue` is open with its day past, `soon` open with at most `within` working days left, `all` no matter; every other
    standing is a state. `due_from` and `due_to` narrow it further.
    """
    first, last = due_from, due_to
    if standing == "overdue":
        last = min(filter(None, (due_to, date.fromordinal(today.toordinal() - 1))))
    elif standing == "soon":
        first = max(filter(None, (due_from, today)))
        last = min(filter(None, (due_to, soon_until(catalog, today=today, days=within))))
    states = {"overdue": {State.OPEN}, "soon": {State.OPEN}, "all": set()}.get(standing)
    return {
        "states": frozenset({State(standing)} if states is None else states),
        "due_from": first,
        "due_to": last,
    }


def _working(days: int) -> Limit:
    return Limit(days, Unit.WORKING_DAYS)


def month_bounds(month: str) -> tuple[date, date]:
    """Return the first day of a month (`2026-10`) and the first day behind it."""
    year, number = map(int, month.split("-"))
    return date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)
