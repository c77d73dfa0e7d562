"""From a draft to the list: proposed, told, heard, consented to, listed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, OwnWork, Role
from service.blacklist.actions import (
    KIND,
    begin,
    content_columns,
    content_of,
    findings,
    finish,
    get_visible,
    known_list,
    window_columns,
    window_of,
)
from service.blacklist.queries import find_foreign_penalties, find_listed, find_same_day, lock_supports, put_supports
from service.blacklist.rules import (
    CONSENT,
    MOVES,
    TEXTS,
    AlreadyListed,
    ConsentMissing,
    EntryContent,
    EntryState,
    NoHigherAuthority,
    NoSuchPenalty,
    StatementPeriodOpen,
    natural_key,
)
from service.blacklist.rules.entry_test import EntryTest, check, findings_view, needs_consent, test_of
from service.catalog.rules import Catalog
from service.clock import legal_day
from service.personal_data.rules import blank, scan
from service.records.actions import Order, with_recorder
from service.records.outbox import queue_publication, tell_party
from service.records.queries import Event, Row, ensure_subject, insert_record, lock_current, new_id, put_record_name
from service.records.rules import ImpossibleDay, Move, OtherAuthority, WrongState, check_day
from service.records.terms import due_by, due_view


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry to be drafted: the list, what is stated, and the penalties it rests on."""

    list_id: str
    content: EntryContent
    penalties: tuple[UUID, ...]


async def draft_entry(
    session: AsyncSession,
    catalog: Catalog,
    *,
    uscc: str,
    draft: EntryDraft,
    authority: str,
    actor: Actor,
    now: datetime,
) -> Row:
    """Draft an entry of a subject on a list.

    Raises:
        OtherAuthority: the actor is no lister of this authority.
        UnknownList, NotEnteredHere, ListEnded: nobody can be entered on this list.
        NoSuchPenalty: a supporting penalty is none of this subject and authority.
        ImpossibleDay: a day lies in the future.
    """
    if not actor.acts_for(authority, Role.LISTER) or authority not in catalog.authority_by_code:
        raise OtherAuthority(
            f"Your key lists nobody for the authority {authority}.", detail_zh="该密钥不能以此机关名义列入。"
        )
    today = legal_day(now)
    test_of(known_list(catalog, draft.list_id), today=today)
    check_day("found_on", draft.content.found_on, today=today)
    entry_id = new_id()
    await ensure_subject(session, uscc=uscc, now=now)
    content = content_columns(draft.content) | {
        "list_id": draft.list_id,
        "listed_on_grade": "stated",
        "authority_code": authority,
        "authority_name": catalog.authority_by_code[authority].name,
        "source_code": f"own:{authority}",
        "recorders": [str(actor.id)],
        "public_reason": "not_listed_yet",
    }
    row = await insert_record(
        session,
        KIND,
        uscc=uscc,
        record_id=entry_id,
        natural_key=natural_key(draft.list_id, None, entry_id),
        content=content,
        event=Event("draft", EntryState.DRAFT, str(actor.id), "recorded", now),
        head={"list_id": draft.list_id},
    )
    await _support(session, row, draft.penalties, actor=actor, now=now)
    return row


async def _support(session: AsyncSession, row: Row, penalties: Sequence[UUID], *, actor: Actor, now: datetime) -> None:
    foreign = await find_foreign_penalties(
        session, uscc=row["uscc"], penalty_ids=penalties, authority_code=row["authority_code"]
    )
    if foreign:
        raise NoSuchPenalty(
            f"No penalties of this subject by {row['authority_code']}: {', '.join(map(str, foreign))}.",
            detail_zh="所列处罚不属于该主体或者非本机关作出。",
        )
    await put_supports(
        session, uscc=row["uscc"], entry_id=row["id"], penalty_ids=penalties, added_by=str(actor.id), now=now
    )


async def edit_entry(session: AsyncSession, order: Order, *, changes: dict[str, Any], penalties: Sequence[UUID]) -> Row:
    """Change fields of a draft, and link further penalties.

    Raises:
        Refusal: `begin` and `draft_entry` say which.
    """
    move = MOVES["edit"]
    row = await begin(session, order, move)
    content = replace(content_of(row), **changes)
    check_day("found_on", content.found_on, today=order.today)
    await _support(session, row, penalties, actor=order.actor, now=order.now)
    columns = content_columns(content) | {"recorders": with_recorder(row, order)}
    return await finish(session, order, move, row, changes=columns)


async def propose(session: AsyncSession, catalog: Catalog, order: Order) -> Row:
    """Propose an entry that passes the test of its list; grounds with personal data get a redaction.

    Raises:
        EntryTestFailed: it does not pass.
        ListEnded, NotEnteredHere: nobody can be entered on this list today.
        Refusal: `begin` says which others.
    """
    move = MOVES["propose"]
    row = await begin(session, order, move)
    test = test_of(known_list(catalog, row["list_id"]), today=order.today)
    content = _with_redactions(content_of(row))
    found = await findings(session, test, row, content)
    check(found)
    term = None
    if test.entry_deadline is not None and content.found_on is not None:
        term = due_by(catalog, test.entry_deadline, content.found_on)
    return await finish(
        session,
        order,
        move,
        row,
        changes=content_columns(content) | {"recorders": with_recorder(row, order)},
        act={
            "test": findings_view(found),
            **due_view(test.entry_deadline, term),
        },
    )


def _with_redactions(content: EntryContent) -> EntryContent:
    text = content.grounds
    if text and "grounds" not in content.redactions and scan(text):
        return replace(content, redactions={**content.redactions, "grounds": blank(text)})
    return content


async def notify(session: AsyncSession, order: Order, *, notified_on: date, statement_until: date) -> Row:
    """Record that the subject was told of grounds, basis and rights, and until when it may make its statement.

    Raises:
        ImpossibleDay: it was told in the future, or the period ends before it was told.
        Refusal: `begin` says which others.
    """
    move = MOVES["notify"]
    row = await begin(session, order, move)
    check_day("notified_on", notified_on, today=order.today)
    if statement_until < notified_on:
        raise ImpossibleDay(
            f"statement_until {statement_until} lies before the notice ({notified_on}).",
            detail_zh="陈述期限早于告知日。",
        )
    changes = {"notified_on": notified_on, "statement_until": statement_until, "recorders": with_recorder(row, order)}
    made = await finish(session, order, move, row, changes=changes, effective_on=notified_on)
    await tell_party(session, KIND, made, now=order.now)
    return made


async def record_statement(
    session: AsyncSession, order: Order, *, statement: str, no_intent_evidence: str | None
) -> Row:
    """Record what the subject said; evidence of no intent bars the entry where the list's test asks.

    Raises:
        Refusal: `begin` says which.
    """
    move = MOVES["record-statement"]
    row = await begin(session, order, move)
    facts = dict(row["facts"] or {})
    if no_intent_evidence is not None:
        facts["no_intent_evidence"] = no_intent_evidence
    changes = {"facts": facts or None, "recorders": with_recorder(row, order)}
    return await finish(session, order, move, row, changes=changes, reason=statement)


async def consent(
    session: AsyncSession, order: Order, move: Move, *, document_no: str | None, reason: str | None
) -> Row:
    """Consent to an entry as the next higher authority, or (`REFUSE_CONSENT`) refuse to.

    Raises:
        NoHigherAuthority: the actor consents for no authority above the entry's.
        OwnWork: the actor wrote the entry.
        VersionMismatch, WrongState: as everywhere.
    """
    await get_visible(session, uscc=order.uscc, record_id=order.record_id, actor=order.actor)
    row = await lock_current(session, KIND, uscc=order.uscc, record_id=order.record_id)
    if not order.actor.oversees(row["authority_code"], Role.CONSENTER):
        raise NoHigherAuthority(
            f"Only an authority above {row['authority_code']} may do this.", detail_zh="须由上一级机关办理。"
        )
    order.expected.check(row["version_no"])
    if row["state"] not in move.sources:
        raise WrongState(
            f"To {move.command} the entry must be notified; it is {row['state']}.",
            detail_zh="记录当前状态不允许此操作。",
            state=row["state"],
            possible=[],
        )
    if str(order.actor.id) in row["recorders"]:
        raise OwnWork("You wrote this entry; somebody else has to consent to it.", detail_zh="不得同意自己录入的内容。")
    changes = {} if move is not CONSENT else {"consented_on": order.today, "consent_document_no": document_no}
    return await finish(session, order, move, row, changes=changes, reason=reason, basis=document_no)


@dataclass(frozen=True, slots=True)
class Listing:
    """The decision to list: its number and legal basis, and when the notice about credit repair was served with it (D09)."""

    document_no: str
    basis: str
    repair_notice_served_on: date


async def list_subject(session: AsyncSession, catalog: Catalog, order: Order, *, listing: Listing) -> Row:
    """Enter the subject on the list from today on. The test is asked again, with its penalties held still.

    Raises:
        EntryTestFailed: it does not pass any more.
        ListEnded, NotEnteredHere: nobody can be entered on this list today.
        StatementPeriodOpen, ConsentMissing: the procedure is not at its end.
        AlreadyListed: the subject is on the list.
        ImpossibleDay: the notice was served in the future.
        Refusal: `begin` says which others.
    """
    move = MOVES["list"]
    await get_visible(session, uscc=order.uscc, record_id=order.record_id, actor=order.actor)
    await lock_supports(session, uscc=order.uscc, entry_id=order.record_id)
    row = await begin(session, order, move)
    known = known_list(catalog, row["list_id"])
    test = test_of(known, today=order.today)
    check_day("repair_notice_served_on", listing.repair_notice_served_on, today=order.today)
    _check_procedure(catalog, test, row, today=order.today)
    content = content_of(row)
    found = await findings(session, test, row, content)
    check(found)
    if other := await find_listed(session, uscc=row["uscc"], list_id=known.id, today=order.today, other_than=row["id"]):
        raise AlreadyListed(
            f"The subject is on {known.id} already, by {other}.", detail_zh="该主体已在名单中。", id=str(other)
        )
    key = natural_key(known.id, order.today, row["id"])
    if await find_same_day(session, uscc=row["uscc"], natural_key=key):
        raise AlreadyListed(
            f"The subject was entered on {known.id} today already, and left it; it may be entered again from tomorrow on.",
            detail_zh="该主体今天已列入并移出过此名单，明天起方可再次列入。",
        )
    public = {name: content.redactions[name] for name in TEXTS if name in content.redactions}
    columns = (
        content_columns(content)
        | public
        | {
            "originals": {name: row[name] for name in public} or None,
            "held_texts": [],
            "document_no": listing.document_no,
            "listed_on": order.today,
            "listed_on_grade": "stated",
            "listed_on_basis": listing.basis,
            "repair_notice_served_on": listing.repair_notice_served_on,
            "reviewer": str(order.actor.id),
        }
    )
    columns |= window_columns(window_of(known, {**row, **columns}))
    made = await finish(
        session,
        order,
        move,
        row,
        changes=columns,
        natural_key=key,
        basis=listing.basis,
        effective_on=order.today,
        act={"test": findings_view(found), "list_grade": known.grade},
    )
    await put_record_name(session, uscc=made["uscc"], name=made["party_name"])
    await queue_publication(session, KIND, made, now=order.now)
    await tell_party(session, KIND, made, now=order.now)
    return made


def _check_procedure(catalog: Catalog, test: EntryTest, row: Row, *, today: date) -> None:
    if test.notice and row["notified_on"] is None:
        raise StatementPeriodOpen(
            "The subject was not told of grounds, basis and rights yet.", detail_zh="尚未告知当事人。", until=None
        )
    if row["statement_until"] is not None and today <= row["statement_until"]:
        raise StatementPeriodOpen(
            f"The subject may make its statement until {row['statement_until']}.",
            detail_zh="当事人陈述申辩期限未满。",
            until=row["statement_until"].isoformat(),
        )
    authority = catalog.authority_by_code[row["authority_code"]]
    if needs_consent(test, authority.division_code) and row["consented_on"] is None:
        raise ConsentMissing(
            f"{authority.name} needs the consent of the next higher authority for this list.",
            detail_zh="须经上一级机关同意。",
        )


async def not_list(session: AsyncSession, order: Order, *, reason: str) -> Row:
    """Decide that the subject is not listed.

    Raises:
        Refusal: `begin` says which.
    """
    move = MOVES["not-list"]
    row = await begin(session, order, move)
    made = await finish(session, order, move, row, changes={"reviewer": str(order.actor.id)}, reason=reason)
    if row["notified_on"] is not None:
        await tell_party(session, KIND, made, now=order.now)
    return made
