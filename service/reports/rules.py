"""Reports of platforms to authorities: their kinds, what stands openly on them, for which days they are, and when they are late.

The content is sealed to the authority's key before it leaves the platform. What this service reads is the envelope, which the
seal protects against change: its header.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from service.errors import Category, Conflict, Forbidden, Invalid, NotFound, Refusal, TooLarge

#: Largest sealed report, in bytes; larger content is sealed in parts.
MAX_SEALED: Final = 32 * 1024**2
#: Bytes of sealed reports that are kept of one platform at a time: ten million merchants and more.
MOST_KEPT: Final = 8 * 1024**3
#: Rows of one part, and how many parts a report may have.
MOST_ROWS: Final = 20_000
MOST_PARTS: Final = 1000
#: Longest period of a report that is not half-yearly. Own parameter.
LONGEST_PERIOD: Final = timedelta(days=366)
#: The sealed part is erased so long after the authority settled the report, an unsettled one after three years; what stands
#: openly is kept for three years. Own parameters.
KEEP_SETTLED: Final = timedelta(days=90)
KEEP: Final = timedelta(days=3 * 366)


class NoSuchReport(NotFound):
    """There is no report of this id that you sent or that is addressed to an authority of yours."""

    code = "no_such_report"


class MalformedSeal(Invalid):
    """What was sent is no report sealed by `xinyong reports seal`: not five parts, another algorithm, or another envelope."""

    code = "malformed_seal"


class SealTooLarge(TooLarge):
    """The sealed report is larger than is taken: seal it in parts."""

    code = "seal_too_large"


class NotYourEnvelope(Forbidden):
    """The envelope names another platform than the key with which it was sent."""

    code = "not_your_envelope"


class WrongPeriod(Invalid):
    """The report's kind is not reported for such a period, or not yet."""

    code = "wrong_period"


class AlreadyReported(Conflict):
    """This very report was sent before, or one of the same envelope id."""

    code = "already_reported"


class WrongSealingKey(Conflict):
    """The report is sealed to a key that is not one of the authority's, or that is not used any more: seal it again."""

    code = "wrong_sealing_key"


class TooMuchKept(Conflict):
    """So much of yours is kept already that no more is taken until authorities have settled what waits and it was erased."""

    code = "too_much_kept"


class SealErased(Refusal):
    """The sealed part was erased, because it was kept long enough."""

    category = Category.GONE
    code = "seal_erased"


class ReportSettled(Conflict):
    """The authority accepted the report or returned it before."""

    code = "report_settled"


class ReportKind(StrEnum):
    """What a platform reports."""

    IDENTITY = "identity"
    LEAD = "lead"
    ASSISTANCE = "assistance"
    TRANSACTIONS = "transactions"


class ReportState(StrEnum):
    """What became of a report: received, and then accepted or returned by the authority that opened it."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    RETURNED = "returned"


class ReturnReason(StrEnum):
    """Why a report is returned. No words of its own, since those would say openly what is sealed."""

    CANNOT_OPEN = "cannot_open"
    NOT_THE_TEMPLATE = "not_the_template"
    COUNTS_DIFFER = "counts_differ"
    INCOMPLETE = "incomplete"
    IDENTITIES_DIFFER = "identities_differ"


#: What may be counted openly. `closed` to `listed` are findings of the check against registrations.
COUNTS: Final = ("rows", "registered", "unregistered", "closed", "unknown", "name_differs", "listed")


@dataclass(frozen=True, slots=True)
class Period:
    """The days a report is about, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}/{self.last}"

    @property
    def is_half_year(self) -> bool:
        """Whether these are the days from January to June or from July to December of one year."""
        first, last = (self.first.month, self.first.day), (self.last.month, self.last.day)
        return self.first.year == self.last.year and (first, last) in {((1, 1), (6, 30)), ((7, 1), (12, 31))}


_HALF: Final = re.compile(r"([0-9]{4})-?H([12])")


def read_period(text: str) -> Period:
    """Return the period that `2026-H1` (a half-year) or `2026-11-01/2026-11-20` (ISO 8601) names.

    Raises:
        WrongPeriod: it is neither, or ends before it begins.
    """
    half = _HALF.fullmatch(text.strip().upper())
    try:
        if half is not None:
            year = int(half[1])
            return Period(date(year, 1, 1), date(year, 6, 30)) if half[2] == "1" else Period(*_second_half(year))
        first, last = (date.fromisoformat(part) for part in text.strip().split("/"))
    except ValueError as error:
        raise WrongPeriod(
            "A period is written 2026-H1 for a half-year, or 2026-11-01/2026-11-20.", detail_zh="报送期间格式有误。"
        ) from error
    if last < first:
        raise WrongPeriod("The period ends before it begins.", detail_zh="报送期间的截止日早于起始日。")
    return Period(first, last)


def _second_half(year: int) -> tuple[date, date]:
    return date(year, 7, 1), date(year, 12, 31)


def check_period(kind: ReportKind, period: Period, *, today: date) -> None:
    """Refuse a period for which nothing of this kind is reported.

    Identities are reported in January and July, for the half-year that has ended then; which half-year is meant is our own
    reading. Everything else is about days that have begun, a year at most.

    Raises:
        WrongPeriod: it is another one, or has not ended yet.

    Source: SAMR令37号 art. 25 (D36).
    """
    if kind is ReportKind.IDENTITY:
        if not period.is_half_year:
            raise WrongPeriod(
                f"Identities are reported for a half-year, not for {period}: write 2026-H1 or 2026-H2.",
                detail_zh="身份信息按半年报送。",
            )
        if today <= period.last:
            raise WrongPeriod(
                f"The half-year {period} has not ended: it is reported in the month after.",
                detail_zh="该半年尚未结束。",
            )
    elif period.last > today:
        raise WrongPeriod(f"The period {period} lies in the future.", detail_zh="报送期间尚未到来。")
    elif period.last - period.first > LONGEST_PERIOD:
        raise WrongPeriod(f"The period {period} is longer than a year.", detail_zh="报送期间超过一年。")


def last_half_year(today: date) -> Period:
    """Return the last half-year that has ended before `today`."""
    if today.month > 6:
        return Period(date(today.year, 1, 1), date(today.year, 6, 30))
    return Period(*_second_half(today.year - 1))


def due_on(kind: ReportKind, period: Period) -> date | None:
    """Return the last day on which a report of a period is in time, or None where only a request has one.

    Source: SAMR令37号 art. 25 (D36): each January and July.
    """
    if kind is not ReportKind.IDENTITY:
        return None
    return date(period.last.year, 7, 31) if period.last.month == 6 else date(period.last.year + 1, 1, 31)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands openly on a sealed report. `part` of `parts` are counted from 1; `request_id`: what it answers."""

    id: UUID
    kind: ReportKind
    period: Period
    platform: UUID
    authority: str
    counts: Mapping[str, int]
    part: int = 1
    parts: int = 1
    request_id: UUID | None = None

    def members(self) -> dict[str, Any]:
        """Return the members of its JSON form."""
        return {
            "id": str(self.id),
            "kind": self.kind.value,
            "period": str(self.period),
            "platform": str(self.platform),
            "authority": self.authority,
            "counts": dict(self.counts),
            "part": self.part,
            "parts": self.parts,
            "request": None if self.request_id is None else str(self.request_id),
        }


def read_envelope(members: object) -> Envelope:
    """Return the envelope of its JSON form. Nothing else may stand in it, so that nothing sealed stands in the open.

    Raises:
        MalformedSeal: a member is missing, unknown or of another form.
        WrongPeriod: the period is none.
    """
    names = {"id", "kind", "period", "platform", "authority", "counts", "part", "parts", "request"}
    try:
        if not isinstance(members, dict) or set(members) != names:
            raise ValueError(f"an envelope has the members {', '.join(sorted(names))}")
        counts, part, parts = members["counts"], members["part"], members["parts"]
        if not isinstance(counts, dict) or "rows" not in counts or not set(counts) <= set(COUNTS):
            raise ValueError(f"counts has rows and may have {', '.join(COUNTS[1:])}")
        if not all(type(one) is int and 0 <= one <= MOST_ROWS for one in counts.values()):
            raise ValueError(f"counts are from 0 to {MOST_ROWS}")
        if type(part) is not int or type(parts) is not int or not 1 <= part <= parts <= MOST_PARTS:
            raise ValueError(f"part is from 1 to parts, which is at most {MOST_PARTS}")
        if re.fullmatch(r"[!-~]{1,200}", members["authority"]) is None:
            raise ValueError("authority is the code of an authority")
        return Envelope(
            UUID(members["id"]),
            ReportKind(members["kind"]),
            read_period(members["period"]),
            UUID(members["platform"]),
            members["authority"],
            counts,
            part,
            parts,
            None if members["request"] is None else UUID(members["request"]),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise MalformedSeal(f"The envelope cannot be read: {error}.", detail_zh="封装信息无法读取。") from error
