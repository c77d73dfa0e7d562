from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query

from schemas.notices import NoticePage, NoticesRead, ReadNotices
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.access.seen import note_owners
from service.http import (
    ROLE_REFUSALS,
    BadCursor,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    answers,
    encode_cursor,
    number_after,
    require,
)
from service.notices.actions import notice_view, read_notices
from service.notices.queries import list_notices
from service.notices.rules import NoSuchNotice

router = APIRouter(prefix="/v1/notices", tags=["subjects"])

Agent = Annotated[Actor, require(Role.SUBJECT_AGENT, whose=Whose.OWN)]
EXAMPLE: Final[dict[str, Any]] = {
    "id": 4711,
    "uscc": "91500000XY0000012K",
    "record_kind": "repair",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c05",
    "event": "grant",
    "words": "The repair is granted.",
    "words_zh": "准予信用修复。",
    "authority_code": "cq-market-regulation",
    "record": "/v1/subjects/91500000XY0000012K/repairs/0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c05",
    "documents": "/v1/documents/91500000XY0000012K/0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c05",
    "told_at": "2026-11-24T12:00:00+08:00",
    "read_at": None,
}


@router.get(
    "",
    summary="List notices to your firms",
    response_model=NoticePage,
    responses=answers({"items": [EXAMPLE], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_own_notices(
    actor: Agent,
    session: ReadSessionDep,
    page: PageDep,
    unread: Annotated[bool, Query(description="Only those that were not read yet.")] = False,
) -> dict[str, Any]:
    """Give what happened to records of the firms that you act for: an entry intended, made, refused or ended, a repair decided,
    a record withdrawn.
    """  # noqa: D205 - one sentence on two lines
    rows = await list_notices(
        session, subjects=actor.subjects, unread=unread, upto=number_after(page) or None, limit=page.limit + 1
    )
    items = rows[: page.limit]
    following = encode_cursor((str(items[-1]["id"]),)) if len(rows) > page.limit else None
    note_owners(session, (row["authority_code"] for row in items))
    return {"items": [notice_view(row) for row in items], "next": following}


@router.post(
    "/read",
    summary="Say that notices were read",
    response_model=NoticesRead,
    responses=answers({"items": [EXAMPLE | {"read_at": "2026-11-24T12:05:00+08:00"}]}, *ROLE_REFUSALS, NoSuchNotice),
)
async def mark_read(
    body: Annotated[ReadNotices, Body(examples=[{"ids": [4711]}])], actor: Agent, session: SessionDep, now: Now
) -> dict[str, Any]:
    """Say that the firm has read notices; the first instant of each stays."""
    return {"items": await read_notices(session, ids=frozenset(body.ids), actor=actor, now=now)}
