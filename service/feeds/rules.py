"""What is sent to another system and what its answers mean: states, order, patience, and why something was turned away."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from service.errors import Conflict, Invalid, NotFound


class State(StrEnum):
    """How a record stands on a feed."""

    QUEUED = "queued"
    SENT = "sent"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN_SENT = "withdrawn_sent"
    WITHDRAWN_CONFIRMED = "withdrawn_confirmed"


class Operation(StrEnum):
    """What is being done for a record: tell the other side of it, or have it stop showing it."""

    REPORT = "report"
    WITHDRAW = "withdraw"


class Answer(StrEnum):
    """What a receipt says of a row."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Difference(StrEnum):
    """How a row differs between both sides. `extra` is theirs alone: nobody here ever sent it."""

    MISSING = "missing"
    DIFFERENT = "different"
    ENDED_STILL_SHOWN = "ended_still_shown"
    EXTRA = "extra"


class BadFeed(Invalid):
    """The definition of a feed is not complete or contradicts itself."""

    code = "bad_feed"


class NoSuchFeed(NotFound):
    """There is no feed of this id."""

    code = "no_such_feed"


class NoSuchItem(NotFound):
    """The feed has no such record, or it is not one that could be tried again."""

    code = "no_such_item"


class FeedRetired(Conflict):
    """The definition of the feed is gone; it can be neither paused nor resumed."""

    code = "feed_retired"


class TransportFailure(Exception):
    """The other side could not be reached, or did not do what its protocol says. Tried again later; nothing is lost.

    `code` is unreachable, credentials, schema_changed, no_room, misconfigured or refused_by_server.
    """

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class ContentRefused(Exception):
    """The other side refuses what these rows say; the same bytes will not be taken another time either."""

    def __init__(self, words: str, *, code: str = "refused") -> None:
        super().__init__(words)
        self.code = code
        self.words = words


#: Kinds of records that the law wants reported within a term (D01 to D03, D18).
DUE: Final = ("penalty", "credit_record")
#: Failures in a row after which a feed counts as broken off: operators are told, and one try in a while is all it gets.
BREAKS_AFTER: Final = 5
FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(minutes=30)
#: A withdrawal that nobody confirmed is sent again, at first after this time, then less often; it is never given up.
WITHDRAWAL_AGAIN: Final = timedelta(hours=1)
WITHDRAWAL_LONGEST: Final = timedelta(hours=12)


def wait_after(failures: int) -> timedelta:
    """Return how long a feed waits after so many failures in a row: twice as long each time, half an hour at most."""
    return min(FIRST_WAIT * (1 << min(max(failures - 1, 0), 16)), LONGEST_WAIT)


def is_broken_off(failures: int) -> bool:
    """Return whether so many failures in a row are worth waking somebody."""
    return failures >= BREAKS_AFTER


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the other side said of one row: its key there, and the batch's file name where it names one.

    `on` is its day as stated, which `answered_day` believes only where it can be.
    """

    key: str
    answer: Answer
    on: date | None = None
    reason_code: str | None = None
    reason: str | None = None
    file_name: str | None = None


def answered_day(stated: date | None, *, sent_on: date | None, today: date) -> date:
    """Return the day of an answer: the stated one, unless it lies before the row was sent or in the future (their clock is off)."""
    if stated is None or stated > today or (sent_on is not None and stated < sent_on):
        return today
    return stated


def reason_words(code: str | None, stated: str | None, words: Mapping[str, str]) -> str:
    """Return why a row was rejected, in words: those that the feed's definition gives for the code, else what was stated."""
    known = words.get(code or "", "") or next(
        (text for sign, text in words.items() if sign and sign in (stated or "")), ""
    )
    parts = [part for part in (known, stated if stated != known else None) if part]
    if code and not known:
        parts.insert(0, code)
    return ": ".join(parts) or "rejected without a reason"


class NoSuchDelivery(NotFound):
    """The feed has no such delivery."""

    code = "no_such_delivery"


class DeliveryNotHeld(Conflict):
    """Only a delivery that is held waits for a decision."""

    code = "delivery_not_held"
