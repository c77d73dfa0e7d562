from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.notices.queries import keep_read, list_notices
from service.notices.rules import CHANGED, EVENTS, NoSuchNotice, record_path


def notice_view(row: RowMapping) -> dict[str, Any]:
    """Return a notice as JSON has it."""
    event = EVENTS.get((row["record_kind"], row["command"]), CHANGED)
    return {
        "id": row["id"],
        "uscc": row["uscc"],
        "record_kind": row["record_kind"],
        "record_id": row["record_id"],
        "event": row["command"],
        "words": event.words,
        "words_zh": event.words_zh,
        "authority_code": row["authority_code"],
        "record": record_path(row["uscc"], row["record_kind"], row["record_id"]),
        "documents": f"/v1/documents/{row['uscc']}/{row['record_id']}",
        "told_at": row["created_at"],
        "read_at": row["read_at"],
    }


async def read_notice(session: AsyncSession, *, notice_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """Note that a firm's agent has read a notice, and return it; a second time changes nothing.

    Raises:
        NoSuchNotice: there is none to a firm that the actor acts for.
    """
    await keep_read(session, notice_id=notice_id, subjects=actor.subjects, now=now)
    rows = await list_notices(session, subjects=actor.subjects, one=notice_id, limit=1)
    if not rows:
        raise NoSuchNotice(f"There is no notice {notice_id} to a firm of yours.", detail_zh="没有此项通知。")
    return notice_view(rows[0])
