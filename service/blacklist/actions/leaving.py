"""Off the list, or hidden: removal, revocation, suspension, recall; and revocations that open by themselves."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.blacklist.actions import KIND, begin, content_of, entry_tests, findings, finish, known_list
from service.blacklist.queries import (
    close_revocation,
    find_open_correction,
    list_supported_entries,
    open_revocation,
)
from service.blacklist.rules import MOVES, EntryState, NoOpenRevocation
from service.blacklist.rules.entry_test import check
from service.catalog.rules import Catalog
from service.penalties.rules import CorrectionOpen
from service.records.actions import Order, with_recorder
from service.records.outbox import AUTHORITY_NOTICE, queue_publication, queue_withdrawal, tell_party
from service.records.queries import Row, insert_outbox, new_id
from service.records.rules import check_day
from service.records.terms import due_by, due_view

#: The term within which an entry is revoked whose penalty fell. Source: SAMR令44号 art. 19.
REVOCATION_TERM = "D10"


async def remove(
    session: AsyncSession,
    catalog: Catalog,
    order: Order,
    *,
    reason: str,
    basis: str,
    document_no: str | None,
    since: date,
) -> Row:
    """Take the subject off the list because its cause is gone; `since` is the day from which the term for it runs (D24).

    Raises:
        ImpossibleDay: `since` lies in the future or before the listing.
        Refusal: `begin` says which others.
    """
    move = MOVES["remove"]
    row = await begin(session, order, move)
    check_day("since", since, today=order.today, not_before=row["listed_on"], of="listing")
    test = entry_tests().get(row["list_id"])
    deadline = None if test is None else test.removal_deadline
    term = None if deadline is None else due_by(catalog, deadline, since)
    act = due_view(deadline, term)
    return await _end(
        session, order, row, "remove", "removed", reason=reason, basis=basis, document_no=document_no, on=since, act=act
    )


async def revoke(session: AsyncSession, order: Order, *, reason: str, basis: str, document_no: str | None) -> Row:
    """Revoke an entry; an open revocation ends with it.

    Raises:
        Refusal: `begin` says which.
    """
    row = await begin(session, order, MOVES["revoke"])
    return await _end(
        session, order, row, "revoke", "revoked", reason=reason, basis=basis, document_no=document_no, on=order.today
    )


async def _end(
    session: AsyncSession,
    order: Order,
    row: Row,
    command: str,
    ending: str,
    *,
    reason: str,
    basis: str,
    document_no: str | None,
    on: date,
    act: dict[str, Any] | None = None,
) -> Row:
    changes = {"removed_on": order.today, "removal_grounds": reason, "removal_document_no": document_no}
    made = await finish(
        session, order, MOVES[command], row, changes=changes, ending=ending, reason=reason, basis=basis, effective_on=on,
        act=act,
    )  # fmt: skip
    await close_revocation(
        session,
        uscc=row["uscc"],
        entry_id=row["id"],
        state="revoked" if ending == "revoked" else "ended",
        decided_by=str(order.actor.id),
        reason=reason,
        now=order.now,
    )
    await queue_withdrawal(session, KIND, made, now=order.now)
    await tell_party(session, KIND, made, now=order.now)
    return made


async def suspend(session: AsyncSession, order: Order, *, reason: str, basis: str) -> Row:
    """Hide an entry while an order to suspend stands; the end of its window does not move.

    Raises:
        Refusal: `begin` says which.
    """
    move = MOVES["suspend"]
    row = await begin(session, order, move)
    made = await finish(session, order, move, row, reason=reason, basis=basis)
    await queue_withdrawal(session, KIND, made, now=order.now)
    return made


async def recall(session: AsyncSession, order: Order, *, reason: str) -> Row:
    """Hide an entry at once, alone. Whoever recalls it cannot be the one who reviews that afterwards.

    Raises:
        Refusal: `begin` says which.
    """
    move = MOVES["recall"]
    row = await begin(session, order, move)
    changes = {"recorders": with_recorder(row, order), "reviewer": None}
    made = await finish(session, order, move, row, changes=changes, reason=reason)
    await queue_withdrawal(session, KIND, made, now=order.now)
    return made


async def show_again(session: AsyncSession, order: Order, command: str, *, reason: str) -> Row:
    """Show a suspended (`resume`) or recalled (`republish`) entry again, for what is left of its window.

    Raises:
        CorrectionOpen: a correction of what was recalled waits; decide that.
        Refusal: `begin` says which.
    """
    move = MOVES[command]
    row = await begin(session, order, move)
    if command == "republish" and await find_open_correction(session, uscc=row["uscc"], entry_id=row["id"]):
        raise CorrectionOpen("A correction of it waits for its review; decide that.", detail_zh="有更正待审核。")
    reviewer = str(order.actor.id) if command == "republish" else row["reviewer"]
    made = await finish(session, order, move, row, changes={"reviewer": reviewer}, reason=reason)
    await queue_publication(session, KIND, made, now=order.now)
    return made


async def keep(session: AsyncSession, catalog: Catalog, order: Order, *, reason: str) -> Row:
    """Decide an open revocation by keeping the entry, which must pass the test of its list by what stands now.

    Raises:
        NoOpenRevocation: none is open.
        EntryTestFailed: it does not pass.
        Refusal: `begin` says which others.
    """
    move = MOVES["keep"]
    row = await begin(session, order, move)
    known = known_list(catalog, row["list_id"])
    check(await findings(session, entry_tests()[known.id], row, content_of(row)))
    closed = await close_revocation(
        session, uscc=row["uscc"], entry_id=row["id"], state="kept", decided_by=str(order.actor.id), reason=reason,
        now=order.now,
    )  # fmt: skip
    if not closed:
        raise NoOpenRevocation("No revocation of this entry is open.", detail_zh="没有待处理的撤销事项。")
    return await finish(session, order, move, row, changes={"reviewer": str(order.actor.id)}, reason=reason)


async def open_revocations(
    session: AsyncSession, catalog: Catalog, *, uscc: str, penalty_id: UUID, fell_on: date, now: datetime
) -> int:
    """Ask the test again for every entry that rests on a fallen penalty, and open a revocation where it fails.

    Called in the transaction in which the penalty falls, after its version was written. Returns how many were opened.

    Source: SAMR令44号 art. 19 (three working days from the fall).
    """
    opened = 0
    for row in await list_supported_entries(session, uscc=uscc, penalty_id=penalty_id):
        test = entry_tests().get(row["list_id"])
        if test is None or row["state"] not in {EntryState.PUBLISHED, EntryState.SUSPENDED, EntryState.RECALLED}:
            continue
        failed = [one for one in await findings(session, test, row, content_of(row)) if not one.holds]
        if not failed:
            continue
        term = due_by(catalog, REVOCATION_TERM, fell_on)
        is_new = await open_revocation(
            session,
            {
                "uscc": uscc,
                "id": new_id(),
                "entry_id": row["id"],
                "penalty_id": penalty_id,
                "authority_code": row["authority_code"],
                "fell_on": fell_on,
                "due_on": fell_on if term is None else term.on,
                "provisional": term is None or term.provisional,
                "found": "; ".join(f"{one.id}: {one.found}" for one in failed),
                "state": "open",
                "opened_at": now,
            },
        )
        if is_new:
            await insert_outbox(
                session,
                topic=AUTHORITY_NOTICE,
                channels=[None],
                kind=KIND,
                row=row,
                now=now,
                due_on=None if term is None else term.on,
            )
            opened += 1
    return opened
