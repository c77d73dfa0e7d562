from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog.hierarchy import Succession
from service.catalog.queries import raise_catalog_version
from service.catalog.successions.queries import known_succession, list_successions
from service.catalog.successions.rules import check_succession
from service.models import Authority, AuthoritySuccession


async def add_succession(session: AsyncSession, succession: Succession, *, citation: str) -> AuthoritySuccession:
    """Enter that an authority takes another one's place, and raise the catalogue's version.

    Raises:
        NoSuchAuthority, AlreadySucceeded, CircularSuccession: see `check_succession`.
    """
    await raise_catalog_version(session)
    codes = await session.scalars(select(Authority.code))
    present = await list_successions(session)
    check_succession(succession, codes=codes.all(), present=map(known_succession, present))
    row = AuthoritySuccession(
        predecessor_code=succession.predecessor_code,
        successor_code=succession.successor_code,
        effective_on=succession.effective_on,
        citation=citation,
    )
    session.add(row)
    await session.flush()
    return row
