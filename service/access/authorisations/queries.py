from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.authorisations.rules import NoSuchAuthorisation
from service.access.rules import Actor, Role
from service.access.visibility import among
from service.db import ReadSession
from service.models import SubjectAuthorisation


def _visible(actor: Actor) -> ColumnElement[bool]:
    if actor.audits_everything:
        return true()
    return or_(
        SubjectAuthorisation.principal_id == actor.id,
        among(SubjectAuthorisation.authority_code, actor.authorities(Role.REGISTRAR, Role.AUDITOR)),
    )


async def list_authorisations(
    session: AsyncSession | ReadSession, *, actor: Actor, uscc: str | None, after: UUID | None, limit: int
) -> Sequence[SubjectAuthorisation]:
    """Return the authorisations that the actor may read, oldest first, behind the one named.

    A registrar reads those that its authorities registered, an agent its own.
    """
    query = select(SubjectAuthorisation).where(_visible(actor)).order_by(SubjectAuthorisation.id).limit(limit)
    if uscc is not None:
        query = query.where(SubjectAuthorisation.uscc == uscc)
    if after is not None:
        query = query.where(SubjectAuthorisation.id > after)
    return (await session.scalars(query)).all()


async def get_authorisation(
    session: AsyncSession | ReadSession, *, authorisation_id: UUID, actor: Actor, lock: bool = False
) -> SubjectAuthorisation:
    """Return an authorisation that the actor may read, locked when it is to be changed.

    Raises:
        NoSuchAuthorisation: there is none.
    """
    query = select(SubjectAuthorisation).where(SubjectAuthorisation.id == authorisation_id, _visible(actor))
    found = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise NoSuchAuthorisation(f"No authorisation {authorisation_id}.", detail_zh="没有此编号的授权登记。")
    return found
