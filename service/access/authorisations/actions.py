from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id
from service.access.authorisations.queries import get_authorisation
from service.access.authorisations.rules import AuthorisationRevoked, NoSuchAuthorisation
from service.access.principals.queries import get_principal
from service.access.principals.rules import check_days
from service.access.queries import raise_access_version
from service.access.rules import Actor, Role
from service.models import SubjectAuthorisation


async def register_authorisation(
    session: AsyncSession,
    *,
    uscc: str,
    principal_id: UUID,
    from_on: date,
    until_on: date,
    document: str,
    actor: Actor,
    now: datetime,
) -> SubjectAuthorisation:
    """Note that a principal has proven to the actor's authority to be an enterprise's agent.

    Raises:
        WhichAuthority: the actor is a registrar of several authorities.
        NoSuchPrincipal: there is none of this id.
        ImpossibleDays: it would end before it begins.
    """
    check_days(from_on, until_on)
    authority_code = actor.authority_for(Role.REGISTRAR)
    await get_principal(session, principal_id=principal_id)
    row = SubjectAuthorisation(
        id=new_id(),
        uscc=uscc,
        principal_id=principal_id,
        authority_code=authority_code,
        from_on=from_on,
        until_on=until_on,
        document=document,
        registered_by=str(actor.id),
        registered_at=now,
    )
    session.add(row)
    await session.flush()
    await raise_access_version(session)
    return row


async def revoke_authorisation(
    session: AsyncSession, *, authorisation_id: UUID, actor: Actor, now: datetime
) -> SubjectAuthorisation:
    """End an authorisation before its last day.

    Raises:
        NoSuchAuthorisation: none of this id was registered by an authority for which the actor is a registrar.
        AuthorisationRevoked: it is revoked already.
    """
    row = await get_authorisation(session, authorisation_id=authorisation_id, actor=actor, lock=True)
    if not actor.acts_for(row.authority_code, Role.REGISTRAR):
        raise NoSuchAuthorisation(f"No authorisation {authorisation_id}.", detail_zh="没有此编号的授权登记。")
    if row.revoked_at is not None:
        raise AuthorisationRevoked("The authorisation was revoked already.", detail_zh="该授权已被撤销。")
    row.revoked_by, row.revoked_at = str(actor.id), now
    await session.flush()
    await raise_access_version(session)
    return row
