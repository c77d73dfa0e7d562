"""SQL of deadlines: what the records say, what stands, and both brought together in bulk."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import uuid_utils
from asyncpg import Connection

from service.catalog.rules import Catalog
from service.deadlines.rules import PERMIT, Change, Permit, Record, Standing, State, Tracked
from service.records.review import Key
from service.rulebook.deadlines import RecordedPenalty

#: Digits 3 and 4 of a code are the region of first registration; 10 is the national level and no province.
_RECORDS: Final = """
SELECT v.uscc, v.id, v.state, v.source_code, v.authority_code, v.procedure, v.kinds, v.decided_on,
       left(s.division_code, 2) AS registered_in
FROM unnest($1::text[], $2::uuid[]) AS a (uscc, id)
JOIN penalty_version v ON v.uscc = a.uscc AND v.id = a.id AND v.superseded_at IS NULL
LEFT JOIN subject_version s ON s.uscc = v.uscc AND s.superseded_at IS NULL AND s.registered AND s.state <> 'void'"""


_PERMITS: Final = """
SELECT v.uscc, v.id, v.state, v.source_code, v.authority_code, v.decided_on, v.reported_on
FROM unnest($1::text[], $2::uuid[]) AS a (uscc, id)
JOIN credit_record_version v ON v.uscc = a.uscc AND v.id = a.id AND v.superseded_at IS NULL AND v.class_id = 'permit'"""


async def list_records(connection: Connection, catalog: Catalog, *, keys: Sequence[Key]) -> list[Record | Permit]:
    """Return the present versions of penalties and permits, as far as deadlines depend on them."""
    asked = ([uscc for uscc, _ in keys], [one for _, one in keys])
    rows = await connection.fetch(_RECORDS, *asked)
    found: list[Record | Permit] = [record for row in rows if (record := _record(row, catalog)) is not None]
    for row in await connection.fetch(_PERMITS, *asked):
        if row["authority_code"] in catalog.authority_by_code:
            is_own = row["source_code"].startswith("own:")
            told = (row["state"], is_own, row["authority_code"], row["decided_on"], row["reported_on"])
            found.append(Permit(row["uscc"], row["id"], *told))
    return found


def _record(row: Mapping[str, Any], catalog: Catalog) -> Record | None:
    authority = catalog.authority_by_code.get(row["authority_code"])
    if authority is None:
        return None
    first = row["uscc"][2:4]
    source = row["source_code"]
    penalty = RecordedPenalty(
        authority_system=authority.system,
        authority_province=authority.division_code[:2],
        party_province=row["registered_in"] or (first if first.isdigit() and first != "10" else None),
        procedure=row["procedure"],
        kinds=frozenset(row["kinds"]),
        decided_on=row["decided_on"],
    )
    is_own = source is None or source.startswith("own:")
    return Record(row["uscc"], row["id"], row["state"], is_own, row["authority_code"], penalty)


async def list_standing(connection: Connection, *, keys: Sequence[Key]) -> dict[UUID, list[Standing]]:
    """Return the deadlines that stand for records, by record."""
    rows = await connection.fetch(
        """SELECT d.* FROM unnest($1::text[], $2::uuid[]) AS a (uscc, id)
        JOIN deadline d ON d.uscc = a.uscc AND d.record_id = a.id ORDER BY d.deadline""",
        [uscc for uscc, _ in keys],
        [one for _, one in keys],
    )
    found: dict[UUID, list[Standing]] = {}
    for row in rows:
        found.setdefault(row["record_id"], []).append(standing_of(row))
    return found


def standing_of(row: Mapping[str, Any]) -> Standing:
    """Return a deadline's row as a value."""
    return Standing(
        id=row["id"],
        deadline=row["deadline"],
        rule_id=row["rule_id"],
        starts_on=row["starts_on"],
        due_on=row["due_on"],
        provisional=row["provisional"],
        state=State(row["state"]),
        met_on=row["met_on"],
    )


async def insert_deadlines(
    connection: Connection,
    rows: Iterable[tuple[Record | Permit, Tracked]],
    catalog: Catalog,
    *,
    cause: str,
    now: datetime,
) -> int:
    """Open deadlines, with their first event; one that another run opened meanwhile stays as it is."""
    values = [
        (
            UUID(bytes=uuid_utils.uuid7().bytes),
            record.uscc,
            record.id,
            one.deadline,
            one.rule.id,
            one.rule.duty.channel if one.rule.duty else "",
            one.rule.duty.bearer.value if one.rule.duty else "authority",
            record.authority_code,
            catalog.authority_by_code[record.authority_code].division_code,
            one.starts_on,
            one.due.on,
            one.due.provisional,
            one.state.value,
            "penalty" if isinstance(record, Record) else PERMIT,
            one.met_on,
        )
        for record, one in rows
        if one.state is not State.DROPPED
    ]
    if not values:
        return 0
    opened = await connection.fetchval(
        """WITH opened AS (
            INSERT INTO deadline (id, uscc, record_kind, record_id, deadline, rule_id, channel, bearer, authority_code,
                division_code, starts_on, due_on, provisional, state, met_on, opened_at, changed_at)
            SELECT id, uscc, record_kind, record_id, deadline, rule_id, channel, bearer, authority_code, division_code,
                starts_on, due_on, provisional, state, met_on, $16, $16
            FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::date[], $11::date[], $12::bool[], $13::text[], $14::text[], $15::date[])
                AS n (id, uscc, record_id, deadline, rule_id, channel, bearer, authority_code, division_code, starts_on,
                      due_on, provisional, state, record_kind, met_on)
            ON CONFLICT DO NOTHING RETURNING id, due_on
        ), told AS (
            INSERT INTO deadline_event (deadline_id, event, due_on, actor, reason, at)
            SELECT id, 'opened', due_on, 'job', $17, $16 FROM opened RETURNING 1
        ) SELECT count(*) FROM told""",
        *map(list, zip(*values, strict=True)),
        now,
        cause,
    )
    return int(opened)


async def change_deadlines(connection: Connection, changes: Sequence[Change], *, cause: str, now: datetime) -> int:
    """Bring standing deadlines to their new shape, each with its event; return how many."""
    if not changes:
        return 0
    values = [
        (
            one.standing.id,
            one.event,
            one.tracked.rule.id if one.tracked else one.standing.rule_id,
            one.tracked.starts_on if one.tracked else one.standing.starts_on,
            one.tracked.due.on if one.tracked else one.standing.due_on,
            one.tracked.due.provisional if one.tracked else one.standing.provisional,
            _state(one).value,
            (one.tracked and one.tracked.met_on) or one.standing.met_on,
        )
        for one in changes
    ]
    await connection.execute(
        """WITH n AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[], $5::date[], $6::bool[], $7::text[], $8::date[])
                AS n (id, event, rule_id, starts_on, due_on, provisional, state, met_on)
        ), told AS (
            INSERT INTO deadline_event (deadline_id, event, was_due_on, due_on, actor, reason, at)
            SELECT n.id, n.event, d.due_on, n.due_on, 'job', $10, $9 FROM n JOIN deadline d ON d.id = n.id
        )
        UPDATE deadline d SET rule_id = n.rule_id, starts_on = n.starts_on, due_on = n.due_on,
            provisional = n.provisional, state = n.state, met_on = n.met_on, changed_at = $9,
            escalated_on = CASE WHEN n.due_on > d.due_on THEN NULL ELSE d.escalated_on END
        FROM n WHERE n.id = d.id""",
        *map(list, zip(*values, strict=True)),
        now,
        cause,
    )
    return len(values)


def _state(change: Change) -> State:
    if change.tracked is None:
        return State.DROPPED
    is_met = change.standing.met_on is not None or change.tracked.met_on is not None
    return State.MET if is_met else change.tracked.state


async def lock_deadline(connection: Connection, *, deadline_id: UUID) -> Mapping[str, Any] | None:
    """Return a deadline's row, locked until the transaction ends, or None."""
    row: Mapping[str, Any] | None = await connection.fetchrow(
        "SELECT * FROM deadline WHERE id = $1 FOR UPDATE", deadline_id
    )
    return row


async def accept_deadlines(
    connection: Connection, *, ids: Sequence[UUID], on: date, reference: str | None, actor: str, now: datetime
) -> None:
    """Mark open deadlines as met on a day, each with its event."""
    await connection.execute(
        """WITH met AS (
            UPDATE deadline SET state = 'met', met_on = $2, rejected_on = NULL, reference = $3, changed_at = $5
            WHERE id = ANY ($1::uuid[]) AND state = 'open' RETURNING id, due_on
        )
        INSERT INTO deadline_event (deadline_id, event, due_on, actor, reason, detail, at)
        SELECT id, 'accepted', due_on, $4, NULL, jsonb_build_object('on', $2::date, 'reference', $3::text), $5 FROM met""",
        list(ids),
        on,
        reference,
        actor,
        now,
    )


async def reject_deadlines(
    connection: Connection,
    *,
    ids: Sequence[UUID],
    on: date,
    reason: str,
    reference: str | None,
    actor: str,
    now: datetime,
) -> None:
    """Note that the other side sent deadlines back: they are open, whatever they were before."""
    await connection.execute(
        """WITH back AS (
            UPDATE deadline SET state = 'open', met_on = NULL, rejected_on = $2, rejections = rejections + 1,
                reference = $3, escalated_on = NULL, changed_at = $6
            WHERE id = ANY ($1::uuid[]) AND state IN ('open', 'met') RETURNING id, due_on
        )
        INSERT INTO deadline_event (deadline_id, event, due_on, actor, reason, detail, at)
        SELECT id, 'rejected', due_on, $5, $4, jsonb_build_object('on', $2::date, 'reference', $3::text), $6 FROM back""",
        list(ids),
        on,
        reference,
        reason,
        actor,
        now,
    )


async def remind(connection: Connection, *, rest: date, until: date, today: date, limit: int, now: datetime) -> int:
    """Call to mind the open deadlines due from `today` to `until`, once for the long rest that begins on `rest`."""
    told: int = await connection.fetchval(
        _NOTICE.replace("{condition}", "due_on BETWEEN $2 AND $3 AND reminded_for IS DISTINCT FROM $1").replace(
            "{column}", "reminded_for"
        ),
        rest,
        today,
        until,
        limit,
        now,
        "reminded",
        "deadline_reminder",
    )
    return told


async def escalate(connection: Connection, *, today: date, limit: int, now: datetime) -> int:
    """Tell the supervisors of open deadlines that have passed, once for each."""
    told: int = await connection.fetchval(
        _NOTICE.replace("{condition}", "due_on < $2 AND due_on < $3 AND escalated_on IS NULL").replace(
            "{column}", "escalated_on"
        ),
        today,
        today,
        today,
        limit,
        now,
        "escalated",
        "deadline_overdue",
    )
    return told


_NOTICE: Final = """
WITH part AS (
    SELECT id FROM deadline WHERE state = 'open' AND bearer <> 'subject' AND {condition}
    ORDER BY due_on, id LIMIT $4 FOR UPDATE SKIP LOCKED
), told AS (
    UPDATE deadline d SET {column} = $1, changed_at = $5 FROM part WHERE d.id = part.id
    RETURNING d.id, d.uscc, d.record_kind, d.record_id, d.channel, d.due_on
), events AS (
    INSERT INTO deadline_event (deadline_id, event, due_on, actor, reason, at)
    SELECT id, $6, due_on, 'job', NULL, $5 FROM told
), items AS (
    INSERT INTO outbox_item (topic, channel, uscc, record_kind, record_id, due_on, created_at)
    SELECT $7, channel, uscc, record_kind, record_id, due_on, $5 FROM told
)
SELECT count(*) FROM told"""
