"""The sender: messages are made from the log, rendered at the moment they leave, and settled after.

One process works (an advisory lock picks it; others stand by). It holds no state that matters: a message is waiting until its call
has ended well and that is committed, so whoever dies at any moment has it sent once more, under the same id.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

import structlog

from service.changes.actions import render_changes
from service.changes.queries import find_head, list_changes_at
from service.changes.rules import ENDED, NONE
from service.clock import Clock, legal_day
from service.db import Database, driver
from service.webhooks.calling import Caller
from service.webhooks.distributing import distribute
from service.webhooks.queries import Due, find_next_due, list_due, list_receipt_days, list_signers
from service.webhooks.rules import message_id, message_of, test_message
from service.webhooks.settling import Ended, settle, settle_silent
from service.webhooks.signatures import Signer, signed_headers

#: Calls at a time, to one endpoint and in all.
EACH: Final = 10
ALL: Final = 200
#: Longest sleep in seconds where nothing says that the log moved on.
LOOK_SECONDS: Final = 1.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("webhooks")


@dataclass(frozen=True, slots=True)
class Message:
    """A message that leaves now."""

    due: Due
    id: str
    body: bytes
    signers: Sequence[Signer]


@dataclass
class Sender:
    """Sends what is due; `receipts_within` is the time in which a take-down has to be confirmed."""

    database: Database
    clock: Clock
    caller: Caller
    receipts_within: timedelta
    chance: Random = field(default_factory=Random)
    _calls: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _ended: list[Ended] = field(default_factory=list)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self, *_: object) -> None:
        """Let it look at once: the log has moved on."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set; calls that are on their way then are waited for and settled."""
        try:
            while not stop.is_set():
                self._woken.clear()
                looked_at = self.clock()
                if not await self.turn():
                    await self._sleep(looked_at)
            await self.finish()
        finally:
            for call in self._calls.values():
                call.cancel()
            await asyncio.gather(*self._calls.values(), return_exceptions=True)
            self._calls.clear()
            self._ended.clear()

    async def turn(self) -> int:
        """Make messages, settle what has ended, start what is due; return how much was done."""
        passed = await distribute(self.database, now=self.clock(), receipts_within=self.receipts_within)
        return passed + await self._settle() + await self._start()

    async def finish(self) -> None:
        """Wait for the calls that are on their way, and settle them."""
        while self._calls:
            await asyncio.gather(*self._calls.values())
            await self._settle()

    async def _sleep(self, looked_at: datetime) -> None:
        seconds = LOOK_SECONDS
        async with self.database.transaction() as session:
            due = await find_next_due(await driver(session), after=looked_at)
        if due is not None and not self._calls:
            seconds = min(seconds, max(0.02, (due - self.clock()).total_seconds()))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)

    async def _settle(self) -> int:
        ended = list(self._ended)
        if not ended:
            return 0
        async with self.database.transaction() as session:
            await settle(await driver(session), ended)
        # Only now may another try of the same message start.
        del self._ended[: len(ended)]
        for one in ended:
            self._calls.pop(one.due.id, None)
        return len(ended)

    async def _start(self) -> int:
        free = ALL - len(self._calls)
        if free <= 0:
            return 0
        now = self.clock()
        async with self.database.transaction() as session:
            connection = await driver(session)
            due = await list_due(
                connection, today=legal_day(now), now=now, sending=list(self._calls), each=EACH, limit=free
            )
            if not due:
                return 0
            messages = await self._render(session, due)
            spoken = {one.due.id for one in messages}
            silent = [one.id for one in due if one.id not in spoken]
            if silent:
                await settle_silent(connection, silent, now=now)
        for message in messages:
            self._calls[message.due.id] = asyncio.create_task(self._call(message))
        return len(due)

    async def _render(self, session: Any, due: Sequence[Due]) -> list[Message]:  # noqa: ANN401 - a session of either kind
        connection, now = await driver(session), self.clock()
        log_id = (await find_head(connection)).log_id
        positions = sorted({one.position for one in due if one.position is not None})
        found = await list_changes_at(connection, positions=positions)
        items = await render_changes(connection, [change for change, _ in found], today=legal_day(now))
        at = {change.position: instant for change, instant in found}
        endpoints = sorted({one.endpoint_id for one in due})
        signers = await list_signers(session, endpoint_ids=endpoints, now=now)
        ends = [position for position, item in items.items() if item["event"] == ENDED]
        receipts = await list_receipt_days(connection, endpoint_ids=endpoints, positions=ends) if ends else {}
        messages = []
        for one in due:
            body = _body(one, items, at, log_id=log_id, receipts=receipts)
            if body is not None:
                name = message_id(log_id, one.position, number=one.id)
                messages.append(Message(one, name, body, signers[one.endpoint_id]))
        return messages

    async def _call(self, message: Message) -> None:
        headers = signed_headers(message.id, message.body, message.signers, now=self.clock())
        outcome = await self.caller.call(message.due.url, message.body, headers)
        if not outcome.is_success:
            log.info(
                "webhook.not_taken",
                endpoint=str(message.due.endpoint_id),
                message=message.id,
                attempts=message.due.attempts + 1,
                status=outcome.status,
                reason=outcome.words,
            )
        self._ended.append(Ended(message.due, outcome, self.clock(), self.chance.random()))
        self._woken.set()


def _body(
    due: Due,
    items: dict[int, dict[str, Any]],
    at: dict[int, Any],
    *,
    log_id: UUID,
    receipts: dict[tuple[UUID, int], Any],
) -> bytes | None:
    if due.position is None:
        return test_message(due.id, at=due.made_at)
    item = items.get(due.position)
    if item is None or item["event"] == NONE:
        return None
    receipt = receipts.get((due.endpoint_id, due.position)) if item["event"] == ENDED else None
    return message_of(item, log_id=log_id, at=at[due.position], receipt_until=receipt)
