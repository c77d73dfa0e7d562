"""The door of `/v1/status`: the three operations of this room, served ahead of the framework's routing.

A question is answered from the status store in a fraction of the time that routing and dependencies take, so this room has a
door of its own. It keeps to the order of every other operation (characters, parameters, body, key, shape), asks the same gate,
places, caches and recorder, and refuses with the same documents; `endpoints.py` declares what it serves.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final, TypeVar

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.status import BatchQuestion, StatusQuestion
from service.access.rules import Actor
from service.audit.middleware import NOTE, REQUEST_ID_HEADER, Recorder, begin_note, problem_code
from service.audit.packing import pack_codes
from service.audit.rules import OK, PURPOSE_HEADER, AuditUnavailable, Note, Who, plain_code, who_is
from service.catalog.rules import Catalog
from service.clock import legal_day
from service.errors import Refusal
from service.http import identify, matches_etag, refuse_unknown_parameters
from service.limits.middleware import Gate, Meter, charge
from service.middleware.body_limit import BodyLimit, check_stated
from service.middleware.capacity import OFTEN, deadline_passed
from service.middleware.pace import Pace
from service.problems import Overloaded, TooManyRequests, problem_for, refused
from service.request_checks import refuse_forbidden_characters, refuse_malformed_body
from service.status import endpoints
from service.status.actions import Question, Rendered, answer_batch, look_up, render_one
from service.status.rules import MAX_BATCH
from service.store.reader import StoreReader

Model = TypeVar("Model", bound=BaseModel)

PREFIX: Final = "/v1/status"
_ONE: Final = f"{PREFIX}/"
_JSON: Final = (b"content-type", b"application/json")
_NO_CACHE: Final = (b"cache-control", b"no-cache")
_ID: Final = REQUEST_ID_HEADER.lower().encode()
MOST_ACTORS: Final = 10_000

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Answer:
    """An answer on its way out."""

    status: int
    headers: RawHeaders
    body: bytes


class _Moments(BaseModel):
    """The parameters of a query, as `endpoints` declares them."""

    model_config = ConfigDict(extra="ignore")

    as_of: endpoints.AsOf = None
    known_at: endpoints.KnownAt = None
    after_position: endpoints.AfterPosition = 0


class _Position(BaseModel):
    model_config = ConfigDict(extra="ignore")

    after_position: endpoints.AfterPosition = 0


class _Operation:
    """One operation: how the audit and the figures name it, and what answers it."""

    __slots__ = ("endpoint", "needs_key", "query", "route")

    def __init__(self, path: str, endpoint: Callable[..., Any], query: type[BaseModel], *, needs_key: bool) -> None:
        self.route = SimpleNamespace(path=path)
        self.endpoint = endpoint
        self.query = query
        self.needs_key = needs_key


SHOW: Final = _Operation(f"{PREFIX}/{{uscc}}", endpoints.show_status, _Moments, needs_key=False)
ASK: Final = _Operation(PREFIX, endpoints.ask_status, _Moments, needs_key=True)
ASK_MANY: Final = _Operation(f"{PREFIX}/batch", endpoints.ask_statuses, _Position, needs_key=True)


def _operation(method: str, path: str) -> tuple[_Operation, str] | None:
    if method == "GET" and path.startswith(_ONE):
        uscc = path[len(_ONE) :]
        return (SHOW, uscc) if uscc and "/" not in uscc else None
    if method == "POST":
        return {PREFIX: (ASK, ""), f"{PREFIX}/batch": (ASK_MANY, "")}.get(path)
    return None


class StatusDoor:
    """Serves the operations of `/v1/status`; everything else goes on to `app`.

    `state` is the application's: the caches, the store, the recorder and what limits a client are those of every other
    operation. `largest` is the largest body in bytes.
    """

    def __init__(self, app: ASGIApp, api: FastAPI, *, largest: int) -> None:
        state = api.state
        self.app = app
        self._state = state
        self._clock = state.clock
        self._store: StoreReader = state.status_store
        self._recorder: Recorder = state.recorder
        self._gate: Gate | None = state.gate
        self._deadline: float = state.settings.request_timeout_s
        self._who: dict[int, tuple[Actor, Who]] = {}
        self._largest = largest
        self._read = Pace(
            BodyLimit(_take_body, limit=largest, larger={}),
            patience=state.settings.client_timeout_s,
            clock=time.monotonic,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a question, or pass the request on."""
        found = None
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            found = _operation(scope["method"], scope["path"])
        if found is None:
            await self.app(scope, receive, send)
            return
        operation, uscc = found
        began = time.perf_counter()
        headers = dict(scope["headers"])
        scope["route"], scope["endpoint"] = operation.route, operation.endpoint
        scope["path_params"] = {"uscc": uscc} if uscc else {}
        note = begin_note(
            scope,
            request_id=_text(headers.get(_ID)),
            purpose=_text(headers.get(PURPOSE_HEADER.lower().encode())),
        )
        answer = None
        try:
            answer = await self._admitted(scope, receive, operation, headers, note)
            answer = await self._recorded(scope, answer)
            answer.headers.append((_ID, note.request_id.encode()))
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            await send({"type": "http.response.body", "body": answer.body})
        finally:
            self._recorder.tell(scope, status=answer.status if answer is not None else 0, began=began)

    async def _admitted(
        self, scope: Scope, receive: Receive, operation: _Operation, headers: Mapping[bytes, bytes], note: Note
    ) -> Answer:
        gate, places = self._gate, self._state.places
        meter: Meter | None = None
        if gate is not None:
            meter = gate.meter(scope, authorization=_text(headers.get(b"authorization")))
            try:
                gate.admit(meter)
            except Refusal as refusal:
                return self._refused(scope, refusal, meter)
        try:
            places.take("short")
        except Overloaded as refusal:
            return self._refused(scope, refusal, meter, OFTEN)
        try:
            answer = self._quick(scope, operation, headers, note)
            if answer is None:
                answer = await self._in_time(scope, receive, operation, headers)
        except Exception as error:  # noqa: BLE001 - every error has its document; one that nobody expected is logged there
            answer = await self._problem(scope, error)
        finally:
            places.leave("short")
        if gate is not None and meter is not None:
            answer.headers.extend(gate.fields(meter))
            gate.settle(meter, status=answer.status)
        return answer

    def _quick(self, scope: Scope, operation: _Operation, headers: Mapping[bytes, bytes], note: Note) -> Answer | None:
        """Return the answer to a plain question about one code that the store knows, where nothing has to be waited for."""
        if operation is not SHOW or scope["query_string"]:
            return None
        uscc: str = scope["path_params"]["uscc"]
        catalog: Catalog | None = self._state.catalog_cache.fresh()
        if catalog is None or len(uscc) != 18:
            return None
        now: datetime = self._clock()
        authorization = headers.get(b"authorization")
        if authorization is not None:
            scheme, _, secret = authorization.decode("latin-1").partition(" ")
            if scheme != "Bearer":
                return None
            client = scope["client"]
            actor = self._state.access.remembered(
                secret, hierarchy=catalog.hierarchy, now=now, address=client[0] if client else None
            )
            if actor is None:
                return None
            note.who = self._who_is(actor)
        today = legal_day(now)
        found = self._store.find_plain(uscc, day=today)
        if found is None or (catalog.known_divisions and uscc[2:8] not in catalog.known_divisions):
            return None
        self._store.counts["store"] += 1
        return _shown(render_one(uscc, found, now=now, today=today), headers)

    def _who_is(self, actor: Actor) -> Who:
        known = self._who.get(id(actor))
        if known is None:
            if len(self._who) >= MOST_ACTORS:
                self._who.clear()
            known = self._who[id(actor)] = actor, who_is(actor)
        return known[1]

    async def _in_time(
        self, scope: Scope, receive: Receive, operation: _Operation, headers: Mapping[bytes, bytes]
    ) -> Answer:
        try:
            async with asyncio.timeout(self._deadline) as deadline:
                return await self._answer(scope, receive, operation, headers)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise deadline_passed(self._deadline) from None

    async def _answer(
        self, scope: Scope, receive: Receive, operation: _Operation, headers: Mapping[bytes, bytes]
    ) -> Answer:
        structlog.contextvars.bind_contextvars(request_id=scope[NOTE].request_id)
        body = b"" if operation is SHOW else await self._body(scope, receive)
        request = Request(scope, _replayed(body))
        await refuse_forbidden_characters(request)
        await refuse_unknown_parameters(request)
        await refuse_malformed_body(request)
        catalog: Catalog = await self._state.catalog_cache.get()
        now: datetime = self._clock()
        actor = await identify(request, catalog, now)
        if isinstance(actor, Refusal) and operation.needs_key:
            raise actor
        query: Any = _valid(operation.query, dict(request.query_params), "query")
        return await self._answer_valid(request, operation, query, body, catalog, now, headers)

    async def _answer_valid(
        self,
        request: Request,
        operation: _Operation,
        query: Any,  # noqa: ANN401 - of the operation's own model
        body: bytes,
        catalog: Catalog,
        now: datetime,
        headers: Mapping[bytes, bytes],
    ) -> Answer:
        note: Note = request.scope[NOTE]
        known: dict[str, Any] = {
            "divisions": catalog.known_divisions, "now": now, "store": self._store, "least": query.after_position,
            "request_id": note.request_id,
        }  # fmt: skip
        database = self._state.database
        if operation is ASK_MANY:
            batch: BatchQuestion = _valid_body(BatchQuestion, body)
            note.count = len(batch.codes)
            if len(batch.codes) <= MAX_BATCH:
                note.codes, note.digest = pack_codes(batch.codes)
            charge(request, len(batch.codes) - 1)
            return _whole(await answer_batch(database, batch.codes, **known))
        if operation is ASK:
            asked: StatusQuestion = _valid_body(StatusQuestion, body)
            note.uscc = plain_code(asked.uscc)
            question = Question(asked.uscc, name=asked.name, as_of=query.as_of, known_at=query.known_at)
            return _whole((await look_up(database, question, **known)).body)
        uscc = _valid(_Path, request.path_params, "path").uscc
        question = Question(uscc, as_of=query.as_of, known_at=query.known_at)
        return _shown(await look_up(database, question, **known), headers)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        check_stated(Headers(scope=scope).get("content-length"), self._largest)
        await self._read(scope, receive, _no_send)
        body: bytes = scope.pop(_BODY)
        return body

    async def _recorded(self, scope: Scope, answer: Answer) -> Answer:
        outcome = OK if answer.status < 400 else problem_code(answer.body, answer.status)
        try:
            await self._recorder.record(scope, status=answer.status, outcome=outcome)
        except AuditUnavailable as refusal:
            return self._refused(scope, refusal, None)
        return answer

    def _refused(
        self, scope: Scope, refusal: Refusal, meter: Meter | None, added: Mapping[str, str] = MappingProxyType({})
    ) -> Answer:
        fields = meter.fields() if meter is not None and isinstance(refusal, TooManyRequests) else {}
        return _answer_of(refused(Request(scope), refusal, {**added, **fields}))

    async def _problem(self, scope: Scope, error: Exception) -> Answer:
        return _answer_of(await problem_for(Request(scope), error))


class _Path(BaseModel):
    uscc: endpoints.AskedUscc


_BODY: Final = "xinyong.body"


async def _take_body(scope: Scope, receive: Receive, _send: Send) -> None:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    scope[_BODY] = b"".join(parts)


async def _no_send(_message: Message) -> None:
    raise AssertionError("nothing is sent while a body is read")


def _replayed(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _shown(answer: Rendered, headers: Mapping[bytes, bytes]) -> Answer:
    tag = (b"etag", answer.etag.encode())
    asked = headers.get(b"if-none-match")
    if asked is not None and matches_etag(asked.decode("latin-1"), answer.etag):
        return Answer(304, [tag, _NO_CACHE], b"")
    return Answer(200, [(b"content-length", b"%d" % len(answer.body)), _JSON, tag, _NO_CACHE], answer.body)


def _whole(body: bytes) -> Answer:
    return Answer(200, [(b"content-length", b"%d" % len(body)), _JSON, _NO_CACHE], body)


def _answer_of(response: Response) -> Answer:
    return Answer(response.status_code, list(response.raw_headers), bytes(response.body))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _valid(model: type[Model], values: object, where: str) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _invalid(error, where) from None


def _valid_body(model: type[Model], body: bytes) -> Model:
    if not body:
        raise RequestValidationError([{"type": "missing", "loc": ("body",), "msg": "Field required"}])
    return _valid(model, orjson.loads(body), "body")


def _invalid(error: ValidationError, where: str) -> RequestValidationError:
    return RequestValidationError([{**one, "loc": (where, *one["loc"])} for one in error.errors()])
