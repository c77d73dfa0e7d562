from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.records.outbox import PARTY_NOTICE

_LIST: Final = text(
    """SELECT o.id, o.uscc, o.record_kind, o.record_id, o.created_at, o.done_at AS read_at,
        coalesce(p.command, b.command, e.command) AS command,
        coalesce(p.authority_code, b.authority_code, r.authority_code) AS authority_code
    FROM outbox_item o
    LEFT JOIN penalty_version p ON o.record_kind = 'penalty' AND p.uscc = o.uscc AND p.id = o.record_id
        AND p.version_no = o.version_no
    LEFT JOIN blacklist_entry_version b ON o.record_kind = 'blacklist_entry' AND b.uscc = o.uscc AND b.id = o.record_id
        AND b.version_no = o.version_no
    LEFT JOIN case_event e ON o.record_kind = 'repair' AND e.uscc = o.uscc AND e.case_id = o.record_id
        AND e.version_no = o.version_no
    LEFT JOIN repair r ON o.record_kind = 'repair' AND r.uscc = o.uscc AND r.id = o.record_id
    WHERE o.topic = :topic AND o.uscc = ANY (:subjects) AND (:upto::bigint IS NULL OR o.id < :upto)
        AND (NOT :unread OR o.done_at IS NULL) AND (:among::bigint[] IS NULL OR o.id = ANY (:among))
    ORDER BY o.id DESC LIMIT :limit""".replace(":upto::bigint", "CAST(:upto AS bigint)").replace(
        ":among::bigint[]", "CAST(:among AS bigint[])"
    )
)


async def list_notices(
    session: AsyncSession | ReadSession,
    *,
    subjects: Collection[str],
    unread: bool = False,
    upto: int | None = None,
    among: Collection[int] | None = None,
    limit: int,
) -> Sequence[RowMapping]:
    """Return notices to some firms, the newest first, those before the number `upto`, or those of the numbers `among` alone."""
    asked: dict[str, Any] = {
        "subjects": sorted(subjects),
        "unread": unread,
        "upto": upto,
        "among": None if among is None else sorted(among),
        "limit": limit,
    }
    return (await session.execute(_LIST, asked | {"topic": PARTY_NOTICE})).mappings().all()


async def keep_read(session: AsyncSession, *, ids: Collection[int], now: datetime) -> None:
    """Note that notices were read; the first instant stays."""
    await session.execute(
        text("UPDATE outbox_item SET done_at = :now WHERE id = ANY (:ids) AND topic = :topic AND done_at IS NULL"),
        {"now": now, "ids": sorted(ids), "topic": PARTY_NOTICE},
    )
