from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import AUTHORITY_ROLES, Actor, Role
from service.access.substitutions.rules import NoSuchSubstitution
from service.access.visibility import among
from service.db import ReadSession
from service.models import Substitution


def _visible(actor: Actor) -> ColumnElement[bool]:
    if actor.audits_everything or actor.may(Role.ADMINISTRATOR):
        return true()
    return or_(
        Substitution.principal_id == actor.id,
        Substitution.for_principal_id == actor.id,
        among(Substitution.authority_code, actor.authorities(*AUTHORITY_ROLES, Role.AUDITOR)),
    )


async def list_substitutions(
    session: AsyncSession | ReadSession, *, actor: Actor, after: UUID | None, limit: int
) -> Sequence[Substitution]:
    """Return the substitutions that the actor may read, ended ones too, oldest first, behind the one named.

    These are its own, and those of the authorities for which it acts; administrators read all.
    """
    query = select(Substitution).where(_visible(actor)).order_by(Substitution.id).limit(limit)
    if after is not None:
        query = query.where(Substitution.id > after)
    return (await session.scalars(query)).all()


async def get_substitution(
    session: AsyncSession | ReadSession, *, substitution_id: UUID, actor: Actor, lock: bool = False
) -> Substitution:
    """Return a substitution that the actor may read, locked when it is to be changed.

    Raises:
        NoSuchSubstitution: there is none.
    """
    query = select(Substitution).where(Substitution.id == substitution_id, _visible(actor))
    found = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise NoSuchSubstitution(f"No substitution {substitution_id}.", detail_zh="没有此编号的代理。")
    return found
