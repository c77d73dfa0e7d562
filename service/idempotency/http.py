"""How a creating operation becomes safe to repeat: it takes one of the sessions below instead of the plain one.

An operation that creates answers with `Location`, set on the `response` it is handed. A request with an `Idempotency-Key` that
succeeded before gets that status and location again, and what stands at the location *now*, read with the rights of now: what
was shown once only is not shown again, and what may not be seen any more is not.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.seen import note_in
from service.audit.middleware import note_of, record_write
from service.audit.rules import REPLAYED
from service.catalog.queries import CatalogCache
from service.errors import Refusal
from service.http import ActorDep, DatabaseDep, Now
from service.idempotency.actions import claim_key, keep_outcome
from service.idempotency.rules import Attempt, KeyReused, Outcome, RequestInFlight
from service.middleware.capacity import WITHIN

#: What an operation with one of these sessions may answer.
REPEAT_REFUSALS: Final[tuple[type[Refusal], ...]] = (KeyReused, RequestInFlight)


class SucceededBefore(Exception):
    """The request is a repetition; `outcome` is what came of it then."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Creation:
    """The part of a creating request that makes it safe to repeat; without a key it does nothing."""

    attempt: Attempt | None
    now: datetime
    status: int
    response: Response

    async def claim(self, session: AsyncSession, *, body_sha256: bytes) -> None:
        """Go on with this request alone, or end it here.

        Raises:
            SucceededBefore: there is nothing left to do.
            RequestInFlight, KeyReused: see `claim_key`.
        """
        if self.attempt is not None:
            outcome = await claim_key(session, self.attempt, body_sha256=body_sha256)
            if outcome is not None:
                raise SucceededBefore(outcome)

    async def keep(self, session: AsyncSession, *, body_sha256: bytes) -> None:
        """Remember status and location, right before the commit.

        Raises:
            RuntimeError: the operation set no `Location`; nothing of it is kept then.
        """
        location = self.response.headers.get("location")
        if location is None:
            raise RuntimeError("an operation that creates sets the header Location")
        if self.attempt is not None:
            status = self.response.status_code or self.status
            await keep_outcome(session, self.attempt, body_sha256=body_sha256, status=status, location=location)


async def _creation(
    request: Request,
    response: Response,
    actor: ActorDep,
    now: Now,
    idempotency_key: Annotated[
        str | None,
        Header(
            pattern="^[!-~]{1,255}$",
            description="A name of your choice for this request, such as a UUID. The same request again within 24 hours has no"
            " second effect and gets the same status and `Location`.",
            examples=["0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02"],
        ),
    ] = None,
) -> Creation:
    attempt = None
    if idempotency_key is not None:
        target = f"{request.method} {request.url.path}?{request.url.query}"
        attempt = Attempt(str(actor.id), idempotency_key, target, now)
    return Creation(attempt, now, request.scope["route"].status_code or 200, response)


#: For the operation that streams its body and so learns its digest late; the others take a session from below.
CreationDep = Annotated[Creation, Depends(_creation)]


@asynccontextmanager
async def _creating(request: Request, database: DatabaseDep, creation: Creation) -> AsyncIterator[AsyncSession]:
    digest = sha256(await request.body()).digest()
    async with database.transaction(request_id=note_of(request.scope).request_id) as session:
        note_in(session, note_of(request.scope).owners)
        await creation.claim(session, body_sha256=digest)
        yield session
        await creation.keep(session, body_sha256=digest)
        await record_write(session, request.scope, at=creation.now)


async def _open_creating_session(
    request: Request, database: DatabaseDep, creation: CreationDep
) -> AsyncIterator[AsyncSession]:
    async with _creating(request, database, creation) as session:
        yield session


#: The session of an operation that creates something: committed before the response starts, safe to repeat.
CreatingSessionDep = Annotated[AsyncSession, Depends(_open_creating_session, scope="function")]


async def _open_creating_catalog_session(
    request: Request, database: DatabaseDep, creation: CreationDep
) -> AsyncIterator[AsyncSession]:
    cache: CatalogCache = request.app.state.catalog_cache
    async with _creating(request, database, creation) as session:
        yield session
    cache.expire()


#: The same for an entry of a catalogue: this process reads the catalogue again right after the commit.
CreatingCatalogSessionDep = Annotated[AsyncSession, Depends(_open_creating_catalog_session, scope="function")]


def add_repetition(app: FastAPI) -> None:
    """Let `app` answer repeated requests."""
    app.add_exception_handler(SucceededBefore, _on_repetition)


async def _on_repetition(request: Request, error: Exception) -> Response:
    assert isinstance(error, SucceededBefore)  # noqa: S101 - the registration says so; this tells the type checker
    outcome = error.outcome
    note_of(request.scope).outcome = REPLAYED
    status, headers, body = await _read_location(request, outcome.location)
    answer = Response(status_code=outcome.status)
    if status == 200:
        answer.body = body
        answer.headers.update({name: headers[name] for name in ("content-type", "etag") if name in headers})
        answer.headers["Content-Length"] = str(len(body))
    answer.headers["Location"] = outcome.location
    answer.headers["Idempotency-Replayed"] = "true"
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _read_location(request: Request, location: str) -> tuple[int, dict[str, str], bytes]:
    path, _, query = location.partition("?")
    kept = {b"authorization", b"accept-language", b"host", b"user-agent"}
    scope: dict[str, Any] = {
        key: request.scope[key] for key in ("type", "asgi", "http_version", "scheme", "client", "server", "root_path")
    }
    scope |= {
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name, value) for name, value in request.scope["headers"] if name in kept],
        "state": {},
        WITHIN: True,
    }
    status, headers, body = 0, {}, b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - the protocol's messages
        nonlocal status, headers, body
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            body += message.get("body", b"")

    await request.app(scope, receive, send)
    return status, headers, body
