from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.access.seen import note_owners
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


async def read_notices(
    session: AsyncSession, *, ids: Collection[int], actor: Actor, now: datetime
) -> list[dict[str, Any]]:
    """Note that a firm's agent has read notices, and return them; a second time changes nothing.

    Raises:
        NoSuchNotice: one of them is to no firm that the actor acts for; none is marked then.
    """
    rows = await list_notices(session, subjects=actor.subjects, among=ids, limit=len(ids))
    missing = sorted(set(ids) - {row["id"] for row in rows})
    if missing:
        raise NoSuchNotice(f"There is no notice {missing[0]} to a firm of yours.", detail_zh="没有此项通知。")
    await keep_read(session, ids=ids, now=now)
    note_owners(session, (row["authority_code"] for row in rows))
    return [notice_view(row) | {"read_at": row["read_at"] or now} for row in rows]
