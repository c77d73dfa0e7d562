"""Corrections of what is listed, and entries that were made against the wrong firm."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import check_separation
from service.blacklist.actions import (
    KIND,
    begin,
    content_columns,
    content_of,
    entry_tests,
    findings,
    finish,
    get_visible,
    known_list,
    window_columns,
    window_of,
)
from service.blacklist.queries import (
    close_correction,
    close_revocation,
    find_open_correction,
    find_same_day,
    insert_correction,
)
from service.blacklist.rules import (
    FIELDS,
    MAY_PROPOSE,
    MAY_REJECT,
    MOVES,
    TEXTS,
    AlreadyListed,
    EntryContent,
    EntryState,
    changed_fields,
    natural_key,
)
from service.blacklist.rules.entry_test import check, findings_view
from service.catalog.rules import Catalog
from service.db import ReadSession, violated_constraint
from service.models import EntryCorrection
from service.penalties.rules import CorrectionOpen, NoOpenCorrection, NothingChanged, SameSubject
from service.personal_data.rules import blank, scan
from service.records.actions import Order
from service.records.outbox import queue_publication, queue_withdrawal, tell_party
from service.records.queries import (
    Event,
    Row,
    drop_record_name,
    ensure_subject,
    insert_record,
    new_id,
    put_record_name,
)
from service.records.rules import OtherAuthority, check_day

_DAYS: Final = ("found_on", "repair_notice_served_on", "listed_on")


async def propose_correction(
    session: AsyncSession, order: Order, *, nature: str, reason: str, changes: dict[str, Any]
) -> UUID:
    """Propose a correction of an entry; it changes nothing until a reviewer puts it in force.

    Raises:
        NothingChanged: every field has that value already.
        CorrectionOpen: another one waits.
        ImpossibleDay: a day lies in the future, or the day of listing before the notice.
        Refusal: `begin` says which others.
    """
    row = await begin(session, order, MAY_PROPOSE)
    read = _read(changes)
    check_day("found_on", read.get("found_on"), today=order.today)
    check_day("listed_on", read.get("listed_on"), today=order.today, not_before=row["notified_on"], of="notice")
    if not changed_fields(row, read):
        raise NothingChanged("Every field has that value already.", detail_zh="更正内容与现有内容相同。")
    correction_id = new_id()
    try:
        async with session.begin_nested():
            await insert_correction(
                session,
                {
                    "uscc": row["uscc"],
                    "id": correction_id,
                    "entry_id": row["id"],
                    "state": "proposed",
                    "nature": nature,
                    "reason": reason,
                    "changes": changes,
                    "proposed_by": str(order.actor.id),
                    "proposed_at": order.now,
                },
            )
    except IntegrityError as error:
        if violated_constraint(error) != "uq_blacklist_entry_correction_open":
            raise
        raise CorrectionOpen(
            "A correction of it waits for its review already.", detail_zh="已有更正待审核。"
        ) from error
    return correction_id


def _read(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: date.fromisoformat(value) if name in _DAYS and value is not None else value
        for name, value in changes.items()
    }


async def open_correction(session: AsyncSession | ReadSession, order: Order) -> tuple[EntryCorrection, Row]:
    """Return the open correction of an entry and its current version.

    Raises:
        NoSuchRecord: there is no entry that the actor may see.
        OtherAuthority: it is another authority's.
        NoOpenCorrection: none waits.
    """
    row = await get_visible(session, uscc=order.uscc, record_id=order.record_id, actor=order.actor)
    if not order.actor.acts_for(row["authority_code"], *MAY_PROPOSE.roles, *MAY_REJECT.roles):
        raise OtherAuthority("Only the record's own authority corrects it.", detail_zh="该记录属于其他机关。")
    return await _open(session, row), row


async def _open(session: AsyncSession | ReadSession, row: Row) -> EntryCorrection:
    correction = await find_open_correction(session, uscc=row["uscc"], entry_id=row["id"])
    if correction is None:
        raise NoOpenCorrection("No correction of it waits for a review.", detail_zh="没有待审核的更正。")
    return correction


async def correct(session: AsyncSession, catalog: Catalog, order: Order, *, note: str) -> Row:
    """Put the open correction in force. The entry must pass the test of its list by the corrected facts.

    Its days do not move, unless the day of listing itself is corrected: the period of the list counts from that one, and the
    entry is shown no earlier than it was.
    Before and after stay public side by side, unless the correction is about personal data or secrets.

    Raises:
        NoOpenCorrection: none waits.
        AlreadyListed: the subject has another entry of the corrected day.
        EntryTestFailed: by the corrected facts the subject does not belong on the list: revoke the entry.
        OwnWork: the actor proposed it, or wrote the entry.
        Refusal: `begin` says which others.

    Source: SAMR令45号 art. 12; 企业信息公示暂行条例 art. 12.
    """
    move = MOVES["correct"]
    row = await begin(session, order, move)
    correction = await _open(session, row)
    check_separation(order.actor, recorded_by=[correction.proposed_by])
    changes = _read(correction.changes)
    content = _corrected(row, changes)
    test = entry_tests().get(row["list_id"])
    found = [] if test is None else await findings(session, test, row, content)
    check(found)
    columns = _public_columns(row, content, changes) | {
        "reviewer": str(order.actor.id),
        "recorders": sorted({*row["recorders"], correction.proposed_by}),
    }
    listed_on: date | None = changes.get("listed_on")
    key = None
    if listed_on is not None and listed_on != row["listed_on"]:
        columns |= _dated(catalog, row, listed_on)
        key = natural_key(row["list_id"], listed_on, row["id"])
        if await find_same_day(session, uscc=row["uscc"], natural_key=key):
            raise AlreadyListed(
                f"The subject has an entry on {row['list_id']} of {listed_on} already.", detail_zh="该日已有列入记录。"
            )
    made = await finish(
        session,
        order,
        move,
        row,
        changes=columns,
        natural_key=key,
        reason=correction.reason,
        silences_before=correction.nature != "content",
        act={
            "correction_id": str(correction.id),
            "nature": correction.nature,
            "note": note,
            "differs": changed_fields(row, changes),
            "test": findings_view(found),
        },
    )
    await _close(session, order, correction, state="applied", reason=note, version_no=made["version_no"])
    if made["party_name"] != row["party_name"]:
        await drop_record_name(session, uscc=row["uscc"], name=row["party_name"])
    await put_record_name(session, uscc=made["uscc"], name=made["party_name"])
    queue = queue_publication if made["state"] == EntryState.PUBLISHED else queue_withdrawal
    await queue(session, KIND, made, now=order.now)
    return made


def _dated(catalog: Catalog, row: Row, listed_on: date) -> dict[str, Any]:
    """Return the columns of an entry that was listed on another day: its period anew, shown no earlier than it was."""
    window = window_of(known_list(catalog, row["list_id"]), {**row, "listed_on": listed_on})
    columns = window_columns(window) | {"listed_on": listed_on, "listed_on_grade": "stated"}
    return columns | {"public_from": max(row["public_from"] or listed_on, listed_on)}


def _texts(row: Row, changes: Mapping[str, Any]) -> dict[str, str | None]:
    held = {**row, **(row["originals"] or {})}
    return {name: changes.get(name, held[name]) for name in TEXTS}


def _corrected(row: Row, changes: Mapping[str, Any]) -> EntryContent:
    """Return what an entry would hold, with a redaction of every public text in which the scan finds personal data."""
    content = content_of(row)
    # A redaction of a text that the correction replaces is of the old text.
    kept = {name: text for name, text in content.redactions.items() if name not in changes}
    stated = {name: value for name, value in changes.items() if name in FIELDS}
    content = replace(content, **({"redactions": kept} | stated))
    found = {name: blank(text) for name, text in _texts(row, changes).items() if text is not None and scan(text)}
    return replace(content, redactions=found | dict(content.redactions))


def _public_columns(row: Row, content: EntryContent, changes: Mapping[str, Any]) -> dict[str, Any]:
    texts = _texts(row, changes)
    public = {name: content.redactions.get(name, text) for name, text in texts.items()}
    originals = {name: text for name, text in texts.items() if name in content.redactions}
    return content_columns(content) | public | {"originals": originals or None, "held_texts": []}


async def reject_correction(session: AsyncSession, order: Order, *, reason: str) -> Row:
    """Refuse the open correction; the entry stays as it is.

    Raises:
        NoOpenCorrection: none waits.
        OwnWork: the actor proposed it, or wrote the entry.
        Refusal: `begin` says which others.
    """
    row = await begin(session, order, MAY_REJECT)
    correction = await _open(session, row)
    check_separation(order.actor, recorded_by=[correction.proposed_by])
    await _close(session, order, correction, state="rejected", reason=reason, version_no=None)
    return row


async def _close(
    session: AsyncSession,
    order: Order,
    correction: EntryCorrection,
    *,
    state: str,
    reason: str,
    version_no: int | None,
) -> None:
    closed = await close_correction(
        session,
        uscc=correction.uscc,
        correction_id=correction.id,
        state=state,
        decided_by=str(order.actor.id),
        reason=reason,
        version_no=version_no,
        now=order.now,
    )
    if not closed:
        raise NoOpenCorrection("Somebody else decided it first.", detail_zh="该更正已被他人处理。")


async def move_entry(
    session: AsyncSession, order: Order, *, to_uscc: str, party_name: str, reason: str
) -> tuple[Row, Row]:
    """Take an entry off the wrong firm at once; at the right one it begins as a draft, without notice, consent or penalties.

    Returns the ended version here and the draft there.

    Raises:
        SameSubject: it is the same firm.
        Refusal: `begin` says which others.
    """
    move = MOVES["move"]
    row = await begin(session, order, move)
    if to_uscc == row["uscc"]:
        raise SameSubject(f"It belongs to {to_uscc} already.", detail_zh="该记录已属于此主体。")
    there = new_id()
    ended = await finish(
        session, order, move, row, changes={"removed_on": order.today}, ending="moved", reason=reason,
        effective_on=order.today, silences_before=True, act={"moved_to": {"uscc": to_uscc, "id": str(there)}},
    )  # fmt: skip
    await close_revocation(
        session, uscc=row["uscc"], entry_id=row["id"], state="ended", decided_by=str(order.actor.id), reason=reason,
        now=order.now,
    )  # fmt: skip
    await drop_record_name(session, uscc=row["uscc"], name=row["party_name"])
    await queue_withdrawal(session, KIND, ended, now=order.now)
    await tell_party(session, KIND, ended, now=order.now)
    await ensure_subject(session, uscc=to_uscc, now=order.now)
    content = replace(content_of(row), party_name=party_name, repair_notice_served_on=None, redactions={})
    columns = content_columns(content) | {
        "list_id": row["list_id"],
        "listed_on_grade": "stated",
        "authority_code": row["authority_code"],
        "authority_name": row["authority_name"],
        "source_code": f"own:{row['authority_code']}",
        "recorders": sorted({*row["recorders"], str(order.actor.id)}),
        "public_reason": "not_listed_yet",
    }
    made = await insert_record(
        session,
        KIND,
        uscc=to_uscc,
        record_id=there,
        natural_key=natural_key(row["list_id"], None, there),
        content=columns,
        event=Event(
            "move", EntryState.DRAFT, str(order.actor.id), "recorded", order.now, reason=reason,
            act={"moved_from": {"uscc": row["uscc"], "id": str(row["id"])}},
        ),
        head={"list_id": row["list_id"]},
    )  # fmt: skip
    return ended, made
