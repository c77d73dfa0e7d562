from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from service.idempotency.rules import Attempt, Outcome
from service.models import IdempotencyKey


async def lock_key(session: AsyncSession, attempt: Attempt) -> bool:
    """Take the key for the rest of the transaction; return False at once where another one has it."""
    number = func.hashtextextended(f"{attempt.principal} {attempt.key}", 0)
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(number))))


async def find_outcome(session: AsyncSession, attempt: Attempt, *, since: datetime) -> Outcome | None:
    """Return what came of the request under this key, if it succeeded after `since`."""
    columns = (IdempotencyKey.request_sha256, IdempotencyKey.status, IdempotencyKey.location)
    row = (
        await session.execute(
            select(*columns).where(
                IdempotencyKey.principal == attempt.principal,
                IdempotencyKey.key == attempt.key,
                IdempotencyKey.created_at > since,
            )
        )
    ).one_or_none()
    return None if row is None else Outcome(row.request_sha256, row.status, row.location)


async def insert_outcome(session: AsyncSession, attempt: Attempt, outcome: Outcome) -> None:
    """Keep what came of a request; an expired row of the same key makes room."""
    values = {
        "request_sha256": outcome.request_sha256,
        "status": outcome.status,
        "location": outcome.location,
        "created_at": attempt.at,
    }
    row = insert(IdempotencyKey).values(principal=attempt.principal, key=attempt.key, **values)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["principal", "key"], set_={name: row.excluded[name] for name in values}
        )
    )


async def delete_outcomes(session: AsyncSession, *, until: datetime) -> int:
    """Delete what was kept at `until` or before; return how many rows."""
    deleted = await session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.created_at <= until).returning(IdempotencyKey.key)
    )
    return len(deleted.all())
