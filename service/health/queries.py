from datetime import datetime
from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.health.rules import Backlog, Schema
from service.models import ChangeLog, PendingChange

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@cache
def expected_revisions() -> tuple[str, ...]:
    """Return the newest migrations that this code brings; there is one, unless a merge was forgotten."""
    return tuple(sorted(ScriptDirectory(str(MIGRATIONS)).get_heads()))


async def find_schema(session: AsyncSession | ReadSession) -> Schema:
    """Return which migrations the database has; none where it is empty."""
    connection = await session.connection()
    has_table = await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version"))
    present = (
        (await session.scalars(text("SELECT version_num FROM alembic_version ORDER BY 1"))).all() if has_table else ()
    )
    return Schema(tuple(present), expected_revisions())


async def find_backlog(session: AsyncSession | ReadSession) -> Backlog:
    """Return the head of the log and what waits to be numbered."""
    head = (await session.scalars(select(ChangeLog.head_position))).one()
    waiting = await session.execute(select(func.count(), func.min(PendingChange.recorded_at)))
    count, oldest = waiting.one()
    return Backlog(head, count, oldest)


async def count_queues(session: AsyncSession | ReadSession) -> dict[str, int]:
    """Return what waits: imports that have not ended, and audit entries that are not linked."""
    found = await session.execute(
        text(
            "SELECT (SELECT count(*) FROM data_import WHERE state NOT IN ('finished', 'failed', 'reverted')) AS imports,"
            " (SELECT coalesce(sum(cardinality(entry_ids)), 0) FROM audit_pending) AS audit_links"
        )
    )
    return {str(name): int(count) for name, count in found.mappings().one().items()}


async def source_ages(session: AsyncSession | ReadSession, *, now: datetime) -> dict[str, float]:
    """Return by source the seconds since its last finished import."""
    found = await session.execute(
        text(
            "SELECT source_code, max(finished_at) AS last FROM data_import"
            " WHERE state = 'finished' AND source_code IS NOT NULL AND finished_at IS NOT NULL GROUP BY source_code"
        )
    )
    return {row.source_code: round((now - row.last).total_seconds(), 1) for row in found}


async def feed_figures(session: AsyncSession | ReadSession) -> list[tuple[str, dict[str, int], int, bool | None]]:
    """Return of each feed its id, its records by state (and `dead`), its failures in a row, and whether both sides are equal."""
    found = await session.execute(
        text(
            "SELECT f.id, f.failures, f.is_equal, i.state, count(i.uscc) AS n, count(*) FILTER (WHERE i.dead) AS dead"
            " FROM feed f LEFT JOIN feed_item i ON i.feed_id = f.id WHERE f.state <> 'retired'"
            " GROUP BY f.id, f.failures, f.is_equal, i.state ORDER BY f.id"
        )
    )
    feeds: dict[str, tuple[str, dict[str, int], int, bool | None]] = {}
    for row in found:
        one = feeds.setdefault(row.id, (row.id, {"dead": 0}, row.failures, row.is_equal))
        if row.state is not None:
            one[1][row.state] = row.n
            one[1]["dead"] += row.dead
    return list(feeds.values())
