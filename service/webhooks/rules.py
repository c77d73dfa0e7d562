"""Webhooks: what may be an endpoint, when a try is repeated, what a message says, and when an endpoint is given up.

A message is the change as `GET /v1/changes` shows it at the moment of sending (house decision 4), with its position inside. It is
sent at least once; of one subject the next message waits for the one before. Form and headers: Standard Webhooks 1.0.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from service.changes.rules import ENDED, event_id
from service.errors import Conflict, Invalid, NotFound, TooLarge
from service.webhooks.addresses import is_allowed

#: Most endpoints of one platform, and most secrets that sign at a time.
MOST_ENDPOINTS: Final = 50
MOST_SECRETS: Final = 5
#: How long a replaced secret goes on signing beside its successor, unless something else is asked for.
OVERLAP_HOURS: Final = 24

#: Largest message in bytes. A change that is longer is told without its record, which its position finds in the log.
LARGEST: Final = 20_000

#: Waits before the second, third, … try; the last one repeats. Each is shortened by chance by up to a fifth.
WAITS: Final = tuple(timedelta(seconds=one) for one in (5, 30, 120, 600, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600))
JITTER: Final = 0.2
#: A message is given up so long after its first try, an endpoint disabled when nothing at all succeeded for so long.
TRIED_FOR: Final = timedelta(days=3)
FAILING_FOR: Final = timedelta(days=5)
#: From so many failures in a row on the endpoint as a whole waits, at most so long.
PAUSED_AFTER: Final = 3
LONGEST_PAUSE: Final = timedelta(hours=1)

#: What was done is kept in the delivery log for so long.
LOG_KEPT: Final = timedelta(days=30)


class NoSuchWebhook(NotFound):
    """You have no webhook of this id."""

    code = "no_such_webhook"


class BadWebhookUrl(Invalid):
    """The address is none that this service calls: an absolute `https` URL on a public address, without a user or a fragment."""

    code = "bad_webhook_url"


class TooManyWebhooks(TooLarge):
    """You have as many webhooks as one platform may have."""

    code = "too_many_webhooks"


class TooManySecrets(Conflict):
    """So many secrets still sign that no other one is made before one of them has ended."""

    code = "too_many_secrets"


class WebhookDisabled(Conflict):
    """The webhook is disabled, so nothing is sent to it. Enable it first."""

    code = "webhook_disabled"


class NoReceiptAsked(NotFound):
    """No receipt was asked of this webhook for one of the positions."""

    code = "no_receipt_asked"


class ReceiptsOwed(Conflict):
    """Take-downs that this webhook was told of are not confirmed yet. Confirm them, then delete it."""

    code = "receipts_owed"


class Because(StrEnum):
    """Why an endpoint is disabled: its owner said so, it answered 410, or it failed for days."""

    OWNER = "owner"
    GONE = "gone"
    FAILING = "failing"


class State(StrEnum):
    """What became of a message; `silent`: what it was about may not be shown, and nothing was sent."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one call ended: the status of the answer, or in words why there was none; `took_ms` milliseconds."""

    status: int | None
    problem: str | None
    took_ms: int

    @property
    def is_success(self) -> bool:
        """Whether the other side took the message."""
        return self.status is not None and 200 <= self.status <= 299

    @property
    def is_gone(self) -> bool:
        """Whether the other side says that it wants no messages any more."""
        return self.status == 410

    @property
    def words(self) -> str | None:
        """What went wrong, in a few words; None where nothing did."""
        if self.is_success:
            return None
        if self.problem is not None:
            return self.problem
        if self.status is not None and 300 <= self.status <= 399:
            return "redirect_not_followed"
        return "refused"


def check_url(url: str, *, loopback: bool) -> None:
    """Refuse an address that is never called. Where a name leads is looked at whenever a connection is made.

    `loopback` also takes `http` to this very machine, for development.

    Raises:
        BadWebhookUrl: it is not of this form, or names an address that is not public.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad_url("it is no URL") from None
    if not host or port == 0 or not url.isascii() or any(character <= " " for character in url):
        raise _bad_url("it is no absolute URL in ASCII")
    if parts.username is not None or parts.password is not None or "#" in url:
        raise _bad_url("it holds a user, a password or a fragment")
    address = _address(host)
    if parts.scheme == "http" and loopback and (host == "localhost" or (address is not None and address.is_loopback)):
        return
    if parts.scheme != "https":
        raise _bad_url("it is not https")
    if address is not None and not is_allowed(str(address), loopback=loopback):
        raise _bad_url("its address is not a public one")


def _address(host: str) -> Any:  # noqa: ANN401 - an address of either family, or None
    try:
        return ip_address(host)
    except ValueError:
        return None


def _bad_url(why: str) -> BadWebhookUrl:
    return BadWebhookUrl(
        f"Messages are sent to a public https address, such as https://shop.example/hooks; with this one {why}.",
        detail_zh="回调地址应为公网可达的 https 地址。",
    )


def next_try(attempts: int, *, first_tried_at: datetime, now: datetime, chance: float) -> datetime | None:
    """Return when a message is tried again after `attempts` failures, or None where it is given up.

    `chance` lies between 0 and 1 and shortens the wait by up to a fifth, so that what failed together does not come back together.
    """
    wait = WAITS[min(attempts, len(WAITS)) - 1] * (1 - JITTER * chance)
    return None if now + wait > first_tried_at + TRIED_FOR else now + wait


def pause_after(failures: int, *, chance: float) -> timedelta:
    """Return how long an endpoint is left alone after so many failures in a row."""
    if failures < PAUSED_AFTER:
        return timedelta()
    doublings: int = min(failures - PAUSED_AFTER, 20)
    return min(LONGEST_PAUSE, WAITS[0] * (1 << doublings)) * (1 - JITTER * chance)


def event_type(item: dict[str, Any]) -> str:
    """Return the type of a rendered change: `penalty.published`, `subject.renamed`; `record.ended` for every tombstone."""
    return "record.ended" if item["event"] == ENDED else f"{item['kind']}.{item['event']}"


def message_of(item: dict[str, Any], *, log_id: UUID, at: datetime, receipt_until: datetime | None = None) -> bytes:
    """Return the body of a message: the rendered change as `data`, and the log that its position belongs to.

    `at` is when the change got its position. `receipt_until` says that a receipt is asked for, and until when. A change that would make
    the message longer than `LARGEST` is told without its record.
    """
    told: dict[str, Any] = {"type": event_type(item), "timestamp": at, "log_id": str(log_id), "data": item}
    if receipt_until is not None:
        told["acknowledge_until"] = receipt_until
    body = orjson.dumps(told, default=str)
    if len(body) < LARGEST:
        return body
    told["data"] = {**item, "record": None, "record_at": f"/v1/changes?after={item['position'] - 1}&limit=1"}
    return orjson.dumps(told, default=str)


def test_message(number: int, *, at: datetime) -> bytes:
    """Return the body of a test: it is about nothing."""
    return orjson.dumps({"type": "test", "timestamp": at, "data": {"test": number}})


test_message.__test__ = False  # type: ignore[attr-defined]


def message_id(log_id: UUID, position: int | None, *, number: int) -> str:
    """Return the id of a message, the same at every try: that of the event in the stream, or `test:NUMBER`."""
    return f"test:{number}" if position is None else event_id(log_id, position)
