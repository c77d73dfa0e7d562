"""Screenings: what may be asked, what a row of the answer says, and how well a name beside a code agrees."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from service.errors import Category, Conflict, Invalid, NotFound, Refusal, TooLarge
from service.reading.names import fold_name, normalise_name
from service.uscc.rules import CodeState

#: Most rows of one screening; most of a platform's that wait or run, and that are kept.
MOST_ROWS: Final = 10_000_000
MOST_OPEN: Final = 5
MOST_KEPT: Final = 100
#: Rows that a sheet takes below its heading (ECMA-376).
SHEET_ROWS: Final = 1_048_575
#: Longest own reference and longest name that are taken from a row, in characters.
LONGEST_TEXT: Final = 200
#: So often a screening is begun before it is given up.
ATTEMPTS: Final = 5


class Format(StrEnum):
    """The form of a result; its value is what the file's name ends in."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    WORKBOOK = "xlsx"


class State(StrEnum):
    """How a screening stands. `outdated`: a record that its result named has ended, so the result is gone."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    OUTDATED = "outdated"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN: Final = (State.QUEUED, State.RUNNING)


class NoSuchScreening(NotFound):
    """You have no screening of this id."""

    code = "no_such_screening"


class TooManyScreenings(TooLarge):
    """As many of your screenings wait or run, or are kept, as one platform may have."""

    code = "too_many_screenings"


class NothingToCompareWith(Invalid):
    """`compare` asks for what changed since your last screening of the same list, and names no list."""

    code = "nothing_to_compare_with"


class ScreeningNotFinished(Conflict):
    """The screening waits, runs, failed or was cancelled, so it has no result."""

    code = "screening_not_finished"


class ScreeningEnded(Conflict):
    """The screening has ended already; there is nothing to cancel."""

    code = "screening_ended"


class ScreeningOutdated(Refusal):
    """A record that the result named may not be shown any more, so nobody gets the result. Hand the file in again."""

    category = Category.GONE
    code = "screening_outdated"


class NameMatch(StrEnum):
    """How a name that was given agrees with those that are known of a code."""

    EXACT = "exact"
    FORMER_NAME = "former_name"
    VARIANT = "variant"
    DIFFERS = "differs"


def match_name(
    given: str, *, current: str | None, former: Iterable[str], on_records: Iterable[str]
) -> NameMatch | None:
    """Return how well a name agrees, or None where no name is known that it could differ from.

    `exact` is the current name but for width, blanks and the kind of brackets. `former_name` is another name that a registry
    has stated. `variant` is the current name in other characters or with another form of the legal form (`fold_name`), or one
    that stands on a public record.
    """
    if given == current:
        return NameMatch.EXACT
    former, on_records = list(former), list(on_records)
    if not current and not former and not on_records:
        return None
    if current and normalise_name(given) == normalise_name(current):
        return NameMatch.EXACT
    folded = fold_name(given)
    if current and folded == fold_name(current):
        return NameMatch.VARIANT
    if folded in map(fold_name, former):
        return NameMatch.FORMER_NAME
    return NameMatch.VARIANT if folded in map(fold_name, on_records) else NameMatch.DIFFERS


#: What a row says where its code is none.
MALFORMED: Final = "malformed"
#: Registration states that are worth a warning, with the warning's code.
WARNED_STATUS: Final = {"revoked": "registration_revoked", "cancelled": "registration_cancelled"}
NAME_DIFFERS: Final = "name_differs"
#: What differs from the screening it is compared with: records that it did not name, and a registration that changed since.
NEW_RECORD: Final = "new_record"
CHANGED_REGISTRATION: Final = "registration"
#: What is not sent back: it may be somebody's identity number.
NOT_ECHOED: Final = CodeState.PERSON_IDENTIFIER.value

#: The columns of a result with what they hold, in their order. Those of `LISTS` hold several words: arrays in JSON Lines and
#: Parquet, parted by semicolons elsewhere.
COLUMNS: Final = {
    "line": "line of your file, or row of the sheet",
    "code": "the code as you wrote it; empty where it may be a person's number",
    "uscc": "the code in its normal form; empty where it is none",
    "reference": "your reference",
    "outcome": "listed, penalised, clear, not_covered or malformed",
    "reason": "why it is not covered, or in what way malformed",
    "positions": "which characters of a malformed code are wrong, from 1",
    "suggestion": "the code that may be meant",
    "name": "the present name by the registry, else one on a public record",
    "name_match": "your name beside it: exact, former_name, variant or differs",
    "registration": "state of the registration",
    "blacklist_entries": "how many entries are public",
    "lists": "the lists they are on",
    "severity": "the gravest of them",
    "penalties": "how many penalties are public",
    "records": "ids of the entries and penalties",
    "warnings": "codes of warnings, as in status answers",
    "changes": "since the screening compared with: new_record, registration",
}
LISTS: Final = ("positions", "lists", "records", "warnings", "changes")
NUMBERS: Final = ("line", "blacklist_entries", "penalties")
#: The severities, gravest first.
SEVERITIES: Final = ("serious", "abnormal", "notice")
