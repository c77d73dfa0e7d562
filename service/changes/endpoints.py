from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event

from schemas.changes import ChangePage
from service.changes.actions import read_changes
from service.changes.feed import ChangeFeed, Step
from service.changes.rules import (
    NONE,
    ChangeKind,
    DayNotLogged,
    LogChanged,
    MalformedEventId,
    PositionAhead,
    Wanted,
    event_id,
    read_event_id,
)
from service.changes.snapshot import stream_snapshot
from service.http import KEY_REFUSALS, ActorDep, DatabaseDep, Today, answers, json_response

router = APIRouter(prefix="/v1/changes", tags=["changes"])

STREAM: Final = "text/event-stream"

#: A stream ends after so many seconds, and its reader comes back with its key: one that was revoked meanwhile does not.
LONGEST_STREAM: Final = 900.0

#: The event of a heartbeat; it is no change.
HEAD: Final = "head"

EXAMPLE: dict[str, Any] = {
    "log_id": "0b3c6a52-8c1e-4a55-9a43-5b0f0d6a7f11",
    "head_position": 48211,
    "items": [
        {
            "position": 48207,
            "event": "renamed",
            "kind": "subject",
            "uscc": "91500000XY0000012K",
            "id": None,
            "record": {"name": "重庆星屿贸易有限公司", "registration_status": "active", "successors": []},
        },
        {
            "position": 48208,
            "event": "published",
            "kind": "penalty",
            "uscc": "91500000XY0000012K",
            "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
            "record": {
                "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
                "document_no": "渝星市监罚〔2026〕17号",
                "kinds": ["fine"],
                "authority": "星屿区市场监督管理局",
                "decided_on": "2026-11-02",
                "publish_from": "2026-11-09",
                "publish_until": "2029-11-09",
                "fine_fen": 500000,
            },
        },
        {
            "position": 48209,
            "event": "listed",
            "kind": "blacklist_entry",
            "uscc": "91500000XY0000020E",
            "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
            "record": {
                "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
                "list": "samr-serious",
                "list_name": "市场监督管理严重违法失信名单",
                "severity": "serious",
                "grounds": "实施侵害消费者权益的违法行为",
                "authority": "星屿区市场监督管理局",
                "document_no": "渝星市监列〔2026〕3号",
                "listed_on": "2026-11-20",
                "publish_until": "2029-11-20",
            },
        },
        {
            "position": 48210,
            "event": "ended",
            "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c04",
            "ended_on": "2026-11-21",
        },
        {"position": 48211, "event": "none"},
    ],
    "next": None,
}


SNAPSHOT_EXAMPLE: Final = (
    '{"log_id":"0b3c6a52-8c1e-4a55-9a43-5b0f0d6a7f11","position":48211,"day":"2026-11-24"}\n'
    '{"id":null,"kind":"subject","record":{"name":"重庆星屿贸易有限公司","registration_status":"active","successors":[]},"uscc":"91500000XY0000012K"}\n'
    '{"count":1,"digest":"3f5c…"}\n'
)


@router.get(
    "",
    summary="Read or follow the change log",
    response_model=ChangePage,
    responses={
        **answers(
            EXAMPLE,
            *KEY_REFUSALS,
            LogChanged,
            PositionAhead,
            MalformedEventId,
            words="A page, oldest first; positions have no gaps. With `Accept: text/event-stream` a stream of server-sent events.",
        ),
    },
)
async def list_changes(
    _actor: ActorDep,
    request: Request,
    database: DatabaseDep,
    today: Today,
    after: Annotated[int, Query(ge=0, lt=2**63, description="Position you have read up to; 0 for all.")] = 0,
    log_id: Annotated[UUID | None, Query(description="The log you follow; a different one is a 409.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most changes of one page.")] = 1000,
    kind: Annotated[
        list[ChangeKind] | None, Query(description="Only changes of these kinds, and all tombstones.")
    ] = None,
    region: Annotated[
        list[str] | None,
        Query(max_length=100, description="Only of subjects whose digits 3 to 8 begin so, and all tombstones."),
    ] = None,
    list_id: Annotated[
        list[str] | None,
        Query(alias="list", max_length=100, description="Only entries of these lists, and all tombstones."),
    ] = None,
    heartbeat: Annotated[
        float, Query(ge=1, le=60, description="Seconds of silence in a stream after which it says where the log ends.")
    ] = 15,
    last_event_id: Annotated[
        str | None, Header(max_length=80, description="For a stream: the id of the last event, `LOG_ID:POSITION`.")
    ] = None,
) -> Response:
    """Give what happened behind a position, in the one order that all readers see.

    Every change is rendered as it may be seen today: a record that is public shows its present state at each of its
    positions, one that was public and has ended is a tombstone at all of them, and anything else is its position alone.
    Keep `log_id` and the last position, ask with them again, and you miss nothing and see nothing twice.

    A stream sends the same changes as events with the id `LOG_ID:POSITION`, and after `heartbeat` seconds of silence an event
    `head` with the last position of the log. It ends from time to time; come back with `Last-Event-ID`.
    """
    if last_event_id is not None:
        log_id, after = read_event_id(last_event_id)
    wanted = Wanted(frozenset(kind or ()), tuple(region or ()), frozenset(list_id or ()))
    async with database.reading() as session:
        page = await read_changes(session, after=after, log_id=log_id, limit=limit, today=today)
    if STREAM in request.headers.get("accept", ""):
        feed: ChangeFeed = request.app.state.change_feed
        steps = feed.follow(after=after, heartbeat=heartbeat, lasting=LONGEST_STREAM)
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return StreamingResponse(_events(steps, wanted), media_type=STREAM, headers=headers)
    content = {
        "log_id": page.log_id,
        "head_position": page.head_position,
        "items": [item for item in page.items if wanted.takes(item)],
        "next": page.next,
    }
    return json_response(content, headers={"Cache-Control": "no-cache"})


@router.get(
    "/snapshot",
    summary="Take the whole public state",
    response_class=StreamingResponse,
    responses={
        **answers(None, *KEY_REFUSALS, DayNotLogged),
        200: {
            "description": "JSON Lines: what it is the state of, every public record, and the digest of them.",
            "content": {"application/jsonl": {"example": SNAPSHOT_EXAMPLE}},
        },
    },
)
async def take_snapshot(_actor: ActorDep, database: DatabaseDep, today: Today) -> Response:
    """Give the whole public state at the head of the log, for readers who begin, or whose position is another log's.

    The first line says `log_id` and `position`: go on behind it. Then each registration and each public record is a line, in no
    particular order, with the members `id`, `kind`, `record` and `uscc` as changes have them, sorted by name and without blanks. The
    last line is the count of lines and their digest: a reader who holds the same lines computes the same one.
    """
    lines = stream_snapshot(database, today=today)
    first = await anext(lines)

    async def body() -> AsyncIterator[bytes]:
        async with aclosing(lines):  # a reader who goes away gives the connection back at once
            yield first
            async for part in lines:
                yield part

    return StreamingResponse(body(), media_type="application/jsonl", headers={"Cache-Control": "no-cache"})


async def _events(steps: AsyncIterator[Step], wanted: Wanted) -> AsyncIterator[bytes]:
    # The headers leave with the first bytes; who follows a quiet log must not wait for them.
    yield format_sse_event(comment="the change log", retry=1000)
    async for step in steps:
        told = [
            format_sse_event(
                event=item["event"],
                data_str=orjson.dumps(item, default=str).decode(),
                id=event_id(step.log_id, item["position"]),
            )
            for item in step.items
            if item["event"] != NONE and wanted.takes(item)
        ]
        if not told or step.items[-1]["event"] == NONE or not wanted.takes(step.items[-1]):
            head = {"position": step.position, "head_position": step.head_position}
            told.append(
                format_sse_event(
                    event=HEAD, data_str=orjson.dumps(head).decode(), id=event_id(step.log_id, step.position)
                )
            )
        yield b"".join(told)
