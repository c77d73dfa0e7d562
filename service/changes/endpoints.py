from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from schemas.changes import ChangePage
from service.changes.actions import read_changes
from service.changes.rules import LogChanged, PositionAhead
from service.http import KEY_REFUSALS, ActorDep, ReadSessionDep, Today, answers, json_response

router = APIRouter(prefix="/v1/changes", tags=["changes"])

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
            "record": {"name": "重庆星屿贸易有限公司", "registration_status": "active"},
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


@router.get(
    "",
    summary="Read the change log",
    response_model=ChangePage,
    responses=answers(
        EXAMPLE,
        *KEY_REFUSALS,
        LogChanged,
        PositionAhead,
        words="A page, oldest first; positions have no gaps.",
    ),
)
async def list_changes(
    _actor: ActorDep,
    session: ReadSessionDep,
    today: Today,
    after: Annotated[int, Query(ge=0, description="Position you have read up to; 0 for all.")] = 0,
    log_id: Annotated[UUID | None, Query(description="The log you follow; a different one is a 409.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most changes of one page.")] = 1000,
) -> Response:
    """Give what happened behind a position, in the one order that all readers see.

    Every change is rendered as it may be seen today: a record that is public shows its present state at each of its
    positions, one that was public and has ended is a tombstone at all of them, and anything else is its position alone.
    Keep `log_id` and the last position, ask with them again, and you miss nothing and see nothing twice.
    """
    page = await read_changes(session, after=after, log_id=log_id, limit=limit, today=today)
    content = {"log_id": page.log_id, "head_position": page.head_position, "items": page.items, "next": page.next}
    return json_response(content, headers={"Cache-Control": "no-cache"})
