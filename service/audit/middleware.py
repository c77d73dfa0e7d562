"""The one place every request passes: it gets its id, its entry in the audit before the answer leaves, and its log line.

A write's entry is part of its own transaction (`service.http.SessionDep` puts it there). Everything else that needs one gets it
here, between the answer and its way out.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog
import uuid_utils
import uuid_utils.compat
from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.audit.queries import insert_entries
from service.audit.rules import (
    OK,
    PURPOSE_HEADER,
    Audited,
    AuditUnavailable,
    Entry,
    Note,
    audited_as,
    count_entry,
    entry_of,
    kind_of,
    plain_code,
    read_purpose,
    usable_request_id,
)
from service.audit.writer import AuditWriter
from service.clock import Clock
from service.db import driver
from service.problems import refused

#: Where in a request's scope its note lies.
NOTE: Final = "xinyong.audit"
REQUEST_ID_HEADER: Final = "X-Request-ID"
#: How often the counts of anonymous answers become entries.
COUNT_EVERY: Final = timedelta(minutes=1)

log: structlog.stdlib.BoundLogger = structlog.get_logger("http")


@dataclass(frozen=True, slots=True)
class Seen:
    """What monitoring may know of an answer: no code, key or name is in it."""

    operation: str
    status: int
    roles: str | None
    seconds: float


def note_of(scope: Scope) -> Note:
    """Return the note of a request; one is made where the application is asked without the middleware."""
    note: Note | None = scope.get(NOTE)
    if note is None:
        note = scope[NOTE] = Note(request_id=str(uuid_utils.compat.uuid7()))
    return note


def operation_of(scope: Scope) -> str:
    """Return method and template of the path, never the path itself: that may hold a code."""
    return f"{scope['method']} {getattr(scope.get('route'), 'path', None) or '(no such path)'}"


def request_entry(scope: Scope, *, status: int, outcome: str, at: datetime) -> Entry | None:
    """Return the entry that the answer to a request needs, or None where it is counted only."""
    note = note_of(scope)
    what = audited_as(scope.get("endpoint"), scope["method"])
    kind = kind_of(what, status=status, known=note.who.kind != "anonymous")
    if kind is None:
        return None
    _note_path(note, scope.get("path_params") or {})
    return entry_of(
        note, kind=kind, operation=operation_of(scope), outcome=outcome, at=at, entry_id=uuid_utils.compat.uuid7()
    )


def _note_path(note: Note, parameters: dict[str, Any]) -> None:
    for name, value in parameters.items():
        if name == "uscc":
            note.uscc = note.uscc or plain_code(str(value))
        elif note.record_id is None:
            note.record_kind, note.record_id = name.removesuffix("_id"), str(value)[:64]


async def record_write(session: AsyncSession, scope: Scope, *, at: datetime) -> None:
    """Put the entry of a request that changes something into its own transaction."""
    entry = request_entry(scope, status=200, outcome=OK, at=at)
    if entry is not None:
        await insert_entries(await driver(session), [entry])
        note_of(scope).written = True


class Recorder:
    """What every answer passes on its way out, by whichever door: its entry, its figures, its log line.

    In `strict` mode an answer waits until its entry is committed.
    """

    def __init__(self, *, writer: AuditWriter, clock: Clock, strict: bool, observe: Callable[[Seen], None]) -> None:
        self.writer = writer
        self.clock = clock
        self.strict = strict
        self.observe = observe
        self._counted_at = clock()

    async def record(self, scope: Scope, *, status: int, outcome: str) -> None:
        """Write the entry of an answer, or count it.

        Raises:
            AuditUnavailable: the entry could not be committed.
        """
        note = note_of(scope)
        if note.outcome is None or status >= 400:
            note.outcome = outcome
        if note.written and status < 400:
            return
        now = self.clock()
        entry = request_entry(scope, status=status, outcome=note.outcome, at=now)
        if entry is None:
            if status < 400 and audited_as(scope.get("endpoint"), scope["method"]) is not Audited.NOTHING:
                self._count(operation_of(scope), now)
        elif self.strict:
            await self.writer.write(entry)
        else:
            self.writer.write_soon(entry)

    def tell(self, scope: Scope, *, status: int, began: float) -> None:
        """Count an answer in the figures and write its line in the log; `began` is `time.perf_counter` at its request."""
        note = note_of(scope)
        seen = Seen(operation_of(scope), status, note.who.roles, time.perf_counter() - began)
        self.observe(seen)
        log.info(
            "request",
            request_id=note.request_id,
            operation=seen.operation,
            status=seen.status,
            outcome=note.outcome,
            actor=note.who.id,
            ms=round(seen.seconds * 1000, 1),
        )

    def _count(self, operation: str, now: datetime) -> None:
        self.writer.counts[operation] += 1
        if abs(now - self._counted_at) >= COUNT_EVERY:
            self.flush_counts(now)

    def flush_counts(self, now: datetime) -> None:
        """Turn the counts of anonymous answers into entries."""
        self._counted_at = now
        counts, self.writer.counts = self.writer.counts, type(self.writer.counts)()
        for operation, count in counts.items():
            with suppress(AuditUnavailable):
                self.writer.write_soon(
                    count_entry(operation=operation, count=count, at=now, entry_id=uuid_utils.compat.uuid7())
                )


def begin_note(scope: Scope, *, request_id: str | None, purpose: str | None) -> Note:
    """Give a request its note, with the id and the purpose that its headers state."""
    note = Note(request_id=usable_request_id(request_id) or str(uuid_utils.uuid7()), purpose=read_purpose(purpose))
    scope[NOTE] = note
    return note


class Auditing:
    """Middleware round the whole application, so that no answer leaves without its entry."""

    def __init__(self, app: ASGIApp, *, recorder: Recorder) -> None:
        self.app = app
        self.recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and its answer back, once the answer's entry is committed."""
        if scope["type"] == "lifespan":
            await self.app(scope, self._noticing_shutdown(receive), send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        note = begin_note(scope, request_id=headers.get(REQUEST_ID_HEADER), purpose=headers.get(PURPOSE_HEADER))
        structlog.contextvars.bind_contextvars(request_id=note.request_id)
        began = time.perf_counter()
        passage = _Passage(self.recorder, scope, receive, send)
        try:
            await self.app(scope, receive, passage.send)
        except Exception:
            if not passage.started:
                passage.status = 500
                with suppress(AuditUnavailable):
                    await self.recorder.record(scope, status=500, outcome="internal_error")
            raise
        finally:
            self.recorder.tell(scope, status=passage.status, began=began)

    def _noticing_shutdown(self, receive: Receive) -> Receive:
        async def noticing() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self.recorder.flush_counts(self.recorder.clock())
                await self.recorder.writer.drained()
            return message

        return noticing


class _Passage:
    """The way of one answer out."""

    def __init__(self, recorder: Recorder, scope: Scope, receive: Receive, send: Send) -> None:
        self._recorder = recorder
        self._scope = scope
        self._receive = receive
        self._send = send
        self._held: Message | None = None
        self._withheld = False
        self.started = False
        self.status = 0

    async def send(self, message: Message) -> None:
        if self._withheld:
            return
        if message["type"] == "http.response.start":
            self.started, self.status = True, message["status"]
            message["headers"] = [
                *message["headers"],
                (REQUEST_ID_HEADER.lower().encode(), note_of(self._scope).request_id.encode()),
            ]
            if self.status >= 400:
                self._held = message  # the code of the refusal comes with the body
            elif await self._recorded(OK):
                await self._send(message)
            return
        if self._held is not None:
            start, self._held = self._held, None
            code = note_of(self._scope).code or problem_code(message.get("body", b""), self.status)
            if not await self._recorded(code):
                return
            await self._send(start)
        await self._send(message)

    async def _recorded(self, outcome: str) -> bool:
        try:
            await self._recorder.record(self._scope, status=self.status, outcome=outcome)
        except AuditUnavailable as refusal:
            self._withheld = True
            self.status = 503
            await refused(Request(self._scope), refusal)(self._scope, self._receive, self._send)
            return False
        return True


def problem_code(body: bytes, status: int) -> str:
    """Return the code of a refusal from its problem document."""
    try:
        problem = orjson.loads(body)
    except orjson.JSONDecodeError:
        problem = None
    code = problem.get("code") if isinstance(problem, dict) else None
    return code if isinstance(code, str) else str(status)
