from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.mail.rules import MOST_ATTEMPTS, TO_THE_NEXT_HIGHER, TOPICS, Notice, wait_after
from service.models import NoticeAddress

#: What the outbox holds for addresses that are known, as deliveries. Local tables and heads only; each is made once.
_PREPARE: Final = text(
    """INSERT INTO mail_delivery (outbox_id, address, next_at)
    SELECT o.id, address, CAST(:now AS timestamptz)
    FROM outbox_item o
    JOIN LATERAL (
        SELECT authority_code FROM penalty_version v WHERE o.record_kind = 'penalty'
        AND v.uscc = o.uscc AND v.id = o.record_id AND v.superseded_at IS NULL
        UNION ALL
        SELECT authority_code FROM blacklist_entry_version v WHERE o.record_kind = 'blacklist_entry'
        AND v.uscc = o.uscc AND v.id = o.record_id AND v.superseded_at IS NULL
        UNION ALL
        SELECT authority_code FROM credit_record_version v WHERE o.record_kind = 'credit_record'
        AND v.uscc = o.uscc AND v.id = o.record_id AND v.superseded_at IS NULL
        UNION ALL
        SELECT authority_code FROM reminder_letter l WHERE o.record_kind = 'reminder_letter' AND l.id = o.record_id
        UNION ALL
        SELECT authority_code FROM quality_sheet q WHERE o.record_kind = 'quality_sheet' AND q.id = o.record_id
        UNION ALL
        SELECT authority_code FROM platform_report p WHERE o.record_kind = 'platform_report' AND p.id = o.record_id
        UNION ALL
        SELECT authority_code FROM report_request p WHERE o.record_kind = 'report_request' AND p.id = o.record_id
    ) r ON true
    JOIN authority a ON a.code = r.authority_code
    JOIN notice_address n ON n.authority_code = a.code OR (o.topic = :higher AND n.authority_code = a.parent_code)
    CROSS JOIN LATERAL unnest(n.addresses) AS address
    WHERE o.done_at IS NULL AND o.topic = ANY (:topics) AND o.created_at >= n.since
    ON CONFLICT DO NOTHING"""
)
_LEASE: Final = text(
    """WITH due AS (
        SELECT outbox_id, address FROM mail_delivery
        WHERE sent_at IS NULL AND next_at <= :now AND attempts < :most
        ORDER BY next_at, outbox_id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE mail_delivery d SET attempts = d.attempts + 1, next_at = CAST(:now AS timestamptz) + CAST(:lease AS interval)
    FROM due, outbox_item o
    WHERE d.outbox_id = due.outbox_id AND d.address = due.address AND o.id = d.outbox_id
    RETURNING d.outbox_id, d.address, d.attempts, o.topic, o.record_kind, o.record_id::text, o.due_on"""
)
#: How long nobody else tries what was taken: longer than a send may last.
_LEASE_TIME: Final = timedelta(minutes=5)


async def prepare_deliveries(session: AsyncSession, *, now: datetime) -> None:
    """Make a delivery of every open item for every address that it goes to."""
    await session.execute(_PREPARE, {"now": now, "topics": list(TOPICS), "higher": TO_THE_NEXT_HIGHER})


async def lease_deliveries(session: AsyncSession, *, now: datetime, limit: int) -> list[Notice]:
    """Take deliveries that are due, for some minutes: who takes them and dies has them tried again."""
    rows = await session.execute(_LEASE, {"now": now, "most": MOST_ATTEMPTS, "limit": limit, "lease": _LEASE_TIME})
    return [Notice(*row) for row in rows.all()]


async def keep_sent(session: AsyncSession, notice: Notice, *, now: datetime) -> None:
    """Remember that a mail was taken by the server; an item that all its addresses got is done."""
    await session.execute(
        text("UPDATE mail_delivery SET sent_at = :now, problem = NULL WHERE outbox_id = :id AND address = :address"),
        {"now": now, "id": notice.outbox_id, "address": notice.address},
    )
    await session.execute(
        text(
            """UPDATE outbox_item SET done_at = :now WHERE id = :id AND done_at IS NULL AND NOT EXISTS (
                SELECT FROM mail_delivery WHERE outbox_id = :id AND sent_at IS NULL)"""
        ),
        {"now": now, "id": notice.outbox_id},
    )


async def keep_problem(session: AsyncSession, notice: Notice, problem: str, *, now: datetime) -> None:
    """Remember why a try failed, and when the next one is."""
    await session.execute(
        text("UPDATE mail_delivery SET problem = :problem, next_at = :at WHERE outbox_id = :id AND address = :address"),
        {
            "problem": problem[:500],
            "at": now + wait_after(notice.attempts),
            "id": notice.outbox_id,
            "address": notice.address,
        },
    )


async def find_addresses(
    session: AsyncSession | ReadSession, *, authority_code: str, lock: bool = False
) -> NoticeAddress | None:
    """Return where an authority wants to be told, locked when it is to be changed, or None."""
    query: Any = select(NoticeAddress).where(NoticeAddress.authority_code == authority_code)
    found: NoticeAddress | None = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    return found
