"""Hiding, showing again and ending: what happens to a penalty after it was published."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.blacklist.actions.leaving import open_revocations
from service.catalog.queries import Catalog
from service.errors import Invalid
from service.penalties.actions import (
    KIND,
    Order,
    begin,
    content_of,
    draft_columns,
    finish,
    first_days,
    public_columns,
    review,
    work_out,
)
from service.penalties.actions.drafts import already_recorded
from service.penalties.actions.reviews import Signature, check_window, kept
from service.penalties.queries import (
    find_open_correction,
    find_same_number,
    insert_notice,
    list_successors,
    release_number,
)
from service.penalties.rules import (
    MOVES,
    ONCE_SHOWN,
    CorrectionOpen,
    Fall,
    NoSuccessor,
    NotASuccessor,
    SameSubject,
    State,
    natural_key,
)
from service.penalties.rules.gate import check_signed
from service.penalties.rules.windows import place_of
from service.personal_data.rules import scan
from service.records.outbox import queue_publication, queue_withdrawal, tell_party
from service.records.queries import (
    Event,
    Row,
    drop_record_name,
    ensure_subject,
    get_current,
    insert_record,
    new_id,
    put_record_name,
)
from service.records.rules import ImpossibleDay, NoSuchRecord, check_day
from service.records.terms import due_by, due_view
from service.rulebook.rules import GSXT_SYSTEMS

#: Terms for stopping publication after a decision fell: of SAMR's order, and of every authority.
SAMR_TERM: Final = "D05"
GENERAL_TERM: Final = "D06"


class PersonalDataInText(Invalid):
    """A text that everybody will read holds personal data; write it without."""

    code = "personal_data_in_text"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Why and when a decision fell. `reason` is public until `notice_until`; `successor_id` is the changed decision's record."""

    fall: Fall
    reason: str
    basis: str
    fell_on: date
    notice_until: date
    successor_id: UUID | None = None


async def withdraw(session: AsyncSession, catalog: Catalog, order: Order, *, withdrawal: Withdrawal) -> Row:
    """End a penalty whose decision fell: hidden at once, with a public notice where it had been shown.

    Raises:
        ImpossibleDay: it fell in the future or before it was decided, or the notice would be over already.
        PersonalDataInText: the public reason holds personal data.
        NoSuccessor: a changed decision names none, or one of another authority.
        Refusal: `begin` says which others.

    Source: 行政处罚法 art. 48; SAMR令45号 art. 11.
    """
    move = MOVES["withdraw"]
    row = await begin(session, order, move)
    check_day("fell_on", withdrawal.fell_on, today=order.today, not_before=row["decided_on"])
    if withdrawal.notice_until < order.today:
        raise ImpossibleDay(
            f"notice_until {withdrawal.notice_until} lies before today ({order.today}).",
            detail_zh="公告期限不得早于今日。",
        )
    if scan(withdrawal.reason):
        raise PersonalDataInText(
            "The public reason holds personal data; write it without.", detail_zh="公开理由含个人信息。"
        )
    await _check_successor(session, row, withdrawal)
    deadline = SAMR_TERM if catalog.authority_by_code[row["authority_code"]].system in GSXT_SYSTEMS else GENERAL_TERM
    term = due_by(catalog, deadline, withdrawal.fell_on)
    made = await finish(
        session,
        order,
        move,
        row,
        ending="withdrawn",
        reason=withdrawal.reason,
        basis=withdrawal.basis,
        effective_on=withdrawal.fell_on,
        act={
            "fall": withdrawal.fall.value,
            "notice_until": withdrawal.notice_until.isoformat(),
            **due_view(deadline, term),
            "successor_id": None if withdrawal.successor_id is None else str(withdrawal.successor_id),
        },
    )
    if row["state"] in ONCE_SHOWN:
        await insert_notice(
            session,
            {
                "uscc": row["uscc"],
                "penalty_id": row["id"],
                "document_no": row["document_no"],
                "authority_code": row["authority_code"],
                "authority_name": row["authority_name"],
                "fall": withdrawal.fall.value,
                "reason": withdrawal.reason,
                "fell_on": withdrawal.fell_on,
                "shown_from": order.today,
                "shown_until": withdrawal.notice_until,
            },
        )
        await queue_withdrawal(session, KIND, made, now=order.now, due_on=None if term is None else term.on)
        await tell_party(session, KIND, made, now=order.now)
    await open_revocations(
        session, catalog, uscc=row["uscc"], penalty_id=row["id"], fell_on=withdrawal.fell_on, now=order.now
    )
    return made


async def _check_successor(session: AsyncSession, row: Row, withdrawal: Withdrawal) -> None:
    if withdrawal.successor_id is None:
        if withdrawal.fall is Fall.CHANGED:
            raise NoSuccessor(
                "A changed decision names its successor: record the new decision first, as a draft.",
                detail_zh="变更决定应关联新决定，请先录入新决定。",
            )
        return
    try:
        successor = await get_current(session, KIND, uscc=row["uscc"], record_id=withdrawal.successor_id)
    except NoSuchRecord:
        successor = None
    if successor is None or successor["id"] == row["id"] or successor["authority_code"] != row["authority_code"]:
        raise NoSuccessor(
            f"{withdrawal.successor_id} is no other penalty of this subject and authority.",
            detail_zh="所指新决定不存在。",
        )


async def suspend(session: AsyncSession, order: Order, *, ground: str, reason: str, basis: str) -> Row:
    """Hide a penalty while an order to suspend stands; `basis` is the order. The end of its window does not move.

    Raises:
        Refusal: `begin` says which.

    Source: 行政处罚法 art. 73 (a suit or a reconsideration alone suspends nothing).
    """
    move = MOVES["suspend"]
    row = await begin(session, order, move)
    made = await finish(session, order, move, row, reason=reason, basis=basis, act={"ground": ground})
    await queue_withdrawal(session, KIND, made, now=order.now)
    return made


async def resume(session: AsyncSession, order: Order, *, reason: str) -> Row:
    """Show a suspended penalty again, for what is left of its window.

    Raises:
        Refusal: `begin` says which.
    """
    move = MOVES["resume"]
    row = await begin(session, order, move)
    made = await finish(session, order, move, row, reason=reason)
    await queue_publication(session, KIND, made, now=order.now)
    return made


async def recall(session: AsyncSession, order: Order, *, cause: str, reason: str) -> Row:
    """Hide a penalty at once, alone. Whoever recalls it cannot be the one who reviews that afterwards.

    Raises:
        Refusal: `begin` says which.
    """
    move = MOVES["recall"]
    row = await begin(session, order, move)
    changes = {"recorders": sorted({*row["recorders"], str(order.actor.id)}), "reviewer": None}
    made = await finish(session, order, move, row, changes=changes, reason=reason, act={"cause": cause})
    await queue_withdrawal(session, KIND, made, now=order.now)
    return made


async def republish(session: AsyncSession, catalog: Catalog, order: Order, *, reason: str, signature: Signature) -> Row:
    """Show a recalled penalty again as it was, after it passed the gate again; its first day of publication stays.

    Raises:
        GateFailed, NotSigned, TierDiffers: the review does not pass.
        CorrectionOpen: a correction waits; decide that.
        WindowOver: its time is over.
        Refusal: `begin` says which others.
    """
    move = MOVES["republish"]
    row = await begin(session, order, move)
    if await find_open_correction(session, uscc=row["uscc"], penalty_id=row["id"]):
        raise CorrectionOpen("A correction of it waits for its review; decide that.", detail_zh="有更正待审核。")
    content = content_of(row)
    checklist = await review(session, catalog, row, content, today=order.today)
    check_signed(checklist, tier=signature.tier, signed=signature.signed)
    published_on, public_from = first_days(row, today=order.today)
    windows = work_out(catalog, row, content, published_on=published_on, public_from=public_from)
    check_window(windows.public.ends_on, today=order.today)
    changes = public_columns(content, windows) | {
        "tier_basis": signature.tier_basis,
        "reviewer": str(order.actor.id),
    }
    made = await finish(session, order, move, row, changes=changes, reason=reason, act=kept(checklist, signature))
    await put_record_name(session, uscc=made["uscc"], name=made["party_name"])
    await queue_publication(session, KIND, made, now=order.now)
    return made


async def move_to(
    session: AsyncSession,
    catalog: Catalog,
    order: Order,
    *,
    to_uscc: str,
    party_name: str,
    reason: str,
    succession_basis: str | None = None,
) -> tuple[Row, Row]:
    """Take a penalty from the wrong firm to the right one, in one act: hidden here at once, submitted for review there.

    With `succession_basis`, what says that it follows a firm that goes on under another code, it was never on a wrong firm:
    what was known of it before stays known, and what rests on it stands. A move that was a mistake itself is undone by
    another: back at the first firm it is a new record, the one that was moved away stays ended.

    Returns the ended version here and the new record there, which keeps the first day of publication.

    Raises:
        SameSubject: it is the same firm.
        NotASuccessor: it should follow a succession that the registration does not state.
        AlreadyRecorded: the right firm has this document number already, on a record that was not moved away from it.
        Refusal: `begin` says which others.
    """
    move = MOVES["move"]
    row = await begin(session, order, move)
    if to_uscc == row["uscc"]:
        raise SameSubject(f"It belongs to {to_uscc} already.", detail_zh="该记录已属于此主体。")
    follows = succession_basis is not None
    if follows and to_uscc not in await list_successors(session, uscc=row["uscc"]):
        raise NotASuccessor(
            f"No registration of {row['uscc']} says that it goes on under {to_uscc}; its registrar states that first.",
            detail_zh="该主体的登记信息未载明此承继主体。",
        )
    there = new_id()
    ended = await finish(
        session, order, move, row, ending="followed" if follows else "moved", reason=reason, basis=succession_basis,
        silences_before=not follows, act={"moved_to": {"uscc": to_uscc, "id": str(there)}},
    )  # fmt: skip
    await drop_record_name(session, uscc=row["uscc"], name=row["party_name"])
    if row["state"] in ONCE_SHOWN:
        await queue_withdrawal(session, KIND, ended, now=order.now)
        await tell_party(session, KIND, ended, now=order.now)
    if not follows:
        await open_revocations(
            session, catalog, uscc=row["uscc"], penalty_id=row["id"], fell_on=order.today, now=order.now
        )
    authority = catalog.authority_by_code[row["authority_code"]]
    content = replace(content_of(row), party_name=party_name)
    published_on, public_from = first_days(row, today=order.today)
    target = {"uscc": to_uscc, "authority_code": row["authority_code"]}
    windows = work_out(catalog, target, content, published_on=published_on, public_from=public_from)
    key = natural_key(row["authority_code"], content, there)
    await ensure_subject(session, uscc=to_uscc, now=order.now)
    await release_number(session, uscc=to_uscc, natural_key=key)
    if other := await find_same_number(session, uscc=to_uscc, natural_key=key):
        raise already_recorded(other)
    columns = draft_columns(content, windows) | {
        "authority_code": row["authority_code"],
        "authority_name": row["authority_name"],
        "party_type": place_of(authority, to_uscc).party_type,
        "source_code": f"own:{row['authority_code']}",
        "recorders": sorted({*row["recorders"], str(order.actor.id)}),
        "published_on": row["published_on"],
    }
    event = Event(
        "move", State.SUBMITTED, str(order.actor.id), "recorded", order.now, reason=reason,
        act={"moved_from": {"uscc": row["uscc"], "id": str(row["id"])}},
    )  # fmt: skip
    try:
        async with session.begin_nested():
            made = await insert_record(
                session, KIND, uscc=to_uscc, record_id=there, natural_key=key, content=columns, event=event
            )
    except IntegrityError as error:
        other = await find_same_number(session, uscc=to_uscc, natural_key=key)
        if other is None:
            raise
        raise already_recorded(other) from error
    return ended, made
