from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import check_authority_exists, new_id
from service.access.principals.rules import check_days
from service.access.queries import raise_access_version
from service.access.rules import Actor
from service.models import DataSupply, SharingAgreement
from service.sharing.queries import get_agreement, lock_supply
from service.sharing.rules import BINDING, NotYours, SharedKind, State, WithItself, check_decision, check_revocation
from service.versions import ExpectedVersion, VersionMismatch


async def request_agreement(
    session: AsyncSession,
    *,
    requester_code: str | None,
    owner_code: str,
    kinds: Iterable[SharedKind],
    purpose: str,
    from_on: date,
    until_on: date,
    actor: Actor,
    now: datetime,
) -> SharingAgreement:
    """Ask another authority to open records of some kinds, for a purpose, for some time.

    Raises:
        WhichAuthority: the actor binds several authorities and names none.
        NotYours: the actor does not bind the one it names.
        WithItself, ImpossibleDays: it makes no sense.
        NotFound: the catalogue has no such authority.
    """
    check_days(from_on, until_on)
    requester = requester_code or actor.authority_for(BINDING)
    if not actor.acts_for(requester, BINDING):
        raise NotYours(f"The authority {requester} asks by its {BINDING}.", detail_zh="应由申请机关提出。")
    if requester == owner_code:
        raise WithItself(
            "An authority sees its own records without an agreement.", detail_zh="本机关数据无需申请共享。"
        )
    await check_authority_exists(session, owner_code)
    row = SharingAgreement(
        id=new_id(),
        requester_code=requester,
        owner_code=owner_code,
        kinds=sorted(set(kinds)),
        purpose=purpose,
        from_on=from_on,
        until_on=until_on,
        state=State.REQUESTED,
        requested_by=str(actor.id),
        requested_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def decide_agreement(
    session: AsyncSession,
    *,
    agreement_id: UUID,
    approved: bool,
    reason: str,
    until_on: date | None,
    actor: Actor,
    now: datetime,
) -> SharingAgreement:
    """Approve a request, perhaps for a shorter time, or refuse it, with a reason.

    Raises:
        NoSuchAgreement: there is none that the actor may read.
        NotYours, AgreementDecided, LongerThanAsked: see `check_decision`.
    """
    row = await get_agreement(session, agreement_id=agreement_id, actor=actor, lock=True)
    check_decision(
        actor,
        owner_code=row.owner_code,
        state=row.state,
        from_on=row.from_on,
        asked_until=row.until_on,
        until_on=until_on,
    )
    row.state = State.APPROVED if approved else State.REFUSED
    row.reason, row.decided_by, row.decided_at = reason, str(actor.id), now
    row.until_on = until_on or row.until_on
    await session.flush()
    await raise_access_version(session)
    return row


async def revoke_agreement(
    session: AsyncSession, *, agreement_id: UUID, reason: str, actor: Actor, now: datetime
) -> SharingAgreement:
    """End an approved agreement; within a second nothing is open by it any more.

    Raises:
        NoSuchAgreement: there is none that the actor may read.
        NotYours, AgreementDecided: see `check_revocation`.
    """
    row = await get_agreement(session, agreement_id=agreement_id, actor=actor, lock=True)
    check_revocation(actor, owner_code=row.owner_code, requester_code=row.requester_code, state=row.state)
    row.state = State.REVOKED
    row.revoked_by, row.revoked_at, row.revoked_because = str(actor.id), now, reason
    await session.flush()
    await raise_access_version(session)
    return row


async def state_supply(
    session: AsyncSession,
    *,
    authority_code: str,
    kind: str,
    description: str,
    every_days: int,
    expected: ExpectedVersion,
    actor: Actor,
    now: datetime,
) -> DataSupply:
    """Say what an authority supplies of one kind and how often; the same once more changes nothing.

    Raises:
        NotYours: the actor does not bind this authority.
        VersionRequired, VersionMismatch: the present statement is not the expected one.
    """
    if not actor.acts_for(authority_code, BINDING):
        raise NotYours(f"The authority {authority_code} says this, by its {BINDING}.", detail_zh="应由本机关填报。")
    row = await lock_supply(session, authority_code=authority_code, kind=kind)
    expected.check(None if row is None else row.version_no)
    if row is not None and (row.description, row.every_days) == (description, every_days):
        return row
    if row is None:
        row = DataSupply(authority_code=authority_code, kind=kind, version_no=0)
    row.description, row.every_days = description, every_days
    row.stated_by, row.stated_at = str(actor.id), now
    row.version_no += 1
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:  # two first statements at once: the other one came first
        raise VersionMismatch(
            "Somebody else has just said it. Read it again.", detail_zh="资源已被修改，请重新读取后再提交。"
        ) from error
    return row
