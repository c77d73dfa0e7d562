"""Objections: by anyone who may see the record, decided with reasons by its authority."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.blacklist.rules import MOVES as ENTRY_MOVES
from service.catalog.rules import Catalog
from service.changes.rules import ChangeKind
from service.penalties.rules import MOVES as PENALTY_MOVES
from service.records.actions import Order, standing_of
from service.records.outbox import AUTHORITY_NOTICE, queue_withdrawal
from service.records.queries import Event, Row, append_version, insert_outbox, lock_current, new_id
from service.records.rules import check_day, decide
from service.records.terms import due_by
from service.repair.actions import begin, begin_own, get_record
from service.repair.queries import insert_case, move_case
from service.repair.rules import OBJECTION_MOVES, TAKE_BACK_OBJECTION, ObjectionState, review_routes
from service.versions import ANY_VERSION

#: The term for answering a query about published information; wrong information is corrected promptly (D07).
QUERY: Final = "D20"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is objected to, and why. `received_on` is the day from which the term runs."""

    record_kind: str
    record_id: UUID
    nature: str
    statement: str
    received_on: date


async def file_objection(
    session: AsyncSession, catalog: Catalog, *, uscc: str, complaint: Complaint, actor: Actor, order: Order
) -> Row:
    """File an objection to a record; the authority is queued to be told.

    Raises:
        NoSuchRecord: there is no such record that the actor may see.
        ImpossibleDay: it was received in the future.
    """
    kind = ChangeKind(complaint.record_kind)
    record = await get_record(session, kind, uscc=uscc, record_id=complaint.record_id, actor=actor)
    check_day("received_on", complaint.received_on, today=order.today)
    term = due_by(catalog, QUERY, complaint.received_on) if complaint.nature == "query" else None
    made = await insert_case(
        session,
        "objection",
        {
            "uscc": uscc,
            "id": new_id(),
            "state": ObjectionState.OPEN,
            "record_kind": kind.value,
            "record_id": record["id"],
            "authority_code": record["authority_code"],
            "nature": complaint.nature,
            "statement": complaint.statement,
            "filed_by": str(actor.id),
            "filed_at": order.now,
            "received_on": complaint.received_on,
            "due_on": None if term is None else term.on,
            "provisional": term is not None and term.provisional,
        },
        command="file",
        now=order.now,
    )
    await insert_outbox(
        session, topic=AUTHORITY_NOTICE, channels=[None], kind=kind, row=record, now=order.now, due_on=made["due_on"]
    )
    return made


async def decide_objection(
    session: AsyncSession, order: Order, command: str, *, reason: str, hide: bool = False
) -> Row:
    """Uphold or reject an objection, with reasons; an upheld one may hide the record until it is put right.

    Raises:
        Refusal: `begin` says which.
    """
    row = await begin(session, "objection", OBJECTION_MOVES, order, command)
    if hide:
        await _hide(session, order, row, reason=reason)
    changes = {
        "decided_on": order.today,
        "decided_by": str(order.actor.id),
        "decision_reason": reason,
        "hidden": row["hidden"] or hide,
    }
    return await move_case(
        session, "objection", row=row, state=OBJECTION_MOVES[command].target or row["state"], changes=changes,
        command=command, actor=str(order.actor.id), reason=reason, act={"review_routes": review_routes()}, now=order.now,
    )  # fmt: skip


async def hide_meanwhile(session: AsyncSession, order: Order, *, reason: str) -> Row:
    """Order that the record is hidden while the objection is open: it is suspended, and its end does not move.

    Raises:
        Refusal: `begin`, and the record's own move `suspend`, say which.
    """
    row = await begin(session, "objection", OBJECTION_MOVES, order, "uphold")
    await _hide(session, order, row, reason=reason)
    return await move_case(
        session, "objection", row=row, state=row["state"], changes={"hidden": True}, command="hide",
        actor=str(order.actor.id), reason=reason, act=None, now=order.now,
    )  # fmt: skip


async def _hide(session: AsyncSession, order: Order, case: Row, *, reason: str) -> None:
    kind = ChangeKind(case["record_kind"])
    moves = PENALTY_MOVES if kind is ChangeKind.PENALTY else ENTRY_MOVES
    record = await lock_current(session, kind, uscc=case["uscc"], record_id=case["record_id"])
    move = decide(moves, standing_of(record), "suspend", order.actor, expected=ANY_VERSION)
    made = await append_version(
        session,
        kind,
        current=record,
        changes={},
        event=Event(
            "suspend", move.target or record["state"], str(order.actor.id), move.event, order.now, reason=reason,
            basis=f"objection {case['id']}", act={"ground": "own_decision"},
        ),
    )  # fmt: skip
    await queue_withdrawal(session, kind, made, now=order.now)


async def take_back_objection(session: AsyncSession, order: Order) -> Row:
    """Take an objection back.

    Raises:
        Refusal: `begin_own` says which.
    """
    row = await begin_own(session, "objection", TAKE_BACK_OBJECTION, order)
    return await move_case(
        session, "objection", row=row, state=ObjectionState.TAKEN_BACK, changes={}, command="take-back",
        actor=str(order.actor.id), reason=None, act=None, now=order.now,
    )  # fmt: skip
