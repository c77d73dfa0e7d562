from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from service.idempotency.queries import delete_outcomes, find_outcome, insert_outcome, lock_key
from service.idempotency.rules import KEPT, Attempt, Outcome, RequestInFlight, check_same


async def claim_key(session: AsyncSession, attempt: Attempt, *, body_sha256: bytes) -> Outcome | None:
    """Make sure that nobody else works on this request; return its outcome where it succeeded before, else None.

    The claim lasts as long as the transaction, also where its process or connection dies.

    Raises:
        RequestInFlight: another transaction has the key.
        KeyReused: the key stands for another request.
    """
    if not await lock_key(session, attempt):
        raise RequestInFlight(
            "A request with this Idempotency-Key is being worked on. Send it again in a moment.",
            detail_zh="同一 Idempotency-Key 的请求正在处理，请稍后重试。",
        )
    outcome = await find_outcome(session, attempt, since=attempt.at - KEPT)
    if outcome is not None:
        check_same(outcome, attempt.digest(body_sha256))
    return outcome


async def keep_outcome(
    session: AsyncSession, attempt: Attempt, *, body_sha256: bytes, status: int, location: str
) -> None:
    """Remember what came of a claimed request, in the transaction that made it."""
    await insert_outcome(session, attempt, Outcome(attempt.digest(body_sha256), status, location))


async def forget_outcomes(session: AsyncSession, *, as_of: datetime) -> int:
    """Delete what was kept for its time; return how many rows."""
    return await delete_outcomes(session, until=as_of - KEPT)
