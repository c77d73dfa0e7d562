"""Deadlines derived from the change log, answers of the other side, reminders and escalation.

Nobody has to think of opening a deadline: whatever writes a version of a penalty (an import, a draft, a review, a withdrawal)
leaves a change, and this reads the log behind its cursor, works out what the record owes by now, and brings the table to it.
Deadlines and cursor move in one transaction, so that a run that dies leaves nothing and a second one changes nothing. When the
law beside the records changes (a calendar year, a row, an authority), all records are reviewed in batches, restartable.
"""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from asyncpg import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role
from service.catalog.queries import load_catalog
from service.catalog.rules import Catalog
from service.clock import legal_day
from service.db import Database, driver
from service.deadlines.lists import Sight
from service.deadlines.queries import (
    accept_deadlines,
    change_deadlines,
    escalate,
    insert_deadlines,
    list_records,
    list_standing,
    lock_deadline,
    reject_deadlines,
    remind,
    standing_of,
)
from service.deadlines.rules import (
    PERMIT,
    AnsweredOnTheRecord,
    Change,
    Dues,
    NoSuchDeadline,
    OtherDeadline,
    Outcome,
    Permit,
    Record,
    State,
    Tracked,
    check_answer,
    compare,
    law_digest,
    remind_before,
    tracked_deadlines,
    tracked_of_permit,
)
from service.records.review import PENALTIES_AND_PERMITS, Key, review_records

#: Records of one transaction.
BATCH: Final = 2000


async def track_deadlines(database: Database, *, now: datetime, batch: int = BATCH) -> int:
    """Bring the deadlines of all penalties and permits up to the log and the law; return how many were opened or changed."""
    async with database.reading() as session:
        catalog = await load_catalog(session)
    dues = Dues(catalog)

    async def work(connection: Connection, keys: list[Key], cause: str) -> int:
        return await _bring_up(connection, catalog, dues, keys, cause=cause, now=now)

    return await review_records(
        database,
        table="deadline_cursor",
        law=law_digest(catalog),
        batch=batch,
        work=work,
        kinds=PENALTIES_AND_PERMITS,
    )


async def derive_deadlines(
    connection: Connection, catalog: Catalog, *, keys: list[Key], cause: str, now: datetime
) -> int:
    """Bring the deadlines of some penalties up to date in the caller's transaction; return how many changed."""
    return await _bring_up(connection, catalog, Dues(catalog), keys, cause=cause, now=now)


async def answer_deadline(
    session: AsyncSession,
    catalog: Catalog,
    *,
    deadline_id: UUID,
    outcome: Outcome,
    on: date,
    reason: str | None,
    reference: str | None,
    actor: Actor,
    sight: Sight,
    now: datetime,
) -> None:
    """Enter what the other side said: an acceptance meets the deadline, and all that the same act meets; a rejection opens it.

    What begins with the acceptance (D04 after D03) is opened in the same transaction, what began with one that is taken back is
    dropped.

    Raises:
        NoSuchDeadline: there is none that the actor may see.
        OtherDeadline: the actor neither records nor reviews for its authority.
        DeadlineNotOpen, ImpossibleAnswerDay, RejectionWithoutReason: see `check_answer`.
        AnsweredOnTheRecord: it is a permit's, which says itself when it was accepted.
    """
    connection = await driver(session)
    row = await lock_deadline(connection, deadline_id=deadline_id)
    if row is None or not (sight.everything or row["authority_code"] in sight.authorities):
        raise NoSuchDeadline(f"You see no deadline {deadline_id}.", detail_zh="没有此期限。")
    if not actor.acts_for(row["authority_code"], Role.RECORDER, Role.REVIEWER):
        raise OtherDeadline(
            f"Your key neither records nor reviews for {row['authority_code']}.",
            detail_zh="该密钥不能以此机关名义办理。",
        )
    standing = standing_of(row)
    if row["record_kind"] == PERMIT and not (outcome is Outcome.REJECTED and standing.state is State.OPEN):
        raise AnsweredOnTheRecord(
            f"Enter the acceptance of a permit on the permit itself:"
            f" POST /v1/subjects/{row['uscc']}/credit-records/{row['record_id']}/reported.",
            detail_zh="许可的报送结果请在该许可记录上登记。",
        )
    check_answer(standing, outcome, on=on, today=legal_day(now), reason=reason)
    key = (row["uscc"], row["record_id"])
    others = (await list_standing(connection, keys=[key])).get(row["record_id"], [])
    same_act = {standing.deadline, *catalog.deadlines.met_with(standing.deadline)}
    ids = [one.id for one in others if one.deadline in same_act]
    if outcome is Outcome.ACCEPTED:
        await accept_deadlines(connection, ids=ids, on=on, reference=reference, actor=str(actor.id), now=now)
    else:
        await reject_deadlines(
            connection, ids=ids, on=on, reason=reason or "", reference=reference, actor=str(actor.id), now=now
        )
    await derive_deadlines(connection, catalog, keys=[key], cause=outcome.value, now=now)


async def notify_deadlines(database: Database, *, now: datetime, batch: int = BATCH) -> int:
    """Remind before long holidays and escalate what is overdue, as outbox items; each is told once. Return how many."""
    async with database.reading() as session:
        catalog = await load_catalog(session)
    today = legal_day(now)
    before = remind_before(catalog, today=today)
    total = 0
    while True:
        async with database.transaction() as session:
            connection = await driver(session)
            told = await escalate(connection, today=today, limit=batch, now=now)
            if before is not None:
                rest, until = before
                told += await remind(connection, rest=rest, until=until, today=today, limit=batch, now=now)
        total += told
        if not told:
            return total


async def _bring_up(
    connection: Connection, catalog: Catalog, dues: Dues, keys: list[Key], *, cause: str, now: datetime
) -> int:
    records = await list_records(connection, catalog, keys=keys)
    standing = await list_standing(connection, keys=keys)
    new: list[tuple[Record | Permit, Tracked]] = []
    changes: list[Change] = []
    for record in records:
        present = standing.get(record.id, [])
        met = {one.deadline: one.met_on for one in present if one.met_on is not None}
        if isinstance(record, Permit):
            tracked = tracked_of_permit(record, catalog, dues)
        else:
            tracked = tracked_deadlines(record, catalog, dues, met)
        changes += compare(present, tracked)
        known = {one.deadline for one in present}
        new += [(record, one) for one in tracked.values() if one.deadline not in known]
    changed = await change_deadlines(connection, changes, cause=cause, now=now)
    return changed + await insert_deadlines(connection, new, catalog, cause=cause, now=now)
