import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from schemas.watchlists import UploadOut, WatchedCodePage, WatchlistCreate, WatchlistOut, WatchlistPage
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.http import (
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    BadCursor,
    DatabaseDep,
    LateSession,
    LateSessionDep,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    Today,
    VersionDep,
    answers,
    encode_cursor,
    one_page,
    page_after,
    require,
    text_after,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.models import Watchlist
from service.versions import ExpectedVersion, version_etag
from service.watching import examples
from service.watching.actions import create_watchlist, delete_watchlist, upload
from service.watching.listed import stream_listed
from service.watching.queries import get_watchlist, list_codes, list_watchlists
from service.watching.rules import NoSuchWatchlist, NotText, TooManyWatchlists, WatchlistInUse, WatchlistTooLarge

router = APIRouter(prefix="/v1/watchlists", tags=["watch lists"])

Platform = Annotated[Actor, require(Role.PLATFORM, whose=Whose.OWN)]
OWN = (*ROLE_REFUSALS, NoSuchWatchlist)
UPLOAD = (*OWN, *VERSION_REFUSALS, NotText, WatchlistTooLarge)
#: Bytes of an upload that are kept in memory; the rest goes to a file that has no name.
IN_MEMORY: Final = 1024**2


@dataclass(frozen=True, slots=True)
class Incoming:
    """An upload that begins: it is received whole before the database hears of it."""

    request: Request
    actor: Actor
    open_session: LateSession
    expected: ExpectedVersion
    now: datetime

    async def take(self, watchlist_id: UUID, response: Response, *, signed: bool) -> dict[str, Any]:
        """Receive the file, let the list become or differ by it, and return the account."""
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
            async for part in self.request.stream():
                await run_in_threadpool(file.write, part)
            file.seek(0)
            async with self.open_session() as session:
                watchlist, reading, done = await upload(
                    session,
                    watchlist_id=watchlist_id,
                    file=file,
                    signed=signed,
                    expected=self.expected,
                    actor=self.actor,
                    now=self.now,
                )
        response.headers["ETag"] = version_etag(watchlist.version_no)
        return {"watchlist": watchlist} | asdict(reading) | asdict(done)


async def _incoming(
    request: Request, actor: Platform, open_session: LateSessionDep, expected: VersionDep, now: Now
) -> Incoming:
    return Incoming(request, actor, open_session, expected, now)


def _file(example: str) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": True,
            "content": {"text/plain": {"schema": {"type": "string"}, "example": example}},
        }
    }


@router.get(
    "",
    summary="List your watch lists",
    response_model=WatchlistPage,
    responses=answers({"items": [examples.WATCHLIST], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_your_watchlists(actor: Platform, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give your watch lists, oldest first."""
    found = await list_watchlists(session, actor=actor, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": part, "next": following}


@router.post(
    "",
    status_code=201,
    summary="Make a watch list",
    response_model=WatchlistOut,
    responses=answers(
        examples.WATCHLIST,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        TooManyWatchlists,
        status=201,
        words="An empty list.",
        headers=("ETag", "Location"),
    ),
)
async def make_watchlist(
    body: Annotated[WatchlistCreate, Body(examples=[{"name": examples.WATCHLIST["name"]}])],
    actor: Platform,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> Watchlist:
    """Make an empty list, to be filled by an upload. A webhook may tell by it."""
    made = await create_watchlist(session, name=body.name, actor=actor, now=now)
    response.headers["Location"] = f"/v1/watchlists/{made.id}"
    response.headers["ETag"] = version_etag(made.version_no)
    return made


@router.get(
    "/{watchlist_id}",
    summary="Read a watch list",
    response_model=WatchlistOut,
    responses=answers(examples.WATCHLIST, *OWN, headers=("ETag",)),
)
async def read_watchlist(watchlist_id: UUID, actor: Platform, session: ReadSessionDep, response: Response) -> Watchlist:
    """Give a watch list of yours, without its codes."""
    found = await get_watchlist(session, watchlist_id=watchlist_id, actor=actor)
    response.headers["ETag"] = version_etag(found.version_no)
    return found


@router.delete(
    "/{watchlist_id}",
    summary="Delete a watch list",
    response_model=WatchlistOut,
    responses=answers(examples.WATCHLIST, *OWN, *VERSION_REFUSALS, WatchlistInUse, words="What it was."),
)
async def delete_your_watchlist(
    watchlist_id: UUID, actor: Platform, session: SessionDep, expected: VersionDep
) -> Watchlist:
    """Delete a watch list of yours with its codes."""
    return await delete_watchlist(session, watchlist_id=watchlist_id, expected=expected, actor=actor)


@router.get(
    "/{watchlist_id}/codes",
    summary="Read the codes of a watch list",
    response_model=WatchedCodePage,
    responses=answers({"items": [examples.CODE], "next": None}, *OWN, BadCursor),
)
async def list_watched_codes(
    watchlist_id: UUID, actor: Platform, session: ReadSessionDep, page: PageDep
) -> dict[str, Any]:
    """Give the codes of a watch list of yours, in their order, each with your reference."""
    watchlist = await get_watchlist(session, watchlist_id=watchlist_id, actor=actor)
    found = await list_codes(session, number=watchlist.number, after=text_after(page), limit=page.limit + 1)
    part = found[: page.limit]
    following = encode_cursor((part[-1].uscc,)) if len(found) > page.limit else None
    return {"items": part, "next": following}


@router.put(
    "/{watchlist_id}/codes",
    summary="Upload a watch list whole",
    response_model=UploadOut,
    openapi_extra=_file("91500000XY0000012K,shop-17\n91500000XY0000020E,shop-18\n"),
    responses=answers(examples.UPLOADED, *UPLOAD, headers=("ETag",)),
)
async def put_watched_codes(
    watchlist_id: UUID, incoming: Annotated[Incoming, Depends(_incoming)], response: Response
) -> dict[str, Any]:
    """Let a list hold exactly the codes of a file: text, one `CODE` or `CODE,REFERENCE` a line, up to 20 million.

    It is compared with what is there, and only what differs is written. The same once more changes nothing.
    """
    return await incoming.take(watchlist_id, response, signed=False)


@router.post(
    "/{watchlist_id}/differences",
    summary="Upload a difference to a watch list",
    response_model=UploadOut,
    openapi_extra=_file("+91500000XY0000012K,shop-17\n-91500000XY0000020E\n"),
    responses=answers(examples.UPLOADED, *UPLOAD, headers=("ETag",)),
)
async def post_difference(
    watchlist_id: UUID, incoming: Annotated[Incoming, Depends(_incoming)], response: Response
) -> dict[str, Any]:
    """Add the codes of a file that have `+` before them and remove those with `-`, in one step. Once more it changes nothing."""
    return await incoming.take(watchlist_id, response, signed=True)


@router.get(
    "/{watchlist_id}/listed",
    summary="Take what of a watch list is public now",
    response_class=StreamingResponse,
    responses={
        **answers(None, *OWN),
        200: {
            "description": "JSON Lines: whose state it is, every public record of a watched subject, and how many.",
            "content": {"application/jsonl": {"example": examples.LISTED}},
        },
    },
)
async def take_listed(watchlist_id: UUID, actor: Platform, database: DatabaseDep, today: Today) -> Response:
    """Give every record about a subject of the list that is public now, with your references, and the position to go on from."""
    lines = stream_listed(database, watchlist_id=watchlist_id, actor=actor, today=today)
    first = await anext(lines)

    async def body() -> AsyncIterator[bytes]:
        async with aclosing(lines):  # a reader who goes away gives the connection back at once
            yield first
            async for part in lines:
                yield part

    return StreamingResponse(body(), media_type="application/jsonl", headers={"Cache-Control": "no-cache"})
