"""An application for repair, from its filing to the silence that follows a grant."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.blacklist.queries import close_revocation
from service.blacklist.rules import MOVES as ENTRY_MOVES
from service.catalog.rules import Catalog
from service.changes.rules import ChangeKind
from service.db import violated_constraint
from service.penalties.rules import MOVES as PENALTY_MOVES
from service.records.actions import Order
from service.records.outbox import (
    REPAIR_PUSH,
    REPAIR_RESULT,
    feeds_of,
    queue_withdrawal,
    tell_party,
)
from service.records.queries import Event, Row, append_version, insert_outbox, lock_current, new_id
from service.records.rules import check_day
from service.records.terms import due_by, due_view
from service.repair.actions import begin, begin_own, conditions, get_record, governing_rule, may_file, record_of
from service.repair.queries import find_province, insert_case, move_case
from service.repair.rules import (
    REPAIR_MOVES,
    TAKE_BACK,
    AlreadyReceived,
    CourtDocumentMissing,
    Intake,
    NothingToRepair,
    NotItsAgent,
    RepairOpen,
    RepairState,
    check_granted,
    check_refused,
    conditions_view,
    review_routes,
)
from service.rulebook.rules import GSXT_SYSTEMS
from service.working_days.rules import Due

#: Terms: the decision on acceptance, and the decision itself under the framework and under SAMR's order.
ACCEPTANCE: Final = "D13"
DECISION: Final = "D14"
SAMR_DECISION: Final = "D16"
PUSH_TERM: Final = "D17"
_SHOWN: Final = frozenset({"published", "suspended", "recalled"})


@dataclass(frozen=True, slots=True)
class Application:
    """What is applied for: a record, the ground, what is said, the commitment, and by which door it came on which day."""

    record_kind: str
    record_id: UUID
    ground: str
    statement: str
    commitment: str
    court_document_no: str | None
    intake: Intake
    received_on: date | None


async def file_repair(
    session: AsyncSession, catalog: Catalog, *, uscc: str, application: Application, actor: Actor, order: Order
) -> Row:
    """File an application. What comes by a statutory door starts the clock of acceptance; a local receipt starts none.

    Raises:
        NoSuchRecord: there is no such record that the actor may see.
        NotItsAgent: the actor is no agent of the firm and no repair officer of the authority.
        NothingToRepair: the record is not shown.
        RepairOpen: another application is open.
        CourtDocumentMissing: a reorganisation without the court's document.
        ImpossibleDay: it was received in the future.
    """
    kind = ChangeKind(application.record_kind)
    record = await get_record(session, kind, uscc=uscc, record_id=application.record_id, actor=actor)
    authority = record["authority_code"]
    if not may_file(actor, uscc=uscc, authority=authority):
        raise NotItsAgent(
            "Only an agent of the firm, or a repair officer of the record's authority, applies for it.",
            detail_zh="仅主体的代理人或者机关的修复经办人可以申请。",
        )
    if record["state"] not in _SHOWN:
        raise NothingToRepair(
            f"The record is {record['state']}: there is nothing to repair.", detail_zh="该记录无需修复。"
        )
    if application.ground == "bankruptcy_reorganisation" and not application.court_document_no:
        raise CourtDocumentMissing("Name the court's document.", detail_zh="请填写法院裁定文号。")
    is_officer = actor.acts_for(authority, *REPAIR_MOVES["receive"].roles)
    intake = application.intake if is_officer else Intake.LOCAL
    received_on = application.received_on if intake is not Intake.LOCAL else None
    if intake is not Intake.LOCAL:
        received_on = received_on or order.today
    check_day("received_on", received_on, today=order.today)
    values: dict[str, Any] = {
        "uscc": uscc,
        "id": new_id(),
        "state": RepairState.FILED,
        "record_kind": kind.value,
        "record_id": record["id"],
        "authority_code": authority,
        "ground": application.ground,
        "intake": intake.value,
        "statement": application.statement,
        "commitment": application.commitment,
        "court_document_no": application.court_document_no,
        "filed_by": str(actor.id),
        "filed_at": order.now,
        "clock_started_on": received_on,
    } | _acceptance(catalog, received_on)
    try:
        async with session.begin_nested():
            return await insert_case(session, "repair", values, command="file", now=order.now)
    except IntegrityError as error:
        if violated_constraint(error) != "uq_repair_open":
            raise
        raise RepairOpen("An application for this record is open.", detail_zh="该记录已有在办的修复申请。") from error


def _acceptance(catalog: Catalog, received_on: date | None) -> dict[str, Any]:
    term = None if received_on is None else due_by(catalog, ACCEPTANCE, received_on)
    return {
        "acceptance_due_on": None if term is None else term.on,
        "provisional": term is not None and term.provisional,
    }


async def receive(session: AsyncSession, catalog: Catalog, order: Order, *, intake: Intake, received_on: date) -> Row:
    """Record that an application filed here arrived by the statutory door: its clock starts on that day.

    Raises:
        AlreadyReceived: its clock runs already.
        ImpossibleDay: it was received in the future.
        Refusal: `begin` says which others.
    """
    row = await begin(session, "repair", REPAIR_MOVES, order, "receive")
    check_day("received_on", received_on, today=order.today)
    if row["clock_started_on"] is not None:
        raise AlreadyReceived(f"Its clock runs since {row['clock_started_on']}.", detail_zh="期限已开始计算。")
    changes = {"intake": intake.value, "clock_started_on": received_on} | _acceptance(catalog, received_on)
    return await _move(session, order, row, "receive", changes=changes, act={"received_on": received_on.isoformat()})


async def accept(session: AsyncSession, catalog: Catalog, order: Order) -> Row:
    """Accept an application: the row in force today sets its conditions, which are shown one by one; the clock starts.

    Raises:
        Refusal: `begin` says which.
    """
    row = await begin(session, "repair", REPAIR_MOVES, order, "accept")
    record = await record_of(session, row)
    rule = governing_rule(catalog, record, row["record_kind"], on=order.today)
    is_samr = catalog.authority_by_code[row["authority_code"]].system in GSXT_SYSTEMS
    term = due_by(catalog, SAMR_DECISION if is_samr else DECISION, order.today) or due_by(
        catalog, DECISION, order.today
    )
    accepted = {**row, "accepted_on": order.today}
    judged = await conditions(session, catalog, accepted, order)
    changes = {
        "accepted_on": order.today,
        "rule_id": None if rule is None else rule.id,
        "conditions": conditions_view(judged),
        "decision_due_on": None if term is None else term.on,
        "provisional": term is not None and term.provisional,
    }
    return await _move(session, order, row, "accept", changes=changes, act={"conditions": conditions_view(judged)})


async def not_accept(session: AsyncSession, order: Order, *, reason: str) -> Row:
    """Do not accept an application, with the reason.

    Raises:
        Refusal: `begin` says which.
    """
    row = await begin(session, "repair", REPAIR_MOVES, order, "not-accept")
    changes = {"decision_reason": reason, "decided_on": order.today, "decided_by": str(order.actor.id)}
    return await _move(
        session, order, row, "not-accept", changes=changes, reason=reason, act={"review_routes": review_routes()}
    )


async def take_back(session: AsyncSession, order: Order) -> Row:
    """Take an application back.

    Raises:
        Refusal: `begin_own` says which.
    """
    row = await begin_own(session, "repair", TAKE_BACK, order)
    return await move_case(
        session, "repair", row=row, state=RepairState.TAKEN_BACK, changes={}, command="take-back",
        actor=str(order.actor.id), reason=None, act=None, now=order.now,
    )  # fmt: skip


async def refuse(
    session: AsyncSession, catalog: Catalog, order: Order, *, reason: str, basis: str, law: str | None
) -> Row:
    """Refuse a repair, by a condition that stands against it or by a cited law.

    Raises:
        NoLawNamed: neither is named.
        Refusal: `begin` says which others.
    """
    row = await begin(session, "repair", REPAIR_MOVES, order, "refuse")
    judged = await conditions(session, catalog, row, order)
    check_refused(judged, basis=basis, law=law)
    cited = law or next((one.citation for one in judged if one.id == basis), basis)
    changes = {
        "decided_on": order.today,
        "decided_by": str(order.actor.id),
        "decision_reason": reason,
        "decision_basis": f"{basis}: {cited}",
        "conditions": conditions_view(judged),
    }
    act = {"conditions": conditions_view(judged), "review_routes": review_routes()}
    return await _move(session, order, row, "refuse", changes=changes, reason=reason, act=act)


@dataclass(frozen=True, slots=True)
class Grant:
    """The decision to repair: its number, why, and what the officer confirms, each condition with a note."""

    document_no: str
    reason: str
    confirmed: Mapping[str, str]


async def grant(session: AsyncSession, catalog: Catalog, order: Order, *, decision: Grant) -> Row:
    """Grant a repair: the record is silent in every answer at once, and all who hold it are queued to be told.

    Raises:
        ConditionsNotMet: a condition of the row in force at acceptance fails.
        NotConfirmed: a person must still say.
        NothingToRepair: the record has ended meanwhile.
        Refusal: `begin` says which others.

    Source: NDRC令36号 art. 3 (publication, sharing and measures end).
    """
    row = await begin(session, "repair", REPAIR_MOVES, order, "grant")
    judged = await conditions(session, catalog, row, order)
    check_granted(judged, confirmed=decision.confirmed)
    pushed = await _push_term(session, catalog, order, row)
    made = await _silence(session, order, row, decision, pushed=pushed)
    changes = {
        "decided_on": order.today,
        "decided_by": str(order.actor.id),
        "decision_reason": decision.reason,
        "decision_document_no": decision.document_no,
        "conditions": conditions_view(judged),
    }
    act = {
        "conditions": conditions_view(judged),
        "confirmed": dict(decision.confirmed),
        "record_version": made["version_no"],
        "review_routes": review_routes(),
        "push": None if pushed is None else due_view(PUSH_TERM, pushed),
    }
    return await _move(session, order, row, "grant", changes=changes, reason=decision.reason, act=act)


async def _push_term(session: AsyncSession, catalog: Catalog, order: Order, case: Row) -> Due | None:
    """The term for pushing the result to the registering province, where market regulation repairs a firm of another one.

    Source: SAMR令107号 (D17).
    """
    authority = catalog.authority_by_code[case["authority_code"]]
    province = await find_province(session, uscc=case["uscc"])
    if authority.system not in GSXT_SYSTEMS or province is None or province == authority.division_code[:2]:
        return None
    return due_by(catalog, PUSH_TERM, order.today)


async def _silence(session: AsyncSession, order: Order, case: Row, decision: Grant, *, pushed: Due | None) -> Row:
    """End the record as repaired, in this transaction: from its commit on no answer shows it."""
    kind = ChangeKind(case["record_kind"])
    record = await lock_current(session, kind, uscc=case["uscc"], record_id=case["record_id"])
    if record["state"] not in _SHOWN:
        raise NothingToRepair(f"The record is {record['state']} by now.", detail_zh="该记录已终止。")
    is_entry = kind is ChangeKind.BLACKLIST_ENTRY
    move = (ENTRY_MOVES if is_entry else PENALTY_MOVES)["repair"]
    changes = (
        {
            "removed_on": order.today,
            "removal_grounds": decision.reason,
            "removal_document_no": decision.document_no,
        }
        if is_entry
        else {}
    )
    made = await append_version(
        session,
        kind,
        current=record,
        changes=changes,
        event=Event(
            "repair", move.target or record["state"], str(order.actor.id), move.event, order.now,
            basis=decision.document_no, reason=decision.reason, effective_on=order.today, ending="repaired",
            act={"repair_id": str(case["id"])},
        ),
    )  # fmt: skip
    if is_entry:
        await close_revocation(
            session, uscc=case["uscc"], entry_id=record["id"], state="ended", decided_by=str(order.actor.id),
            reason=decision.reason, now=order.now,
        )  # fmt: skip
    await queue_withdrawal(session, kind, made, now=order.now)
    feeds = feeds_of(kind, made)
    if feeds:
        await insert_outbox(session, topic=REPAIR_RESULT, channels=feeds, kind=kind, row=made, now=order.now)
    if pushed is not None:
        await insert_outbox(
            session, topic=REPAIR_PUSH, channels=["gsxt"], kind=kind, row=made, now=order.now, due_on=pushed.on
        )
    await tell_party(session, kind, made, now=order.now)
    return made


async def _move(
    session: AsyncSession,
    order: Order,
    row: Row,
    command: str,
    *,
    changes: Row,
    reason: str | None = None,
    act: dict[str, Any] | None = None,
) -> Row:
    move = REPAIR_MOVES[command]
    made = await move_case(
        session, "repair", row=row, state=move.target or row["state"], changes=changes, command=command,
        actor=str(order.actor.id), reason=reason, act=act, now=order.now,
    )  # fmt: skip
    await tell_party(session, "repair", made, now=order.now)
    return made
