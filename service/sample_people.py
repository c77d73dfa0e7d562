"""Fictitious people of the sample authorities: one principal a role, with a fresh key at every start of the demo."""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id, roles_for
from service.access.keys.actions import NewKey, create_holder, issue_key, revoke_key
from service.access.principals.rules import DatedGrant
from service.access.queries import raise_access_version
from service.access.rules import AUTHORITY_ROLES, Role
from service.clock import legal_day
from service.models import ApiKey, SubjectAuthorisation
from service.samples import AUTHORITY, LISTED, PENALISED

#: Who is said to have made these keys; by it they are found again.
MAKER: Final = "demo"
#: The city's credit office watches deadlines of the whole region; a listing is consented to one level up.
AUTHORITIES: Final[dict[Role, tuple[str, ...]]] = {
    Role.SUPERVISOR: ("cq-credit-office",),
    Role.CONSENTER: (AUTHORITY, "samr"),
}
AUTHORISED_FOR: Final = timedelta(days=365)


async def make_people(session: AsyncSession, *, now: datetime) -> dict[str, str]:
    """Return a fresh key for each role, by role. The people stay who they were; the keys of the start before end."""
    before = await session.scalars(select(ApiKey).where(ApiKey.created_by == MAKER, ApiKey.revoked_at.is_(None)))
    holders = {}
    for key in before.all():
        holders[key.name] = key.principal_id
        await revoke_key(session, key_id=key.id, now=now)
    secrets = {}
    for role in Role:
        new = NewKey(f"demo {role}")
        if new.name in holders:
            made = await issue_key(session, principal_id=holders[new.name], new=new, now=now, by=MAKER)
        else:
            made = await create_holder(session, new=new, grants=_grants(role), now=now, by=MAKER)
            if role is Role.SUBJECT_AGENT:
                session.add_all(
                    SubjectAuthorisation(
                        id=new_id(),
                        uscc=uscc,
                        principal_id=made.principal_id,
                        authority_code=AUTHORITY,
                        document="示例授权委托书",
                        registered_by=MAKER,
                        registered_at=now,
                        **_days(legal_day(now)),
                    )
                    for uscc in (LISTED, PENALISED)
                )
        secrets[role.value] = made.secret
    await session.flush()
    await raise_access_version(session)
    return secrets


def _grants(role: Role) -> list[DatedGrant]:
    if role not in AUTHORITY_ROLES:
        return roles_for([role], None)
    return [DatedGrant(role, authority) for authority in AUTHORITIES.get(role, (AUTHORITY,))]


def _days(today: date) -> dict[str, date]:
    return {"from_on": today, "until_on": today + AUTHORISED_FOR}
