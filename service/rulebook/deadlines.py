"""The deadlines of the rulebook: dated rows, their terms, and which of them a recorded penalty brings with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from service.rulebook.rules import Grade
from service.working_days.rules import Limit, Unit


class Bearer(StrEnum):
    """Who has to act; what the subject itself has to do is tracked for information and never escalated."""

    AUTHORITY = "authority"
    REGISTERING_AUTHORITY = "registering_authority"
    SUBJECT = "subject"


#: Days from which a tracked term may run: the decision, or the acceptance by the other side that met the deadline before.
DECIDED: Final = "decided_on"
ACCEPTED: Final = "accepted_on"


@dataclass(frozen=True, slots=True)
class Duty:
    """What makes a deadline one that every penalty of an authority's own brings with it.

    `channel` is gsxt, credit_china or enterprise; `starts` DECIDED or ACCEPTED, then `after` is the deadline that was met;
    `systems` of the deciding authority (None: all); `same_province` whether party and authority must be of one province (None:
    both); `summary` whether summary procedure counts too; `never_only` kinds that alone bring nothing; `met_with` another
    deadline that the same act of the other side meets.
    """

    channel: str
    starts: str
    bearer: Bearer
    summary: bool
    systems: frozenset[str] | None = None
    same_province: bool | None = None
    never_only: frozenset[str] = frozenset()
    after: str | None = None
    met_with: str | None = None


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """One row; several rows of one `deadline` are the same under different law. Both days in force are inclusive.

    `limit` is None where the law says "promptly", "at service" or names a day of the year.
    """

    id: str
    deadline: str
    event: str
    event_zh: str | None
    limit: Limit | None
    counted_from: str
    citation: str
    grade: Grade
    effective_from: date | None
    effective_to: date | None
    duty: Duty | None

    def in_force(self, day: date) -> bool:
        """Return whether the row is in force on `day`."""
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_to is None or day <= self.effective_to
        )


@dataclass(frozen=True, slots=True)
class RecordedPenalty:
    """What of a penalty decides its duties; provinces are two digits, `party_province` None where it is not known."""

    authority_system: str
    authority_province: str
    party_province: str | None
    procedure: str
    kinds: frozenset[str]
    decided_on: date | None


@dataclass(frozen=True)
class Deadlines:
    """All deadline rows."""

    rules: tuple[DeadlineRule, ...]

    def find(self, deadline: str, *, on: date) -> DeadlineRule | None:
        """Return the row of a deadline that is in force on `on`, the later first day before the earlier; None: there is none."""
        rows = [rule for rule in self.rules if rule.deadline == deadline and rule.in_force(on)]
        return max(rows, key=lambda rule: rule.effective_from or date.min, default=None)

    def duties(self, penalty: RecordedPenalty) -> tuple[DeadlineRule, ...]:
        """Return the rows that the penalty's decision starts, in force on the day of the decision.

        Where the party's province is not known it is taken for the authority's own: the deadline that falls due here is then
        watched, and moves to the other one when a registration says so.
        """
        day = penalty.decided_on
        if day is None:
            return ()
        tracked = dict.fromkeys(rule.deadline for rule in self.rules if rule.duty is not None)
        rows = (self.find(deadline, on=day) for deadline in tracked)
        return tuple(
            row for row in rows if row and row.duty and row.duty.starts == DECIDED and _falls(row.duty, penalty)
        )

    def following(self, deadline: str, *, on: date) -> tuple[DeadlineRule, ...]:
        """Return the rows whose term begins when the other side accepted what `deadline` asks for, on that day."""
        tracked = {rule.deadline for rule in self.rules if rule.duty is not None and rule.duty.after == deadline}
        return tuple(row for one in sorted(tracked) if (row := self.find(one, on=on)) is not None)

    def met_with(self, deadline: str) -> frozenset[str]:
        """Return the deadlines that the act which meets `deadline` meets as well."""
        return frozenset(rule.deadline for rule in self.rules if rule.duty and rule.duty.met_with == deadline)


def _falls(duty: Duty, penalty: RecordedPenalty) -> bool:
    is_same = penalty.party_province in {None, penalty.authority_province}
    return (
        (duty.systems is None or penalty.authority_system in duty.systems)
        and (duty.summary or penalty.procedure != "summary")
        and (duty.same_province is None or duty.same_province == is_same)
        and not (penalty.kinds and penalty.kinds <= duty.never_only)
    )


def load_deadlines(rows: Iterable[Mapping[str, Any]]) -> Deadlines:
    """Return the deadlines of plain rows as the data file (or its JSON form) has them.

    Raises:
        KeyError: a row lacks a member.
        ValueError: a term, a day, a grade or a duty is malformed.
    """
    return Deadlines(tuple(map(_rule, rows)))


def _rule(row: Mapping[str, Any]) -> DeadlineRule:
    return DeadlineRule(
        id=str(row["id"]),
        deadline=str(row.get("deadline") or row["id"]),
        event=str(row["event"]),
        event_zh=row.get("event_zh"),
        limit=Limit(int(row["count"]), Unit(row["counts"])) if "count" in row else None,
        counted_from=str(row["counted_from"]),
        citation=str(row["citation"]),
        grade=Grade(row["grade"]),
        effective_from=_day(row.get("effective_from")),
        effective_to=_day(row.get("effective_to")),
        duty=_duty(row["duty"]) if "duty" in row else None,
    )


def _duty(parts: Mapping[str, Any]) -> Duty:
    if parts["starts"] not in {DECIDED, ACCEPTED} or (parts["starts"] == ACCEPTED) != ("after" in parts):
        raise ValueError(
            f"a duty starts on {DECIDED}, or on {ACCEPTED} after another deadline, not {parts['starts']!r}"
        )
    province = parts.get("province")
    if province not in {None, "same", "other"}:
        raise ValueError(f"the province of a duty is the same or another, not {province!r}")
    return Duty(
        channel=str(parts["channel"]),
        starts=str(parts["starts"]),
        bearer=Bearer(parts["bearer"]),
        summary=bool(parts["summary"]),
        systems=frozenset(parts["systems"]) if "systems" in parts else None,
        same_province=None if province is None else province == "same",
        never_only=frozenset(parts.get("never_only", ())),
        after=parts.get("after"),
        met_with=parts.get("met_with"),
    )


def _day(value: object) -> date | None:
    return value if value is None or isinstance(value, date) else date.fromisoformat(str(value))
