"""Taking sealed reports in, and settling them. What is sealed is neither opened nor looked into here: there is no key to do it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id
from service.access.rules import Actor
from service.clock import legal_day
from service.db import driver, violated_constraint
from service.models import PlatformReport, ReportRequest
from service.reports.keys.queries import find_key_by_kid
from service.reports.keys.rules import TAKEN, key_state
from service.reports.queries import count_kept, count_parts, find_first, get_report, insert_notice
from service.reports.receipts import KIND, receipt_content
from service.reports.requests.queries import get_request
from service.reports.requests.rules import (
    ENDED,
    ONLY_ASKED,
    RECEIVED_TOPIC,
    NotWhatWasAsked,
    RequestEnded,
    RequestState,
)
from service.reports.rules import (
    MOST_KEPT,
    AlreadyReported,
    Envelope,
    NotYourEnvelope,
    ReportSettled,
    ReportState,
    TooMuchKept,
    WrongSealingKey,
    check_period,
    due_on,
)
from service.reports.sealing import Header, read_header
from service.signing.keys import SigningKeys
from service.versions import ExpectedVersion


async def take_report(
    session: AsyncSession, *, sealed: str, keys: SigningKeys, actor: Actor, now: datetime
) -> PlatformReport:
    """Take a sealed report in, and sign its receipt.

    Raises:
        MalformedSeal, SealTooLarge, WrongPeriod: see `read_header` and `check_period`.
        NotYourEnvelope: it is another platform's.
        WrongSealingKey: the authority does not open it, or not any more.
        NoSuchRequest, RequestEnded, NotWhatWasAsked: it answers no request that was made to this platform.
        AlreadyReported: it came before.
        TooMuchKept: as much of the platform's is kept as may be.
    """
    header, today = read_header(sealed), legal_day(now)
    envelope = header.envelope
    if envelope.platform != actor.id:
        raise NotYourEnvelope(
            f"The envelope names the platform {envelope.platform}; you are {actor.id}. Seal it again with --platform {actor.id}.",
            detail_zh="封装信息中的平台与密钥持有者不符。",
        )
    check_period(envelope.kind, envelope.period, today=today)
    connection = await driver(session)
    if await count_kept(connection, principal_id=actor.id) + len(sealed) > MOST_KEPT:
        raise TooMuchKept(
            f"{MOST_KEPT:,} bytes of sealed reports are kept of a platform at most.",
            detail_zh="暂存的密封报告已达上限。",
        )
    await _check_key(session, header, now=now)
    request = await _answered(session, envelope, actor=actor)
    last = due_on(envelope.kind, envelope.period) if request is None else request.due_on
    report = PlatformReport(
        id=new_id(),
        envelope_id=envelope.id,
        principal_id=actor.id,
        authority_code=envelope.authority,
        version_no=1,
        kind=envelope.kind,
        period_from=envelope.period.first,
        period_until=envelope.period.last,
        counts=dict(envelope.counts),
        part=envelope.part,
        parts=envelope.parts,
        request_id=envelope.request_id,
        kid=header.kid,
        digest=header.digest,
        bytes_count=len(sealed),
        sealed=sealed,
        due_on=last,
        late=last is not None and today > last,
        received_at=now,
        state=ReportState.RECEIVED,
        reasons=[],
    )
    told = envelope.members() | {
        "report_id": str(report.id),
        "digest": header.digest,
        "kid": header.kid,
        "received_at": now.isoformat(),
        "late": report.late,
    }
    report.receipt = keys.sign(receipt_content(told), kind=KIND, now=now)
    await _add(session, report)
    await insert_notice(connection, topic=RECEIVED_TOPIC, kind="platform_report", about=report.id, now=now)
    if (
        request is not None
        and await count_parts(connection, request_id=request.id, parts=envelope.parts) == envelope.parts
    ):
        request.state, request.answered_at = RequestState.ANSWERED, now
        request.version_no += 1
        await session.flush()
    return report


async def _check_key(session: AsyncSession, header: Header, *, now: datetime) -> None:
    code = header.envelope.authority
    key = await find_key_by_kid(session, kid=header.kid, authority_code=code)
    state = None if key is None else key_state(seals_until=key.seals_until, retired_at=key.retired_at, now=now)
    if state not in TAKEN:
        raise WrongSealingKey(
            f"The report is sealed to the key {header.kid}, which is {'none' if state is None else 'a ' + state + ' one'} of"
            f" {code}: take the present one from /v1/sealing-keys?authority={code} and seal it again.",
            detail_zh="所用公钥不是该机关在用的公钥，请更换后重新密封。",
        )


async def _answered(session: AsyncSession, envelope: Envelope, *, actor: Actor) -> ReportRequest | None:
    if envelope.request_id is None:
        if envelope.kind in ONLY_ASKED:
            raise NotWhatWasAsked(
                f"A report of the kind {envelope.kind} answers a request: seal it with --request.",
                detail_zh="协助执法信息须对应机关的请求。",
            )
        return None
    request = await get_request(session, request_id=envelope.request_id, actor=actor, lock=True)
    if request.state in ENDED:
        raise RequestEnded(f"The request was {request.state}.", detail_zh="该请求已办结或撤回。")
    if (request.principal_id, request.authority_code, request.kind) != (actor.id, envelope.authority, envelope.kind):
        raise NotWhatWasAsked(
            f"The request asks {request.kind} for {request.authority_code}; the report is {envelope.kind} for {envelope.authority}.",
            detail_zh="报告与请求的机关或类别不符。",
        )
    return request


async def _add(session: AsyncSession, report: PlatformReport) -> None:
    try:
        async with session.begin_nested():
            session.add(report)
    except IntegrityError as error:
        if violated_constraint(error) not in {
            "uq_platform_report_digest",
            "uq_platform_report_principal_id_envelope_id",
        }:
            raise
        first = await find_first(
            session, digest=report.digest, principal_id=report.principal_id, envelope_id=report.envelope_id
        )
        raise AlreadyReported(
            f"This report came before, as {'another one' if first is None else first.id}. A corrected one is sealed anew.",
            detail_zh="该报告已报送；更正后请重新密封。",
            report_id=None if first is None else str(first.id),
        ) from error


async def settle_report(
    session: AsyncSession,
    *,
    report_id: UUID,
    outcome: str,
    reasons: Sequence[str],
    expected: ExpectedVersion,
    actor: Actor,
    now: datetime,
) -> PlatformReport:
    """Accept a report, or return it; a request that it answered is open again then.

    Raises:
        NoSuchReport: none of this id is addressed to an authority for which the actor works.
        VersionRequired, VersionMismatch: it changed meanwhile.
        ReportSettled: it was settled before.
    """
    report = await get_report(session, report_id=report_id, actor=actor, office_only=True, lock=True)
    expected.check(report.version_no)
    if report.state != ReportState.RECEIVED:
        raise ReportSettled(f"It was {report.state} before.", detail_zh="该报告已处理。")
    report.state, report.reasons = outcome, list(dict.fromkeys(reasons))
    report.settled_by, report.settled_at = str(actor.id), now
    report.version_no += 1
    if report.request_id is not None and outcome == ReportState.RETURNED:
        request = await get_request(session, request_id=report.request_id, actor=actor, lock=True)
        if request.state == RequestState.ANSWERED:
            request.state, request.answered_at, request.version_no = RequestState.OPEN, None, request.version_no + 1
    await session.flush()
    return report
