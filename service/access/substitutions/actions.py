from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import check_authority_exists, new_id
from service.access.principals.queries import get_principal
from service.access.queries import find_own_grants, raise_access_version
from service.access.rules import Actor
from service.access.substitutions.queries import get_substitution
from service.access.substitutions.rules import Planned, SubstitutionEnded, check_may_plan, check_planned
from service.models import Substitution


async def register_substitution(
    session: AsyncSession, planned: Planned, *, actor: Actor, now: datetime
) -> Substitution:
    """Let a principal hold a role for somebody else, for some days.

    Who hands on his own place needs nobody else; what an administrator decides counts once another one has confirmed it.

    Raises:
        NotYourPlace: the actor may not decide this.
        NoSuchPrincipal, NotFound: there is no such principal, or authority.
        Refusal: what it rests on is not there; see `check_planned`.
    """
    check_may_plan(actor, for_principal_id=planned.for_principal_id, principal_id=planned.principal_id)
    await check_authority_exists(session, planned.authority_code)
    await get_principal(session, principal_id=planned.principal_id)
    taken = planned.for_principal_id
    if taken is not None:
        await get_principal(session, principal_id=taken)
    check_planned(
        planned,
        stand_in=await find_own_grants(session, principal_id=planned.principal_id),
        taken=() if taken is None else await find_own_grants(session, principal_id=taken),
        hierarchy=actor.hierarchy,
    )
    row = Substitution(
        id=new_id(),
        kind=planned.kind.value,
        principal_id=planned.principal_id,
        role=planned.role.value,
        authority_code=planned.authority_code,
        for_principal_id=taken,
        from_on=planned.from_on,
        until_on=planned.until_on,
        basis=planned.basis,
        registered_by=str(actor.id),
        registered_at=now,
        confirmed_at=now if taken == actor.id else None,
    )
    session.add(row)
    await session.flush()
    await raise_access_version(session)
    return row


async def end_substitution(
    session: AsyncSession, *, substitution_id: UUID, actor: Actor, now: datetime
) -> Substitution:
    """End a substitution before its last day. Whoever stands in may lay it down himself.

    Raises:
        NoSuchSubstitution: there is none that the actor may read.
        NotYourPlace: the actor may not decide this.
        SubstitutionEnded: it is ended already.
    """
    row = await get_substitution(session, substitution_id=substitution_id, actor=actor, lock=True)
    if row.principal_id != actor.id:
        check_may_plan(actor, for_principal_id=row.for_principal_id, principal_id=row.principal_id)
    if row.ended_at is not None:
        raise SubstitutionEnded("The substitution was ended already.", detail_zh="该代理已终止。")
    row.ended_by, row.ended_at = str(actor.id), now
    await session.flush()
    await raise_access_version(session)
    return row
