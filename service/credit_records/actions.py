"""Recording, correcting, reporting and withdrawing credit records of the further classes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role
from service.access.seen import note_owners
from service.catalog.rules import Catalog
from service.clock import legal_day
from service.credit_records.queries import Row, append_version, find_record, insert_record
from service.credit_records.rules import (
    BodyRefused,
    NoSuchCreditRecord,
    NothingToReport,
    NumberTaken,
    RecordWithdrawn,
    check_body,
    class_of,
    is_reported,
    natural_key,
)
from service.db import violated_constraint
from service.personal_data.rules import scan
from service.reading.document_numbers import read_document_no
from service.records.queries import ensure_subject, new_id, put_record_name
from service.records.rules import OtherAuthority, check_day
from service.versions import ExpectedVersion


@dataclass(frozen=True, slots=True)
class Statement:
    """What is stated of a record."""

    class_id: str
    party_name: str
    title: str
    document_no: str | None
    decided_on: date
    valid_from: date | None
    valid_until: date | None
    body: dict[str, Any]


def _columns(stated: Statement, *, today: date) -> Row:
    kind = class_of(stated.class_id)
    check_body(kind, stated.body)
    personal = [name for name in ("party_name", "title", "document_no") if scan(getattr(stated, name) or "")]
    if personal:
        raise BodyRefused(
            f"{', '.join(personal)} hold personal data.",
            detail_zh="含个人信息。",
            problems=dict.fromkeys(personal, "holds personal data"),
        )
    check_day("decided_on", stated.decided_on, today=today)
    if stated.valid_until is not None:
        first = stated.valid_from or stated.decided_on
        if stated.valid_until < first:
            raise BodyRefused(
                f"valid_until {stated.valid_until} lies before {first}.",
                detail_zh="有效期截止日早于起始日。",
                problems={"valid_until": "lies before the first day"},
            )
    return {
        "class_id": kind.id,
        "party_name": stated.party_name,
        "title": stated.title,
        "document_no": stated.document_no,
        "document_key": read_document_no(stated.document_no).normalised,
        "decided_on": stated.decided_on,
        "valid_from": stated.valid_from,
        "valid_until": stated.valid_until,
        "body": stated.body,
    }


async def record(
    session: AsyncSession,
    catalog: Catalog,
    *,
    uscc: str,
    stated: Statement,
    authority: str,
    actor: Actor,
    now: datetime,
) -> Row:
    """Record something of a class of the catalogue about a subject.

    Raises:
        OtherAuthority: the actor does not record for this authority.
        OutsideTheCatalog, BodyRefused: it may not be stored, or not so.
        NumberTaken: the authority has this number already.
        ImpossibleDay: it was decided in the future.
    """
    if not actor.acts_for(authority, Role.RECORDER) or authority not in catalog.authority_by_code:
        raise OtherAuthority(
            f"Your key records nothing for the authority {authority}.", detail_zh="该密钥不能以此机关名义录入。"
        )
    columns = _columns(stated, today=legal_day(now))
    note_owners(session, [authority])
    await ensure_subject(session, uscc=uscc, now=now)
    await put_record_name(session, uscc=uscc, name=stated.party_name)
    values = columns | {
        "uscc": uscc,
        "id": new_id(),
        "state": "recorded",
        "command": "record",
        "authority_code": authority,
        "authority_name": catalog.authority_by_code[authority].name,
        "source_code": f"own:{authority}",
        "actor": str(actor.id),
        "recorders": [str(actor.id)],
        "recorded_at": now,
    }
    try:
        async with session.begin_nested():
            return await insert_record(
                session, values, key=natural_key(columns["class_id"], authority, columns["document_key"])
            )
    except IntegrityError as error:
        raise _taken(error) from error


def _taken(error: IntegrityError) -> Exception:
    if violated_constraint(error) != "uq_credit_record_natural_key":
        return error
    return NumberTaken(
        "Your authority has a record of this class and number about this subject already.", detail_zh="该文号已录入。"
    )


@dataclass(frozen=True, slots=True)
class On:
    """Which record somebody works on, in which version, and when."""

    uscc: str
    record_id: UUID
    expected: ExpectedVersion
    actor: Actor
    now: datetime


async def _begin(session: AsyncSession, on: On) -> Row:
    row = await find_record(session, uscc=on.uscc, record_id=on.record_id, actor=on.actor, lock=True)
    if row is None:
        raise NoSuchCreditRecord(
            f"There is no credit record {on.record_id} here that you may see.", detail_zh="没有可供查看的此项记录。"
        )
    note_owners(session, [row["authority_code"]])
    if not on.actor.acts_for(row["authority_code"], Role.RECORDER):
        raise OtherAuthority("Only the record's own authority does this.", detail_zh="该记录属于其他机关。")
    on.expected.check(row["version_no"])
    if row["state"] != "recorded":
        raise RecordWithdrawn("The record was withdrawn.", detail_zh="该记录已撤回。")
    return row


def _event(on: On, command: str) -> Row:
    return {"command": command, "actor": str(on.actor.id), "recorded_at": on.now}


async def correct(session: AsyncSession, on: On, *, stated: Statement, reason: str) -> Row:
    """State a record anew; its class stays. The version before stays readable.

    Raises:
        Refusal: as `record` and `withdraw`.
    """
    row = await _begin(session, on)
    if stated.class_id != row["class_id"]:
        raise BodyRefused(
            f"It is a record of class {row['class_id']}; withdraw it and record the other one.",
            detail_zh="类别不可更改。",
            problems={"class_id": "differs"},
        )
    columns = _columns(stated, today=legal_day(on.now))
    await put_record_name(session, uscc=on.uscc, name=stated.party_name)
    written = sorted({*row["recorders"], str(on.actor.id)})
    changes = columns | _event(on, "correct") | {"reason": reason, "recorders": written}
    head = None
    if columns["document_key"] != row["document_key"]:
        head = {"natural_key": natural_key(row["class_id"], row["authority_code"], columns["document_key"])}
    try:
        async with session.begin_nested():
            return await append_version(session, row, changes, head=head)
    except IntegrityError as error:
        raise _taken(error) from error


async def withdraw(session: AsyncSession, on: On, *, reason: str) -> Row:
    """Withdraw a record: it speaks no more, and is seen by its own people only.

    Raises:
        NoSuchCreditRecord, OtherAuthority, RecordWithdrawn: there is none to withdraw.
        VersionRequired, VersionMismatch: the present version is not the expected one.
    """
    row = await _begin(session, on)
    changes = _event(on, "withdraw") | {"state": "withdrawn", "reason": reason}
    return await append_version(session, row, changes)


async def keep_reported(session: AsyncSession, on: On, *, reported_on: date) -> Row:
    """Enter that Credit China accepted a record; sending alone meets no deadline.

    Raises:
        NothingToReport: its class is not reported, or it was accepted already.
        ImpossibleDay: the day lies in the future or before the decision.
        Refusal: as `withdraw`.
    """
    row = await _begin(session, on)
    if not is_reported(class_of(row["class_id"]), row) or row["reported_on"] is not None:
        raise NothingToReport(
            "Its class is not reported to Credit China, or it was accepted already.", detail_zh="无需报送或已报送。"
        )
    check_day("reported_on", reported_on, today=legal_day(on.now), not_before=row["decided_on"])
    return await append_version(session, row, _event(on, "reported") | {"reported_on": reported_on})
