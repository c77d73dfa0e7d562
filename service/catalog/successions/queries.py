from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog.hierarchy import Succession
from service.catalog.rules import KnownAuthority
from service.db import ReadSession
from service.models import AuthoritySuccession


async def list_successions(session: AsyncSession | ReadSession) -> Sequence[AuthoritySuccession]:
    """Return all successions by predecessor and successor."""
    row = AuthoritySuccession
    return (await session.scalars(select(row).order_by(row.predecessor_code, row.successor_code))).all()


def known_succession(row: AuthoritySuccession) -> Succession:
    """Return the value of a succession's row."""
    return Succession(row.predecessor_code, row.successor_code, row.effective_on)


async def renew_successions(session: AsyncSession, authorities: Iterable[KnownAuthority]) -> None:
    """Enter what authorities' own entries say: the successor takes over on the day after `effective_to`."""
    rows = [
        {
            "predecessor_code": one.code,
            "successor_code": one.successor_code,
            "effective_on": one.effective_to + timedelta(days=1),
            "citation": one.citation or one.name,
        }
        for one in authorities
        if one.successor_code is not None and one.effective_to is not None
    ]
    if rows:
        made = insert(AuthoritySuccession).values(rows)
        await session.execute(
            made.on_conflict_do_update(
                index_elements=["predecessor_code", "successor_code"],
                set_={"effective_on": made.excluded.effective_on, "citation": made.excluded.citation},
            )
        )
