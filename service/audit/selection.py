"""Who reads which part of the audit, and how: the query behind the page and the exports."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Connection

from service.access.rules import RECORD_ROLES, Actor, Role
from service.audit.packing import traces, unpack_codes

Row = Mapping[str, Any]

#: How many entries an export fetches at a time.
CHUNK: Final = 2_000

_COLUMNS: Final = """at, id, kind, operation, outcome, actor_kind, actor_id, actor_name, roles, authority_code AS authority, uscc,
    record_kind, record_id, owners, purpose, request_id, entry_count AS count, encode(digest, 'hex') AS digest"""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is asked for; None: anything. `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None
    actor_id: str | None = None
    authority: str | None = None
    operation: str | None = None
    uscc: str | None = None
    outcome: str | None = None
    request_id: str | None = None


def visible_to(actor: Actor, asked: AuditFilter) -> tuple[str, list[object]]:
    """Return the SQL condition on an entry for what the actor may see, and its values, from $1 on.

    Auditors see everything, or what was done for or seen of the authorities that they audit; a regulator who was shown its
    unpublished records, and its own doings; an enterprise's agent who asked about the enterprise, but not who is at work on a record
    of it that may not be published. Batches in which its code is asked for are found where the code is the filter.
    """
    if actor.audits_everything:
        return "TRUE", []
    audited = sorted(actor.sees_records_of) if actor.may(Role.AUDITOR) else []
    own = sorted(actor.sees_records_of) if actor.may(*RECORD_ROLES) else []
    about = sorted(actor.subjects) if actor.may(Role.SUBJECT_AGENT) else []
    condition = (
        "((owners IS NOT NULL AND owners && $1::text[]) OR actor_id = $2 OR string_to_array(authority_code, ' ') && $3::text[]"
        " OR (uscc = ANY ($4::text[]) AND kind IN ('read', 'answer') AND owners IS NULL AND record_id IS NULL)"
        " OR ($5 AND kind = 'answer' AND codes IS NOT NULL))"
    )
    return condition, [own + audited, str(actor.id), audited, about, asked.uscc in actor.subjects]


async def list_entries(
    connection: Connection,
    actor: Actor,
    asked: AuditFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return entries that the actor may see, newest first, behind `after`."""
    sql, values = _query(actor, asked)
    if after is not None:
        values += after
        sql += f" AND (at, id) < (${len(values) - 1}, ${len(values)})"
    rows = await connection.fetch(f"{sql} ORDER BY at DESC, id DESC LIMIT {int(limit)}", *values)
    return [_shown(row, actor) for row in rows if _is_meant(row, asked)]


async def stream_entries(
    connection: Connection, actor: Actor, asked: AuditFilter
) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield all entries that the actor may see, oldest first, some at a time. Needs a transaction."""
    sql, values = _query(actor, asked)
    cursor = await connection.cursor(f"{sql} ORDER BY at, id", *values)
    while rows := await cursor.fetch(CHUNK):
        yield [_shown(row, actor) for row in rows if _is_meant(row, asked)]


async def list_of_record(connection: Connection, actor: Actor, *, uscc: str, record_id: str) -> list[dict[str, Any]]:
    """Return what was done with one record, by whomever, and of who read it what the actor may see, oldest first.

    For those who may see the whole file of the record: its own authority's people, those above it, and auditors.
    """
    condition, values = visible_to(actor, AuditFilter())
    rows = await connection.fetch(
        f"""SELECT {_COLUMNS} FROM audit_entry WHERE uscc = ${len(values) + 1} AND record_id = ${len(values) + 2}
        AND (kind = 'write' OR {condition}) ORDER BY at, id""",  # noqa: S608 - constants and numbers
        *values,
        uscc,
        record_id,
    )
    return [_shown(row, actor) for row in rows]


def _query(actor: Actor, asked: AuditFilter) -> tuple[str, list[Any]]:
    condition, given = visible_to(actor, asked)
    values: list[Any] = list(given)
    tests = {
        "at >= {}": asked.since,
        "at < {}": asked.until,
        "kind = {}": asked.kind,
        "actor_id = {}": asked.actor_id,
        "{} = ANY (string_to_array(authority_code, ' '))": asked.authority,
        "operation = {}": asked.operation,
        "outcome = {}": asked.outcome,
        "request_id = {}": asked.request_id,
    }
    for test, value in tests.items():
        if value is not None:
            values.append(value)
            condition += " AND " + test.format(f"${len(values)}")
    columns = _COLUMNS
    if asked.uscc is not None:
        columns += ", codes"
        values.append(asked.uscc)
        found = [f"uscc = ${len(values)}"]
        try:
            values += traces(asked.uscc)
        except ValueError:
            pass
        else:
            second, third = len(values) - 1, len(values)
            found.append(
                f"(codes IS NOT NULL AND position(${second} IN codes) > 0 AND position(${third} IN codes) > 0)"
            )
        condition += f" AND ({' OR '.join(found)})"
    return f"SELECT {columns} FROM audit_entry WHERE {condition}", values  # noqa: S608 - constants and numbers


def _is_meant(row: Row, asked: AuditFilter) -> bool:
    """Return whether an entry found by its traces is about the enterprise asked for: its list is unpacked to be sure."""
    return asked.uscc is None or row["uscc"] == asked.uscc or asked.uscc in unpack_codes(row["codes"])


def _shown(row: Row, actor: Actor) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name != "codes"}
    own = shown["actor_id"] == str(actor.id)
    if not (own or actor.audits_everything or actor.may(Role.AUDITOR, *RECORD_ROLES)):
        shown |= {"record_kind": None, "record_id": None, "owners": None}
    return shown
