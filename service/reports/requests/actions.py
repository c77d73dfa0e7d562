"""Asking platforms for reports, and ending what was asked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id
from service.access.rules import Actor
from service.clock import legal_day
from service.models import ReportRequest
from service.reports.requests.queries import get_request, list_platforms
from service.reports.requests.rules import (
    ENDED,
    NoSuchPlatform,
    NotYourRequest,
    RequestEnded,
    RequestState,
    check_open_words,
    due,
)
from service.reports.rules import ReportKind
from service.reports.sight import OFFICE
from service.versions import ExpectedVersion
from service.working_days.rules import Calendar


async def make_request(
    session: AsyncSession,
    *,
    authority_code: str | None,
    platform: UUID,
    kind: ReportKind,
    statement: str,
    legal_basis: str,
    working_days: int,
    calendar: Calendar,
    actor: Actor,
    now: datetime,
) -> ReportRequest:
    """Ask a platform for a report, due after so many working days.

    Raises:
        NotYourRequest: the actor does not work for this authority.
        WhichAuthority: it works for several, and does not say which.
        PersonalDataInRequest: the words name a person.
        NoSuchPlatform: nobody of this id is a platform.
    """
    code = authority_code or actor.authority_for(*OFFICE)
    if not actor.acts_for(code, *OFFICE):
        raise NotYourRequest(f"You do not work for {code}.", detail_zh="应由本机关人员提出。")
    check_open_words(statement, legal_basis)
    today = legal_day(now)
    if not await list_platforms(session, on=today, after=None, limit=1, only=platform):
        raise NoSuchPlatform(f"There is no platform {platform}.", detail_zh="没有该平台。")
    due_on, provisional = due(today, working_days, calendar)
    row = ReportRequest(
        id=new_id(),
        authority_code=code,
        principal_id=platform,
        version_no=1,
        kind=kind,
        statement=statement,
        legal_basis=legal_basis,
        working_days=working_days,
        due_on=due_on,
        due_provisional=provisional,
        state=RequestState.OPEN,
        made_by=str(actor.id),
        made_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def end_request(
    session: AsyncSession, *, request_id: UUID, outcome: str, expected: ExpectedVersion, actor: Actor, now: datetime
) -> ReportRequest:
    """Close a request, or withdraw it.

    Raises:
        NoSuchRequest: the actor sees none of this id.
        NotYourRequest: it is the platform's to answer, not to end.
        VersionRequired, VersionMismatch: it changed meanwhile.
        RequestEnded: it ended before.
    """
    row = await get_request(session, request_id=request_id, actor=actor, lock=True)
    if not actor.acts_for(row.authority_code, *OFFICE):
        raise NotYourRequest(f"{row.authority_code} ends its own requests.", detail_zh="应由提出机关办结。")
    expected.check(row.version_no)
    if row.state in ENDED:
        raise RequestEnded(f"It was {row.state} before.", detail_zh="该请求已办结或撤回。")
    row.state, row.ended_at = outcome, now
    row.version_no += 1
    await session.flush()
    return row
