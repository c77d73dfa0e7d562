import asyncio
from time import monotonic
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog.calendar.queries import list_years
from service.catalog.hierarchy import Succession
from service.catalog.rules import Catalog, KnownAuthority, KnownList, KnownRegion, KnownRule, KnownSource
from service.db import Database, ReadSession
from service.models import Authority, AuthoritySuccession, Blacklist, CatalogVersion, LegalRule, Region, Source

__all__ = ["Catalog", "CatalogCache", "get_catalog_version", "load_catalog", "raise_catalog_version"]

#: How long a snapshot is used before the version is asked for again, in seconds.
FRESH_SECONDS: Final = 1.0


async def get_catalog_version(session: AsyncSession | ReadSession) -> int:
    """Return the counter that every change of a catalogue raises."""
    return (await session.scalars(select(CatalogVersion.version))).one()


async def raise_catalog_version(session: AsyncSession) -> int:
    """Raise the counter and return its new value; two changes of catalogues take turns here."""
    raised = await session.scalars(
        update(CatalogVersion).values(version=CatalogVersion.version + 1).returning(CatalogVersion.version)
    )
    return raised.one()


_SUCCESSION: Final = (
    AuthoritySuccession.predecessor_code,
    AuthoritySuccession.successor_code,
    AuthoritySuccession.effective_on,
)


async def load_catalog(session: AsyncSession | ReadSession) -> Catalog:
    """Return all catalogues as they are in the snapshot of `session`."""
    version = await get_catalog_version(session)
    authorities = await session.scalars(select(Authority).order_by(Authority.code))
    lists = await session.scalars(select(Blacklist).order_by(Blacklist.id))
    sources = await session.scalars(select(Source).order_by(Source.code))
    rules = await session.scalars(select(LegalRule).order_by(LegalRule.id))
    columns = (Region.code, Region.name, Region.level, Region.parent_code, Region.first_edition, Region.last_edition)
    regions = await session.execute(select(*columns).order_by(Region.code, Region.name))
    return Catalog(
        version=version,
        authorities=tuple(map(known_authority, authorities)),
        lists=tuple(map(known_list, lists)),
        sources=tuple(map(known_source, sources)),
        regions=tuple(KnownRegion(*row) for row in regions),
        rules=tuple(map(_rule, rules)),
        years=await list_years(session),
        successions=tuple(Succession(*row) for row in await session.execute(select(*_SUCCESSION))),
    )


def known_authority(row: Authority) -> KnownAuthority:
    """Return the value of an authority's row."""
    return KnownAuthority(
        code=row.code,
        name=row.name,
        aliases=tuple(row.aliases),
        uscc=row.uscc,
        system=row.system,
        division_code=row.division_code,
        parent_code=row.parent_code,
        successor_code=row.successor_code,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        citation=row.citation,
    )


def known_list(row: Blacklist) -> KnownList:
    """Return the value of a list's row."""
    return KnownList(
        id=row.id,
        name=row.name,
        name_en=row.name_en,
        aliases=tuple(row.aliases),
        severity=row.severity,
        legal_basis=row.legal_basis,
        basis_level=row.basis_level,
        list_authority=row.list_authority,
        scope=row.scope,
        catalog_edition=row.catalog_edition,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        period_months=row.period_months,
        grade=row.grade,
        note=row.note,
    )


def known_source(row: Source) -> KnownSource:
    """Return the value of a source's row."""
    return KnownSource(
        code=row.code,
        name=row.name,
        owner=row.owner,
        published=row.published,
        published_where=row.published_where,
        covers=tuple(row.covers),
        importing_authorities=tuple(row.importing_authorities),
        stale_after_days=row.stale_after_days,
        licence=row.licence,
        trust=tuple(row.trust),
    )


def _rule(row: LegalRule) -> KnownRule:
    return KnownRule(
        id=row.id,
        kind=row.kind,
        citation=row.citation,
        grade=row.grade,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        body=row.body,
        origin=row.origin,
        supersedes=row.supersedes,
        entered_at=row.entered_at,
    )


class CatalogCache:
    """The catalogues of one process, read again when their version has risen; it is asked for at most once a second.

    While one request reads them again the others go on with the snapshot they have: nobody who holds a connection waits
    here for another one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._catalog: Catalog | None = None
        self._fresh_until = 0.0
        self._expiries = 0
        self._reading = asyncio.Lock()

    async def get(self) -> Catalog:
        """Return the snapshot, at most a second older than the last change that another process made."""
        known = self._catalog
        if known is not None and (monotonic() < self._fresh_until or self._reading.locked()):
            return known
        async with self._reading:
            return await self._read_again()

    def fresh(self) -> Catalog | None:
        """Return the snapshot where `get` would not have to ask the database for it; else None."""
        return self._catalog if monotonic() < self._fresh_until or self._reading.locked() else None

    def expire(self) -> None:
        """Ask for the version at the next `get`, because this process has just changed a catalogue."""
        self._fresh_until = 0.0
        self._expiries += 1

    async def _read_again(self) -> Catalog:
        known = self._catalog
        if known is not None and monotonic() < self._fresh_until:
            return known
        asked_at, expiries = monotonic(), self._expiries
        async with self._database.reading() as session:
            if known is None or known.version != await get_catalog_version(session):
                known = await load_catalog(session)
        self._catalog = known
        if self._expiries == expiries:  # else the change that expired it may be newer than the snapshot just read
            self._fresh_until = asked_at + FRESH_SECONDS
        return known
