"""Entries of an office by state, list and authority: what an API list and the pages of the console show and count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, all_, and_, false, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role
from service.access.seen import note_versions
from service.access.visibility import is_own, visible_to
from service.blacklist.rules import CONSENT
from service.blacklist.rules.entry_test import entry_tests, needs_consent
from service.catalog.rules import Catalog
from service.db import ReadSession
from service.models import BlacklistEntryVersion
from service.records.queries import Row, objected

_V = BlacklistEntryVersion


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; what is None is left open. `consents` are those that wait for a consent (`consents_of`)."""

    state: str | None = None
    list_id: str | None = None
    authority: str | None = None
    consents: Mapping[str, Sequence[str]] | None = None


def consents_of(actor: Actor, catalog: Catalog) -> dict[str, list[str]]:
    """Return by list the authorities whose entries on it need the actor's consent, as the next higher authority's."""
    below = sorted(actor.overseen_by(Role.CONSENTER) & catalog.authority_by_code.keys())
    return {
        test.list_id: [code for code in below if needs_consent(test, catalog.authority_by_code[code].division_code)]
        for test in entry_tests().values()
    }


def _awaits(actor: Actor, consents: Mapping[str, Sequence[str]]) -> ColumnElement[bool]:
    wanted = [and_(_V.list_id == list_id, _V.authority_code.in_(codes)) for list_id, codes in consents.items() if codes]
    # Nobody consents to what he wrote.
    return and_(or_(false(), *wanted), literal(str(actor.id)) != all_(_V.recorders))


def _of_office(actor: Actor, wanted: Wanted) -> ColumnElement[bool]:
    parts = [_V.superseded_at.is_(None), visible_to(actor, _V), is_own(actor, _V)]
    state = wanted.state
    if wanted.consents is not None:
        (state,) = CONSENT.sources
        parts.append(_awaits(actor, wanted.consents))
    if state is not None:
        # In the statement itself, so that the index of entries at work can serve it.
        parts.append(_V.state == literal(state, literal_execute=True))
    if wanted.list_id is not None:
        parts.append(_V.list_id == wanted.list_id)
    if wanted.authority is not None:
        parts.append(_V.authority_code == wanted.authority)
    return and_(true(), *parts)


async def list_entries(
    session: AsyncSession | ReadSession, *, actor: Actor, wanted: Wanted, after: UUID | None, limit: int
) -> Sequence[Row]:
    """Return the entries that the actor sees in full and asks for, oldest record first, behind the id `after`."""
    query = select(_V.__table__, objected(_V)).where(_of_office(actor, wanted)).order_by(_V.id).limit(limit)
    if after is not None:
        query = query.where(_V.id > after)
    rows = [dict(row) for row in (await session.execute(query)).mappings()]
    note_versions(session, rows[: limit - 1], on=actor.on)
    return rows


async def count_entries(session: AsyncSession | ReadSession, *, actor: Actor, wanted: Wanted) -> int:
    """Return how many entries `list_entries` would give in all."""
    query = select(func.count()).select_from(_V).where(_of_office(actor, wanted))
    return await session.scalar(query) or 0


async def count_by_state(
    session: AsyncSession | ReadSession, *, actor: Actor, wanted: Wanted
) -> dict[tuple[str, str], int]:
    """Return how many entries there are by state and authority."""
    query = (
        select(_V.state, _V.authority_code, func.count())
        .where(_of_office(actor, wanted))
        .group_by(_V.state, _V.authority_code)
    )
    found: Any = await session.execute(query)
    return {(state, code): count for state, code, count in found}
