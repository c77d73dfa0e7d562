"""Where sources disagree, the one that is trusted more in a field decides what is shown there; the disagreement stays open.

A record belongs to the source that gave it first, and `field_sources` of its version says which values are another's. A row that
contradicts a record writes a version with the fields in which its source is trusted more; a later row of the record's own
source leaves these as they are. Ranks are those of the catalogue (`service.catalog.trust`); what a person decided about a field
of a record (`field_decisions`, `service.imports.settling`) comes before every rank.
"""

from asyncpg import Connection

from service.catalog.trust import TRUSTED, UNRANKED
from service.imports.deciding import Taking
from service.imports.staging import Stage
from service.models import Base
from service.records.queries import OF_THE_ACT


def _rank(holder: str) -> str:
    """SQL of the rank of a source in the field `t.field`."""
    named = "SELECT split_part(e, ':', 2)::int FROM source o, unnest(o.trust) AS e WHERE o.code = {holder} AND split_part(e, ':', 1) = "
    named = named.replace("{holder}", holder)
    decided = f"WHEN c.field_decisions -> t.field ->> 'source' = {holder} THEN -1"
    return f"CASE {decided} WHEN {holder} LIKE 'own:%' THEN 0 ELSE coalesce(({named}t.field), ({named}'*'), {UNRANKED}) END"


def _held(shown: str, other: str) -> str:
    """SQL of the texts that are held back: those of `other` where its field was won (`p.won`), else those of `shown`."""
    return (
        f"ARRAY(SELECT one FROM unnest({shown}.held_texts) AS one WHERE NOT one = ANY (p.won)"
        f" UNION SELECT one FROM unnest({other}.held_texts) AS one WHERE one = ANY (p.won) ORDER BY one)"
    )


async def prefer(connection: Connection, stage: Stage, taking: Taking) -> None:
    """Find which fields of staged rows are shown from whom, and let rows of a record's own source keep what others are trusted in.

    What was held back of a text goes with the text.
    Afterwards the table `stage.preferred` has for each such row the fields (`won`) and the version's `field_sources`.
    """
    shape = stage.shape
    fields = TRUSTED[shape.change_kind]
    if not fields:
        await connection.execute(
            f"CREATE UNLOGGED TABLE {stage.preferred} (n bigint, decided text, won text[], sources jsonb)"
        )
        return
    same = "c.uscc = k.uscc" + (" AND c.id = k.id" if shape.has_id else "") + " AND c.superseded_at IS NULL"
    own_state = "k.head_state = 'published'" if shape.has_id else "c.state = 'published'"
    holder = "coalesce(c.field_sources ->> t.field, c.source_code)"
    may_win = "false" if taking.source.startswith("own:") or taking.entry_state != "published" else "true"
    # Only rows whose record is known contradict or change it, and of a large file these are few.
    made = await connection.execute(
        f"""CREATE UNLOGGED TABLE {stage.preferred} AS
        SELECT k.n, k.decision AS decided, array_agg(t.field) AS won,
               CASE k.decision WHEN 'disputed' THEN coalesce(c.field_sources, '{{}}') ||
                        jsonb_object_agg(t.field, $1::text)
                    ELSE jsonb_object_agg(t.field, c.field_sources ->> t.field) END AS sources
        FROM {stage.known} k JOIN {shape.version} c ON {same}
        CROSS JOIN unnest($2::text[], $3::text[]) AS t (field, columns)
        WHERE k.decision = 'disputed' AND k.reasons = ARRAY['source_conflict'] AND {own_state} AND {may_win}
              AND k.differs && string_to_array(t.columns, ' ')
              AND ({holder} = $1::text OR {_rank("$1::text")} < {_rank(holder)})
           OR k.decision = 'changed' AND c.field_sources ? t.field
              AND {_rank("(c.field_sources ->> t.field)")} < {_rank("$1::text")}
        GROUP BY k.n, k.decision, c.field_sources""",
        taking.source,
        list(fields),
        [" ".join(columns) for columns in fields.values()],
    )
    if made == "SELECT 0":
        return
    await connection.execute(
        f"""UPDATE {stage.known} k SET reasons = k.reasons || ARRAY['source_preferred'] FROM {stage.preferred} p
        WHERE p.n = k.n AND p.decided = 'disputed'"""
    )
    kept = [
        f"{column} = CASE WHEN '{field}' = ANY (p.won) THEN c.{column} ELSE w.{column} END"
        for field, columns in fields.items()
        for column in columns
    ]
    if shape.has_id:
        kept.append(f"held_texts = {_held('w', 'c')}")
    await _keep_words(connection, stage, taking)
    await connection.execute(
        f"""UPDATE {stage.wide} w SET {", ".join(kept)}
        FROM {stage.preferred} p JOIN {stage.known} k ON k.n = p.n JOIN {shape.version} c ON {same}
        WHERE p.decided = 'changed' AND w.n = p.n"""
    )


async def _keep_words(connection: Connection, stage: Stage, taking: Taking) -> None:
    """Keep what a record's own source says in fields that are shown from others, should a person decide for it."""
    shape = stage.shape
    content = ", ".join(f"'{name}', w.{name}" for name in (*shape.compared, *(("held_texts",) if shape.has_id else ())))
    record = "k.id" if shape.has_id else "'00000000-0000-0000-0000-000000000000'::uuid"
    await connection.execute(
        f"""INSERT INTO source_statement (uscc, kind, record_id, source_code, import_id, import_row, row_digest, content_digest,
            content, status, stated_at)
        SELECT k.uscc, '{shape.change_kind}', {record}, $1::text, $2::uuid, p.n, w.row_digest, w.content_digest,
            jsonb_strip_nulls(jsonb_build_object({content})), 'agrees', $3::timestamptz
        FROM {stage.preferred} p JOIN {stage.known} k ON k.n = p.n JOIN {stage.wide} w ON w.n = p.n
        WHERE p.decided = 'changed' ON CONFLICT DO NOTHING""",
        taking.source,
        taking.import_id,
        taking.now,
    )


async def insert_preferred(connection: Connection, stage: Stage, taking: Taking) -> None:
    """Write the versions of records that another source owns, with the fields in which this one is trusted more."""
    shape = stage.shape
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {stage.preferred} WHERE decided = 'disputed')"):
        return
    won = {column: field for field, columns in TRUSTED[shape.change_kind].items() for column in columns}
    written = {"version_no", "command", "actor", "recorded_at", "import_id", "import_row", "field_sources", *OF_THE_ACT}
    values = {
        column.name: f"CASE WHEN '{won[column.name]}' = ANY (p.won) THEN w.{column.name} ELSE v.{column.name} END"
        if column.name in won
        else f"v.{column.name}"
        for column in Base.metadata.tables[shape.version].columns
        if column.name not in written
    }
    if shape.has_id:
        values["held_texts"] = _held("v", "w")
        key, head = "v.uscc = s.uscc AND v.id = s.head_id", "h.uscc = s.uscc AND h.id = s.head_id"
    else:
        key, head = "v.uscc = s.uscc", "h.uscc = s.uscc"
    rows = f"{stage.preferred} AS p JOIN {stage.decided} s ON s.n = p.n AND p.decided = 'disputed'"
    await connection.execute(
        f"""UPDATE {shape.version} v SET superseded_at = $1 FROM {rows}
        WHERE {key} AND v.version_no = s.head_version_no AND v.superseded_at IS NULL""",
        taking.now,
    )
    await connection.execute(
        f"""INSERT INTO {shape.version} ({", ".join(values)}, version_no, command, actor, recorded_at, import_id, import_row,
            field_sources)
        SELECT {", ".join(values.values())}, v.version_no + 1, 'import', $1::text, $2::timestamptz, $3::uuid, s.n, p.sources
        FROM {rows} JOIN {stage.wide} w ON w.n = s.n JOIN {shape.version} v ON {key} AND v.version_no = s.head_version_no
        ORDER BY s.uscc""",
        taking.actor,
        taking.now,
        taking.import_id,
    )
    await connection.execute(f"UPDATE {shape.head} h SET version_no = s.head_version_no + 1 FROM {rows} WHERE {head}")
    await connection.execute(
        f"""INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
        SELECT s.uscc, '{shape.change_kind}', {"s.head_id" if shape.has_id else "NULL::uuid"}, s.head_version_no + 1,
            '{"corrected" if shape.has_id else "changed"}', $1::timestamptz FROM {rows} ORDER BY s.n""",
        taking.now,
    )
