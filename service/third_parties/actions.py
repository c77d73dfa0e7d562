"""Services that show the data to others: registered with accepted terms, filed, looked at, complained of, suspended."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id, set_blocked
from service.access.rules import Actor
from service.changes.queries import find_head, list_known_versions
from service.changes.rules import ChangeKind, KnownVersion, ended_on
from service.clock import legal_day
from service.db import driver, violated_constraint
from service.models import ServiceComplaint, TakeDownCheck, ThirdPartyService
from service.records.rules import check_day
from service.third_parties.queries import get_service, lock_complaint
from service.third_parties.rules import (
    ANSWER_WITHIN,
    ComplaintSettled,
    SuspendedOrNot,
    check_duty,
    check_terms,
    is_late,
)
from service.versions import ExpectedVersion, VersionMismatch
from service.working_days.rules import Calendar, due_day


async def register_service(
    session: AsyncSession,
    *,
    name: str,
    operator: str,
    url: str,
    terms_version: str,
    expected: ExpectedVersion,
    actor: Actor,
    now: datetime,
) -> ThirdPartyService:
    """Register the actor's service, or change what it says; either accepts the terms in force.

    Raises:
        OtherTerms: others were accepted.
        VersionRequired, VersionMismatch: it changed meanwhile.
    """
    check_terms(terms_version)
    row = (
        await session.scalars(
            select(ThirdPartyService).where(ThirdPartyService.principal_id == actor.id).with_for_update()
        )
    ).one_or_none()
    expected.check(None if row is None else row.version_no)
    if row is None:
        row = ThirdPartyService(
            id=new_id(), principal_id=actor.id, version_no=0, state="active", filing="none", registered_at=now
        )
        session.add(row)
    if row.version_no == 0 or row.terms_version != terms_version:
        row.terms_version, row.terms_accepted_at = terms_version, now
    row.name, row.operator, row.url, row.changed_at = name, operator, url, now
    row.version_no += 1
    try:
        await session.flush()
    except IntegrityError as error:
        if violated_constraint(error) != "uq_third_party_service_principal_id":
            raise
        raise VersionMismatch(
            "Another request registered your service at the same moment. Read it again.",
            detail_zh="该服务刚刚已由另一请求登记，请重新读取。",
        ) from error
    return row


async def state_filing(
    session: AsyncSession,
    *,
    service_id: UUID,
    filing: str,
    filing_no: str | None,
    filed_with: str | None,
    filed_on: date | None,
    expected: ExpectedVersion,
    now: datetime,
) -> ThirdPartyService:
    """State whether a service is filed as a credit service, under which number, with whom and since when.

    Raises:
        NoSuchService: there is none of this id.
        ImpossibleDay: the day of the filing lies in the future.
        VersionRequired, VersionMismatch: it changed meanwhile.
    """
    row = await get_service(session, service_id=service_id, lock=True)
    expected.check(row.version_no)
    check_day("filed_on", filed_on, today=legal_day(now))
    row.filing, row.filing_no, row.filed_with, row.filed_on = filing, filing_no, filed_with, filed_on
    row.changed_at = now
    row.version_no += 1
    await session.flush()
    return row


async def check_take_downs(
    session: AsyncSession,
    *,
    service_id: UUID,
    seen: Sequence[tuple[str, UUID]],
    seen_on: date,
    actor: Actor,
    now: datetime,
) -> TakeDownCheck:
    """Hold a sample of what a service shows (code and record) against what is public here, and keep what was found.

    Raises:
        NoSuchService: there is none of this id.
        ImpossibleDay: the day on which it was seen lies in the future.
    """
    service = await get_service(session, service_id=service_id)
    on = legal_day(now)
    check_day("seen_on", seen_on, today=on)
    connection = await driver(session)
    head = (await find_head(connection)).position
    shown, unknown, found = 0, 0, []
    records = sorted(set(seen))
    known: dict[UUID, list[KnownVersion]] = {}
    for kind in (ChangeKind.PENALTY, ChangeKind.BLACKLIST_ENTRY):
        known |= await list_known_versions(connection, kind, records=records, upto=head)
    for _, record in records:
        versions = known.get(record, [])
        if versions and versions[-1].is_shown(on=on):
            shown += 1
            continue
        end = ended_on(versions, on=on)
        if end is None:
            unknown += 1
        else:
            found.append({"id": str(record), "ended_on": end.isoformat(), "late": is_late(end, seen_on=seen_on)})
    row = TakeDownCheck(
        id=new_id(),
        service_id=service.id,
        seen_on=seen_on,
        sample=len(records),
        shown=shown,
        ended=len(found),
        late=sum(bool(one["late"]) for one in found),
        unknown=unknown,
        found=found,
        checked_by=str(actor.id),
        checked_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def enter_complaint(
    session: AsyncSession,
    *,
    service_id: UUID,
    duty: str,
    statement: str,
    received_on: date,
    calendar: Calendar,
    actor: Actor,
    now: datetime,
) -> ServiceComplaint:
    """Enter a complaint that a service breaks a duty of the terms; it is to be answered within 15 working days.

    Raises:
        NoSuchService: there is none of this id.
        NoSuchDuty: the terms have no such duty.
        ImpossibleDay: the day on which it was received lies in the future.
    """
    service = await get_service(session, service_id=service_id)
    check_duty(duty)
    check_day("received_on", received_on, today=legal_day(now))
    row = ServiceComplaint(
        id=new_id(),
        service_id=service.id,
        duty=duty,
        statement=statement,
        received_on=received_on,
        answer_by=due_day(received_on, ANSWER_WITHIN, calendar).on,
        entered_by=str(actor.id),
        entered_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def settle_complaint(
    session: AsyncSession, *, service_id: UUID, complaint_id: UUID, outcome: str, reason: str, now: datetime
) -> ServiceComplaint:
    """Say what came of a complaint.

    Raises:
        NoSuchComplaint: the service has none of this id.
        ComplaintSettled: it was settled before.
    """
    row = await lock_complaint(session, service_id=service_id, complaint_id=complaint_id)
    if row.outcome is not None:
        raise ComplaintSettled(f"It was {row.outcome} before.", detail_zh="该投诉已办结。")
    row.outcome, row.reason, row.settled_at = outcome, reason, now
    await session.flush()
    return row


async def suspend_service(
    session: AsyncSession, *, service_id: UUID, suspended: bool, reason: str, actor: Actor, now: datetime
) -> ThirdPartyService:
    """Suspend a service, so that none of its keys is let in, or let it in again.

    Raises:
        NoSuchService: there is none of this id.
        SuspendedOrNot: it is so already.
    """
    row = await get_service(session, service_id=service_id, lock=True)
    if (row.state == "suspended") is suspended:
        raise SuspendedOrNot(f"{row.name} is {row.state} already.", detail_zh="该服务已处于该状态。")
    await set_blocked(session, principal_id=row.principal_id, blocked=suspended, by=str(actor.id), now=now)
    row.state = "suspended" if suspended else "active"
    row.suspended_reason, row.suspended_at = (reason, now) if suspended else (None, None)
    row.changed_at = now
    row.version_no += 1
    await session.flush()
    return row
