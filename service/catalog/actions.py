from collections.abc import Set as AbstractSet
from dataclasses import fields
from datetime import datetime

from sqlalchemy import delete, inspect, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog.calendar.actions import sync_years
from service.catalog.queries import raise_catalog_version
from service.catalog.rules import (
    AlreadyInCatalog,
    KnownAuthority,
    KnownList,
    KnownRegion,
    KnownRule,
    KnownSource,
    Seed,
    check_authority,
    check_importers,
    check_list,
    check_seed,
    check_source,
)
from service.catalog.successions.queries import renew_successions
from service.db import violated_constraint
from service.models import Authority, Base, Blacklist, CatalogVersion, LegalRule, Region, Source

Known = KnownAuthority | KnownList | KnownRegion | KnownRule | KnownSource


async def add_authority(session: AsyncSession, authority: KnownAuthority) -> KnownAuthority:
    """Enter an authority and raise the catalogue's version.

    Raises:
        AlreadyInCatalog: its code is taken.
        NoSuchAuthority: parent or successor is not in the catalogue.
        ImpossiblePeriod: it would end before it begins.
    """
    await raise_catalog_version(session)
    check_authority(authority, await _authority_codes(session))
    await _insert(session, Authority(**_columns(authority)), key=authority.code, constraint="pk_authority")
    await renew_successions(session, [authority])
    return authority


async def add_list(session: AsyncSession, entry: KnownList) -> KnownList:
    """Enter a list and raise the catalogue's version.

    Raises:
        NoLegalBasis: the list states none.
        AlreadyInCatalog: its id is taken.
        ImpossiblePeriod: it would end before it begins.
    """
    check_list(entry)
    await raise_catalog_version(session)
    await _insert(session, Blacklist(**_columns(entry)), key=entry.id, constraint="pk_blacklist")
    return entry


async def add_source(session: AsyncSession, source: KnownSource, *, now: datetime) -> KnownSource:
    """Enter a source and raise the catalogue's version.

    Raises:
        BadCoverage: an entry of `covers` has not the documented form.
        PublishedNowhere: `published` and `published_where` do not fit together.
        NoSuchAuthority: an importing authority is not in the catalogue.
        AlreadyInCatalog: its code is taken.
    """
    check_source(source)
    await raise_catalog_version(session)
    check_importers(source, await _authority_codes(session))
    await _insert(session, Source(**_columns(source), created_at=now), key=source.code, constraint="pk_source")
    return source


async def sync_seed(session: AsyncSession, seed: Seed, *, now: datetime) -> bool:
    """Bring the catalogues up to the seed and return whether anything was to do; a seed already taken in costs one read.

    Authorities, lists and sources of the seed are entered or renewed, and what people entered beside them stays. Regions and
    the seed's rules come from it alone: those it no longer brings are taken out, so that a row found wrong is not in force any
    more. Rules that rule keepers entered stay.

    Raises:
        Refusal: what the seed brings breaks a rule of the catalogue; see `check_seed`.
    """
    known = await session.scalar(select(CatalogVersion.seed_digest))
    if known == seed.digest:
        return False
    check_seed(seed)
    await raise_catalog_version(session)
    await _upsert(session, Authority, [_columns(row) for row in seed.authorities])
    await renew_successions(session, seed.authorities)
    await _upsert(session, Blacklist, [_columns(row) for row in seed.lists])
    await _upsert(session, Source, [_columns(row) | {"created_at": now} for row in seed.sources], keep={"created_at"})
    await session.execute(delete(Region))
    await session.execute(delete(LegalRule).where(LegalRule.origin == "seed"))
    await _upsert(session, Region, [_columns(row) for row in seed.regions])
    await _upsert(session, LegalRule, [_columns(row) for row in seed.rules])
    await sync_years(session, seed.years, now=now)
    await session.execute(update(CatalogVersion).values(seed_digest=seed.digest))
    return True


async def _upsert(
    session: AsyncSession, table: type[Base], rows: list[dict[str, object]], *, keep: AbstractSet[str] = frozenset()
) -> None:
    if not rows:
        return
    statement, key = (
        insert(Base.metadata.tables[table.__tablename__]),
        [column.name for column in inspect(table).primary_key],
    )
    renewed = {name: statement.excluded[name] for name in rows[0] if name not in {*key, *keep}}
    renewing = statement.on_conflict_do_update(index_elements=key, set_=renewed)
    if table is Authority:  # they refer to each other, so all come in one statement
        await session.execute(renewing.values(rows))
    else:
        await session.execute(renewing, rows)


def _columns(value: Known) -> dict[str, object]:
    named = ((one.name, getattr(value, one.name)) for one in fields(value))
    return {name: list(item) if isinstance(item, tuple) else item for name, item in named}


async def _authority_codes(session: AsyncSession) -> set[str]:
    return set(await session.scalars(select(Authority.code)))


async def _insert(session: AsyncSession, row: Authority | Blacklist | Source, *, key: str, constraint: str) -> None:
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if violated_constraint(error) != constraint:
            raise
        raise AlreadyInCatalog(
            f"The catalogue has an entry {key!r} already.", detail_zh="目录中已有此编号。", key=key
        ) from error
