from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.db import ReadSession
from service.models import PlatformReport
from service.reports.rules import NoSuchReport
from service.reports.sight import note_read, visible_to


async def get_report(
    session: AsyncSession | ReadSession,
    *,
    report_id: UUID,
    actor: Actor,
    office_only: bool = False,
    lock: bool = False,
) -> PlatformReport:
    """Return a report that the actor sees, without its sealed part; `office_only`: as one of the authority's people.

    Raises:
        NoSuchReport: it sees none of this id.
    """
    seen = visible_to(PlatformReport, actor, office_only=office_only)
    query: Any = select(PlatformReport).where(PlatformReport.id == report_id, seen)
    found: PlatformReport | None = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise NoSuchReport(f"There is no report {report_id}.", detail_zh="没有该报告。")
    note_read(session, [found.authority_code])
    return found


async def find_sealed(session: ReadSession, *, report_id: UUID) -> str | None:
    """Return the sealed part of a report, or None where it was erased."""
    return await session.scalar(select(PlatformReport.sealed).where(PlatformReport.id == report_id))


async def list_reports(
    session: ReadSession,
    *,
    actor: Actor,
    kind: str | None,
    state: str | None,
    request_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[PlatformReport]:
    """Return a page of the reports that the actor sees, oldest first; each None asks for all."""
    query = select(PlatformReport).where(visible_to(PlatformReport, actor)).order_by(PlatformReport.id).limit(limit)
    if kind is not None:
        query = query.where(PlatformReport.kind == kind)
    if state is not None:
        query = query.where(PlatformReport.state == state)
    if request_id is not None:
        query = query.where(PlatformReport.request_id == request_id)
    found = (await session.scalars(query if after is None else query.where(PlatformReport.id > after))).all()
    note_read(session, {one.authority_code for one in found})
    return found


async def find_first(
    session: AsyncSession, *, digest: str, principal_id: UUID, envelope_id: UUID
) -> PlatformReport | None:
    """Return the report that came first with this digest or this platform's envelope, or None."""
    query = select(PlatformReport).where(
        (PlatformReport.digest == digest)
        | ((PlatformReport.principal_id == principal_id) & (PlatformReport.envelope_id == envelope_id))
    )
    return (await session.scalars(query.limit(1))).one_or_none()


async def count_kept(connection: Connection, *, principal_id: UUID) -> int:
    """Return how many bytes of sealed reports of a platform are kept."""
    return int(
        await connection.fetchval(
            "SELECT coalesce(sum(bytes_count), 0) FROM platform_report WHERE principal_id = $1 AND erased_at IS NULL",
            principal_id,
        )
    )


async def list_missing(
    connection: Connection, *, authorities: Sequence[str], period_until: date
) -> list[dict[str, Any]]:
    """Return who reported identities before and not, or not in all parts, for the half-year that ends on a day.

    One row a platform and authority: the end of the last half-year before that was reported, and how many of how many parts came.
    """
    rows = await connection.fetch(
        """WITH known AS (
            SELECT authority_code, principal_id, max(period_until) FILTER (WHERE period_until < $2) AS last_reported,
                count(DISTINCT part) FILTER (WHERE period_until = $2) AS came,
                coalesce(max(parts) FILTER (WHERE period_until = $2), 1) AS parts
            FROM platform_report WHERE authority_code = ANY ($1) AND kind = 'identity' AND state <> 'returned'
            AND period_until <= $2 GROUP BY 1, 2)
        SELECT authority_code AS authority, principal_id AS platform, name, last_reported, came, parts
        FROM known JOIN principal ON id = principal_id WHERE came < parts ORDER BY 1, 2""",
        authorities,
        period_until,
    )
    return [dict(row) for row in rows]


async def count_parts(connection: Connection, *, request_id: UUID, parts: int) -> int:
    """Return how many of the parts of an answer to a request have come; returned ones do not count."""
    return int(
        await connection.fetchval(
            """SELECT count(DISTINCT part) FROM platform_report
            WHERE request_id = $1 AND parts = $2 AND state <> 'returned'""",
            request_id,
            parts,
        )
    )


async def count_reports(
    connection: Connection, *, authorities: Sequence[str], since: datetime, until: datetime
) -> list[dict[str, Any]]:
    """Return the numbers of reports received from `since` to before `until`, by authority and kind."""
    rows = await connection.fetch(
        """SELECT authority_code AS authority, kind, count(*) AS reports, count(DISTINCT principal_id) AS platforms,
            coalesce(sum((counts ->> 'rows')::int), 0)::bigint AS rows, count(*) FILTER (WHERE late) AS late,
            count(*) FILTER (WHERE state = 'returned') AS returned, count(*) FILTER (WHERE state = 'received') AS unsettled
        FROM platform_report WHERE authority_code = ANY ($1) AND received_at >= $2 AND received_at < $3
        GROUP BY 1, 2 ORDER BY 1, 2""",
        authorities,
        since,
        until,
    )
    return [dict(row) for row in rows]


async def count_requests(connection: Connection, *, authorities: Sequence[str], today: date) -> list[dict[str, Any]]:
    """Return how many requests are open and how many of them overdue, by authority."""
    rows = await connection.fetch(
        """SELECT authority_code AS authority, count(*) AS open, count(*) FILTER (WHERE due_on < $2) AS overdue
        FROM report_request WHERE authority_code = ANY ($1) AND state = 'open' GROUP BY 1 ORDER BY 1""",
        authorities,
        today,
    )
    return [dict(row) for row in rows]


async def insert_notice(
    connection: Connection, *, topic: str, kind: str, about: UUID, now: datetime, due_on: date | None = None
) -> None:
    """Queue one notice about a report or a request for its authority; neither belongs to a subject."""
    await connection.execute(
        """INSERT INTO outbox_item (topic, uscc, record_kind, record_id, created_at, due_on)
        VALUES ($1, '', $2, $3, $4, $5)""",
        topic,
        kind,
        about,
        now,
        due_on,
    )
