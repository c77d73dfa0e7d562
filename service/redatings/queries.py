"""SQL of redatings: records against the rulebook, the lists their authorities decide from, and versions written in bulk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection

from service.changes.rules import ChangeKind
from service.models import BlacklistEntryVersion, PenaltyVersion
from service.records.queries import OF_THE_ACT
from service.records.review import Key
from service.redatings.rules import COLUMNS, DATES

Row = Mapping[str, Any]

#: What a version carries over from the one before: everything but what belongs to an act, and what a redating sets.
_IDENTITY: Final = ("uscc", "id", "version_no")
_TABLES: Final[Mapping[ChangeKind, type[PenaltyVersion] | type[BlacklistEntryVersion]]] = {
    ChangeKind.PENALTY: PenaltyVersion,
    ChangeKind.BLACKLIST_ENTRY: BlacklistEntryVersion,
}
_CARRIED: Final = {
    kind: tuple(
        column.name
        for column in table.__table__.columns
        if column.name not in {*OF_THE_ACT, *COLUMNS[kind], *_IDENTITY}
    )
    for kind, table in _TABLES.items()
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which redatings: of these authorities (None: all), in this state, with this effect, by this new rule, or by id."""

    authorities: frozenset[str] | None
    state: str = "open"
    effect: str | None = None
    rule_after: str | None = None
    ids: tuple[UUID, ...] | None = None


async def list_published(connection: Connection, kind: ChangeKind, *, keys: Sequence[Key]) -> list[Row]:
    """Return the current versions of those of the records that are published ones of that kind."""
    rows: list[Row] = await connection.fetch(
        f"""SELECT v.* FROM unnest($1::text[], $2::uuid[]) AS a (uscc, id)
        JOIN {kind}_version v ON v.uscc = a.uscc AND v.id = a.id AND v.superseded_at IS NULL AND v.state = 'published'""",  # noqa: S608 - a constant
        [uscc for uscc, _ in keys],
        [one for _, one in keys],
    )
    return rows


async def list_known(connection: Connection, *, keys: Sequence[Key]) -> list[Row]:
    """Return the open and kept redatings of records, with `after` as text."""
    rows: list[Row] = await connection.fetch(
        """SELECT r.id, r.record_id, r.version_no, r.state, r.after::text AS after
        FROM unnest($1::text[], $2::uuid[]) AS a (uscc, id)
        JOIN redating r ON r.uscc = a.uscc AND r.record_id = a.id AND r.state IN ('open', 'kept')""",
        [uscc for uscc, _ in keys],
        [one for _, one in keys],
    )
    return rows


async def close_moot(connection: Connection, *, ids: Sequence[UUID]) -> None:
    """Close open redatings that say nothing true any more."""
    await connection.execute("UPDATE redating SET state = 'moot' WHERE id = ANY ($1::uuid[])", list(ids))


async def insert_redatings(connection: Connection, rows: Sequence[tuple[Any, ...]], *, now: datetime) -> None:
    """Open redatings: id, kind, code, record, version, authority, effect, rule before and after, columns before and after."""
    await connection.executemany(
        """INSERT INTO redating (id, record_kind, uscc, record_id, version_no, authority_code, state, effect, rule_before,
            rule_after, before, after, found_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11, $12)""",
        [(*row[:-2], json.dumps(row[-2]), json.dumps(row[-1]), now) for row in rows],
    )


_WHERE: Final = """r.state = $1 AND ($2::text[] IS NULL OR r.authority_code = ANY ($2::text[]))
    AND ($3::text IS NULL OR r.effect = $3) AND ($4::text IS NULL OR r.rule_after = $4)
    AND ($5::uuid[] IS NULL OR r.id = ANY ($5::uuid[]))"""


def _values(wanted: Wanted) -> tuple[Any, ...]:
    authorities = None if wanted.authorities is None else sorted(wanted.authorities)
    ids = None if wanted.ids is None else list(wanted.ids)
    return wanted.state, authorities, wanted.effect, wanted.rule_after, ids


async def list_redatings(connection: Connection, wanted: Wanted, *, after: UUID | None, limit: int) -> list[Row]:
    """Return redatings, oldest first, behind the id `after`, with the record's document number."""
    rows: list[Row] = await connection.fetch(
        f"""SELECT r.*, r.before::text AS before_text, r.after::text AS after_text,
            coalesce(
                (SELECT v.document_no FROM penalty_version v
                 WHERE v.uscc = r.uscc AND v.id = r.record_id AND v.superseded_at IS NULL),
                (SELECT v.document_no FROM blacklist_entry_version v
                 WHERE v.uscc = r.uscc AND v.id = r.record_id AND v.superseded_at IS NULL)) AS document_no
        FROM redating r WHERE {_WHERE} AND ($6::uuid IS NULL OR r.id > $6) ORDER BY r.id LIMIT $7""",  # noqa: S608 - a constant
        *_values(wanted),
        after,
        limit,
    )
    return rows


async def count_redatings(connection: Connection, wanted: Wanted) -> list[Row]:
    """Return how many redatings there are by authority, effect and rules, with their first and last days."""
    rows: list[Row] = await connection.fetch(
        f"""SELECT r.authority_code, r.effect, r.rule_before, r.rule_after, count(*) AS redatings,
            min(r.before->>'public_until') AS first_until_before, max(r.before->>'public_until') AS last_until_before,
            min(r.after->>'public_until') AS first_until_after, max(r.after->>'public_until') AS last_until_after
        FROM redating r WHERE {_WHERE} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""",  # noqa: S608 - a constant
        *_values(wanted),
    )
    return rows


async def lock_redatings(connection: Connection, wanted: Wanted, *, limit: int) -> list[Row]:
    """Return open redatings with whether their record still is what it was, all locked in the order of codes."""
    for kind in COLUMNS:
        await connection.execute(
            f"""SELECT FROM {kind} p JOIN redating r ON r.uscc = p.uscc AND r.record_id = p.id
            WHERE {_WHERE} ORDER BY p.uscc, p.id LIMIT $6 FOR UPDATE OF p""",
            *_values(wanted),
            limit,
        )
    heads = " UNION ALL ".join(f"SELECT uscc, id, version_no, state FROM {kind}" for kind in COLUMNS)  # noqa: S608 - constants
    rows: list[Row] = await connection.fetch(
        f"""SELECT r.id, r.record_kind, r.uscc, r.record_id, r.version_no, r.after::text AS after, EXISTS (
                SELECT FROM ({heads}) p
                WHERE p.uscc = r.uscc AND p.id = r.record_id AND p.version_no = r.version_no AND p.state = 'published'
            ) AS is_current
        FROM redating r WHERE {_WHERE} ORDER BY r.uscc, r.record_id LIMIT $6 FOR UPDATE OF r""",  # noqa: S608 - constants
        *_values(wanted),
        limit,
    )
    return rows


async def close_redatings(
    connection: Connection, *, ids: Sequence[UUID], state: str, decided_by: str, reason: str, now: datetime
) -> None:
    """Set what was decided."""
    await connection.execute(
        """UPDATE redating SET state = $2, decided_by = $3, decided_at = $4, reason = $5
        WHERE id = ANY ($1::uuid[]) AND state = 'open'""",
        list(ids),
        state,
        decided_by,
        now,
        reason,
    )


async def redate_records(
    connection: Connection,
    kind: ChangeKind,
    *,
    ids: Sequence[UUID],
    actor: str,
    reason: str,
    today: date,
    now: datetime,
) -> None:
    """Give each record of that kind the windows of its redating, as a version of its own with its pending change and its outbox items.

    A record that becomes public by it is shown from today, unless it states the day of its publication.
    """
    listed = list(ids)
    of = f"FROM redating r WHERE r.id = ANY ($1::uuid[]) AND r.record_kind = '{kind}'"
    version, carried, columns = f"{kind}_version", _CARRIED[kind], COLUMNS[kind]
    await connection.execute(
        f"""UPDATE {version} v SET superseded_at = $2 {of}
        AND v.uscc = r.uscc AND v.id = r.record_id AND v.superseded_at IS NULL""",  # noqa: S608 - constants
        listed,
        now,
    )
    await connection.execute(
        f"""INSERT INTO {version} (uscc, id, version_no, {", ".join(carried)}, {", ".join(columns)},
            command, actor, reason, effective_on, act, recorded_at)
        SELECT v.uscc, v.id, v.version_no + 1, {", ".join(f"v.{name}" for name in carried)},
            {", ".join(_after(name, kind) for name in columns)}, 'redate', $3, $4, $5, jsonb_build_object('redating', r.id), $2
        {of.replace("WHERE", f"JOIN {version} v ON v.uscc = r.uscc AND v.id = r.record_id AND v.version_no = r.version_no WHERE")}""",
        listed,
        now,
        actor,
        reason,
        today,
    )
    await connection.execute(
        f"UPDATE {kind} p SET version_no = r.version_no + 1 {of} AND p.uscc = r.uscc AND p.id = r.record_id",  # noqa: S608 - a constant
        listed,
    )
    await connection.execute(
        f"""INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
        SELECT r.uscc, '{kind}', r.record_id, r.version_no + 1, 'corrected', $2 {of} ORDER BY r.uscc, r.record_id""",
        listed,
        now,
    )
    await connection.execute(
        f"""INSERT INTO outbox_item (topic, channel, uscc, record_kind, record_id, version_no, created_at)
        SELECT 'feed_publication', c.channel, r.uscc, '{kind}', r.record_id, r.version_no + 1, $2
        FROM redating r, unnest(ARRAY['gsxt', 'credit_china']) AS c (channel)
        WHERE r.id = ANY ($1::uuid[]) AND r.record_kind = '{kind}'
        AND ({kind is ChangeKind.BLACKLIST_ENTRY} OR r.after ->> (c.channel || '_from') IS NOT NULL)""",  # noqa: S608 - constants
        listed,
        now,
    )


def _after(name: str, kind: ChangeKind) -> str:
    if name == "public_from" and kind is ChangeKind.PENALTY:
        return """CASE WHEN r.before ->> 'public_from' IS NULL AND v.published_on IS NULL AND r.after ->> 'public_from' IS NOT NULL
            THEN $5::date ELSE (r.after ->> 'public_from')::date END"""
    if name == "window_flags":
        return "ARRAY(SELECT jsonb_array_elements_text(r.after -> 'window_flags'))"
    return f"(r.after ->> '{name}')::date" if name in DATES else f"r.after ->> '{name}'"
