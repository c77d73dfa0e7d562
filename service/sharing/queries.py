from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import AUTHORITY_ROLES, Actor, Role
from service.access.visibility import among
from service.db import ReadSession
from service.models import DataImport, DataSupply, SharingAgreement
from service.sharing.rules import NoSuchAgreement


def _visible(actor: Actor) -> ColumnElement[bool]:
    if actor.audits_everything:
        return true()
    own = actor.authorities(*AUTHORITY_ROLES, Role.AUDITOR)
    return or_(among(SharingAgreement.requester_code, own), among(SharingAgreement.owner_code, own))


async def list_agreements(
    session: AsyncSession | ReadSession, *, actor: Actor, state: str | None, after: UUID | None, limit: int
) -> Sequence[SharingAgreement]:
    """Return the agreements of the actor's authorities, on either side, oldest first, behind the one named."""
    query = select(SharingAgreement).where(_visible(actor)).order_by(SharingAgreement.id).limit(limit)
    if state is not None:
        query = query.where(SharingAgreement.state == state)
    if after is not None:
        query = query.where(SharingAgreement.id > after)
    return (await session.scalars(query)).all()


async def get_agreement(
    session: AsyncSession | ReadSession, *, agreement_id: UUID, actor: Actor, lock: bool = False
) -> SharingAgreement:
    """Return an agreement that the actor may read, locked when it is to be changed.

    Raises:
        NoSuchAgreement: there is none.
    """
    query = select(SharingAgreement).where(SharingAgreement.id == agreement_id, _visible(actor))
    found = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise NoSuchAgreement(f"No sharing agreement {agreement_id}.", detail_zh="没有此编号的共享协议。")
    return found


async def list_supplies(
    session: AsyncSession | ReadSession,
    *,
    after: tuple[str, str] | None = None,
    only: tuple[str, str] | None = None,
    limit: int = 1,
) -> list[tuple[DataSupply, datetime | None]]:
    """Return what authorities say they supply, by authority and kind, behind the pair named; or `only` one of them.

    Beside each stands when that authority last delivered rows of a published source of this kind.
    """
    last = (
        select(DataImport.authority_code, DataImport.kind, func.max(DataImport.finished_at).label("at"))
        .where(DataImport.state == "finished", DataImport.source_code.is_not(None))
        .group_by(DataImport.authority_code, DataImport.kind)
        .subquery()
    )
    query = (
        select(DataSupply, last.c.at)
        .outerjoin(last, and_(last.c.authority_code == DataSupply.authority_code, last.c.kind == DataSupply.kind))
        .order_by(DataSupply.authority_code, DataSupply.kind)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(DataSupply.authority_code, DataSupply.kind) > after)
    if only is not None:
        query = query.where(DataSupply.authority_code == only[0], DataSupply.kind == only[1])
    return [(supply, at) for supply, at in await session.execute(query)]


async def lock_supply(session: AsyncSession, *, authority_code: str, kind: str) -> DataSupply | None:
    """Return what an authority says of one kind, locked until the transaction ends, or None where it has said nothing."""
    query = select(DataSupply).where(DataSupply.authority_code == authority_code, DataSupply.kind == kind)
    return (await session.scalars(query.with_for_update())).one_or_none()
