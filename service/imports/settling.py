"""A person decides from which of two sources a field of a record is shown; the decision comes before every rank, and can be undone.

A decision is a version of the record: `field_decisions` says by field which source is believed, since when, by whom and why.
Later versions carry it; imports ask it before ranks (`service.imports.preferring`). What the source says then is shown at once,
with whatever of it is held back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from asyncpg import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role, check_separation
from service.access.seen import note_owners
from service.catalog.trust import TRUSTED
from service.clock import legal_day
from service.db import driver
from service.errors import Conflict, Forbidden, Invalid, NotFound
from service.imports import deciding
from service.imports.shapes import SHAPES, Shape
from service.models import Base
from service.records.queries import OF_THE_ACT

_SHAPES: Final = {shape.change_kind: shape for shape in SHAPES.values() if TRUSTED[shape.change_kind]}
KINDS: Final = tuple(sorted(_SHAPES))
NOBODY: Final = UUID(int=0)


class NoSuchSourceConflict(NotFound):
    """No source contradicts this record, or none that the key may see."""

    code = "no_such_source_conflict"


class NotTheirsToDecide(Forbidden):
    """A reviewer of the record's authority decides about it, a registrar about a registration."""

    code = "not_theirs_to_decide"


class FieldNotDecided(Invalid):
    """The field is none of those that are shown from one source or another; `fields` are these."""

    code = "field_not_decided"


class SourceSaysNothing(Conflict):
    """The source has said nothing of the record that is known here."""

    code = "source_says_nothing"


class FieldDecided(Conflict):
    """Somebody decided about this field already; undo that first."""

    code = "field_decided"


class NothingDecided(Conflict):
    """Nobody has decided about this field."""

    code = "nothing_decided"


@dataclass(frozen=True, slots=True)
class Which:
    """A field of a record; `record_id` is None for a registration."""

    kind: str
    uscc: str
    record_id: UUID | None
    field: str

    @property
    def shape(self) -> Shape:
        """How records of the kind lie in the tables."""
        return _SHAPES[self.kind]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that go together.

        Raises:
            FieldNotDecided: the field is none that is shown from one source or another.
        """
        fields = TRUSTED[self.kind]
        if self.field not in fields:
            raise FieldNotDecided(
                f"{self.field!r} is not decided so; it is one of {', '.join(sorted(fields))}. Names, numbers, amounts, kinds and"
                " what a window of publication follows from are corrected on the record itself.",
                detail_zh="该字段不能按来源裁定，请在记录上更正。",
                fields=sorted(fields),
            )
        return fields[self.field]


async def decide_source(
    session: AsyncSession, which: Which, *, source: str, reason: str, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Show a field from a source from now on, whatever ranks say; return the decision.

    Raises:
        NoSuchSourceConflict, NotTheirsToDecide, OwnWork, FieldNotDecided: it is not there, or not for this actor.
        FieldDecided: it was decided already.
        SourceSaysNothing: what the source says is not known.
    """
    connection = await driver(session)
    row = await _begin(connection, which, actor)
    note_owners(session, [row["authority_code"]] if which.shape.has_id else [])
    decisions = _read(row["field_decisions"])
    if which.field in decisions:
        raise FieldDecided(
            f"{which.field} is shown from {decisions[which.field]['source']} since {decisions[which.field]['on']}.",
            detail_zh="该字段已有裁定，请先撤销。",
        )
    was = _read(row["field_sources"]).get(which.field, row["source_code"])
    on = legal_day(now).isoformat()
    decision = {"source": source, "was": was, "on": on, "by": str(actor.id), "reason": reason, "columns": which.columns}
    act = ("settle_conflict", reason, decisions | {which.field: decision})
    number = await _show_from(connection, which, row, source=source, act=act, actor=actor, now=now)
    return _view(which, decision, version_no=number)


async def undo_decision(
    session: AsyncSession, which: Which, *, reason: str, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Take a decision back: the field is shown again from where it was before, as that source says by now; return it.

    Raises:
        NoSuchSourceConflict, NotTheirsToDecide, OwnWork, FieldNotDecided: see `decide_source`.
        NothingDecided: there is no decision.
    """
    connection = await driver(session)
    row = await _begin(connection, which, actor)
    note_owners(session, [row["authority_code"]] if which.shape.has_id else [])
    decisions = _read(row["field_decisions"])
    decision = decisions.pop(which.field, None)
    if decision is None:
        raise NothingDecided(f"Nobody has decided about {which.field}.", detail_zh="该字段没有裁定。")
    act = ("unsettle_conflict", reason, decisions)
    number = await _show_from(connection, which, row, source=decision["was"], act=act, actor=actor, now=now)
    return _view(which, decision, version_no=number)


def _view(which: Which, decision: Mapping[str, Any], *, version_no: int) -> dict[str, Any]:
    return {
        "kind": which.kind,
        "uscc": which.uscc,
        "record_id": which.record_id,
        "field": which.field,
        "source": decision["source"],
        "was": decision["was"],
        "decided_on": decision["on"],
        "decided_by": decision["by"],
        "reason": decision["reason"],
        "version_no": version_no,
    }


def _read(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The driver gives JSON as text, or read already, by who opened the connection."""
    return dict((orjson.loads(value) if isinstance(value, str | bytes) else value) or {})


async def _begin(connection: Connection, which: Which, actor: Actor) -> Mapping[str, Any]:
    """The record's present version, locked against imports and other acts."""
    shape, _ = which.shape, which.columns
    await deciding.lock(connection)
    same, head = ("v.id = $2", "h.id = v.id") if shape.has_id else ("$2::uuid IS NULL", "true")
    row: Mapping[str, Any] | None = await connection.fetchrow(
        f"""SELECT v.* FROM {shape.version} v JOIN {shape.head} h ON h.uscc = v.uscc AND {head}
        WHERE v.uscc = $1 AND {same} AND v.superseded_at IS NULL AND v.state = 'published' AND EXISTS (
            SELECT FROM source_statement t WHERE t.uscc = v.uscc AND t.kind = $3 AND t.record_id = $4 AND t.status = 'open')
        FOR UPDATE OF h""",
        which.uscc,
        which.record_id,
        which.kind,
        which.record_id or NOBODY,
    )
    if row is None or (shape.has_id and row["authority_code"] not in actor.sees_records_of):
        raise NoSuchSourceConflict("No source contradicts this record here.", detail_zh="没有该项来源冲突。")
    if shape.has_id:
        if not actor.acts_for(row["authority_code"], Role.REVIEWER):
            raise NotTheirsToDecide("A reviewer of its authority decides.", detail_zh="由该机关的审核人员裁定。")
        check_separation(actor, recorded_by=row["recorders"])
    elif not actor.may(Role.REGISTRAR):
        raise NotTheirsToDecide("A registrar decides about registrations.", detail_zh="登记信息由登记人员裁定。")
    return row


async def _last_word(connection: Connection, which: Which, source: str) -> dict[str, Any]:
    """What a source said last of the record, by column."""
    shape = which.shape
    same = "v.id = $2" if shape.has_id else "$2::uuid IS NULL"
    content: str | None = await connection.fetchval(
        f"""SELECT said::text FROM (
            SELECT t.content AS said, t.stated_at AS at, t.import_id FROM source_statement t WHERE t.uscc = $1 AND t.kind = $3
                AND t.record_id = $4 AND t.source_code = $5 AND t.status <> 'void'
            UNION ALL
            SELECT to_jsonb(v), v.recorded_at, v.import_id FROM {shape.version} v WHERE v.uscc = $1 AND {same} AND v.source_code = $5
                AND v.state <> 'void' AND NOT coalesce(v.field_sources ? $6, false)
        ) AS w ORDER BY at DESC, import_id DESC NULLS LAST LIMIT 1""",
        which.uscc,
        which.record_id,
        which.kind,
        which.record_id or NOBODY,
        source,
        which.field,
    )
    if content is None:
        raise SourceSaysNothing(
            f"{source} has said nothing of this record that is known here.", detail_zh="该来源没有关于此记录的内容。"
        )
    return dict(orjson.loads(content))


async def _show_from(
    connection: Connection,
    which: Which,
    row: Mapping[str, Any],
    *,
    source: str,
    act: tuple[str, str, dict[str, Any]],
    actor: Actor,
    now: datetime,
) -> int:
    """Append the version in which the field is what the source says; return its number."""
    shape, columns = which.shape, which.columns
    said = await _last_word(connection, which, source)
    sources = {name: value for name, value in _read(row["field_sources"]).items() if name != which.field}
    if source != row["source_code"]:
        sources[which.field] = source
    command, reason, decisions = act
    given = {
        "version_no": "v.version_no + 1",
        "command": "$3::text",
        "actor": "$4::text",
        "recorded_at": "$5::timestamptz",
        "field_sources": "$6::jsonb",
        "field_decisions": "$7::jsonb",
        **{name: f"n.{name}" for name in columns},
    }
    known = [column.name for column in Base.metadata.tables[shape.version].columns]
    if shape.has_id:
        given |= {"reason": "$9::text", "effective_on": "$10::date"}
        given["held_texts"] = (
            "ARRAY(SELECT one FROM unnest(v.held_texts) AS one WHERE one <> $11 UNION SELECT $11 WHERE $12)"
        )
    left = {*OF_THE_ACT} - given.keys()
    values = {name: given.get(name, f"v.{name}") for name in known if name not in left}
    same = "v.uscc = $1 AND " + ("v.id = $2" if shape.has_id else "$2::uuid IS NULL")
    held = which.field in said.get("held_texts", ()) or any("[已隐去:" in str(said.get(name)) for name in columns)
    extra = (reason, legal_day(now), which.field, held) if shape.has_id else ()
    number: int = row["version_no"] + 1
    await connection.execute(
        f"UPDATE {shape.version} v SET superseded_at = $3 WHERE {same} AND v.version_no = $4",
        which.uscc,
        which.record_id,
        now,
        row["version_no"],
    )
    await connection.execute(
        f"""INSERT INTO {shape.version} ({", ".join(values)}) SELECT {", ".join(values.values())}
        FROM {shape.version} v, jsonb_populate_record(NULL::{shape.version}, $8::jsonb) AS n
        WHERE {same} AND v.version_no = {number - 1}""",
        which.uscc,
        which.record_id,
        command,
        str(actor.id),
        now,
        orjson.dumps(sources).decode() if sources else None,
        orjson.dumps(decisions).decode() if decisions else None,
        orjson.dumps({name: said.get(name) for name in columns}).decode(),
        *extra,
    )
    head = "uscc = $1 AND " + ("id = $2" if shape.has_id else "$2::uuid IS NULL")
    await connection.execute(
        f"UPDATE {shape.head} SET version_no = {number} WHERE {head}",
        which.uscc,
        which.record_id,
    )
    await connection.execute(
        """INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6)""",
        which.uscc,
        which.kind,
        which.record_id,
        number,
        "corrected" if shape.has_id else "changed",
        now,
    )
    return number
