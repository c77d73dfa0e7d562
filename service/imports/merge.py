"""Taking staged rows in: set-based, in the caller's one transaction, so that a file is taken in whole or not at all.

The steps read top to bottom in `classify` and `apply`. What is decided about a row, in this order:

1. rows that share a natural key inside the file: same content, the first counts and the others are duplicates;
   different content, all are quarantined (`conflict_in_file`);
2. rows whose record exists are compared with the last statement *of the same source* (DESIGN decision 10);
3. everything else is new.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Connection

from service.imports.shapes import Shape
from service.imports.staging import Stage

MERGE_LOCK = 0x58494D50  # "XIMP": imports are taken in one after another


@dataclass(frozen=True, slots=True)
class Taking:
    """The facts of one taking-in that are the same for all rows.

    `source` is the source's code, or `own:AUTHORITY` for an authority's own rows; `entry_state` is the state in which new
    records enter; `file_known` says that a byte-identical file was taken in before.
    """

    import_id: UUID
    source: str
    actor: str
    entry_state: str
    now: datetime
    file_known: bool
    first_take: bool = True


async def classify(connection: Connection, stage: Stage, taking: Taking) -> None:
    """Decide about every staged row; afterwards the view `stage.decided` tells."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", MERGE_LOCK)
    await connection.execute("SET LOCAL work_mem = '128MB'")
    await _resolve_old_identifiers(connection, stage)
    await _group_within_file(connection, stage)
    await connection.execute(f"ANALYZE {stage.rows} (n, outcome, uscc, natural_key)")
    await _compare_with_known(connection, stage, taking)
    await connection.execute(
        f"""CREATE VIEW {stage.decided} AS
        SELECT s.*, k.id AS head_id, k.head_version_no, k.head_state, k.differs, k.old_version_no,
               coalesce(k.id, g.first_id, s.new_id) AS record_id,
               CASE WHEN coalesce(g.decision, k.decision, s.outcome, 'new') = 'waiting' THEN 'quarantined'
                    ELSE coalesce(g.decision, k.decision, s.outcome, 'new') END AS decided,
               coalesce(g.reasons, k.reasons, s.reasons,
                        CASE WHEN s.outcome = 'waiting' THEN ARRAY['waiting_subject'] END) AS why
        FROM {stage.rows} s LEFT JOIN {stage.groups} g ON g.n = s.n LEFT JOIN {stage.known} k ON k.n = s.n"""
    )


async def _resolve_old_identifiers(connection: Connection, stage: Stage) -> None:
    """Give a row known only by an old number its code, when exactly one subject holds it and the names agree."""
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {stage.rows} WHERE outcome = 'waiting')"):
        return
    await connection.execute(
        f"""WITH holder AS (
            SELECT s.n, s.folded_name, min(i.uscc) AS uscc, count(DISTINCT i.uscc) AS holders
            FROM {stage.rows} s JOIN subject_identifier i ON i.value = s.old_value
            WHERE s.outcome = 'waiting' GROUP BY s.n, s.folded_name
        ), verdict AS (
            SELECT n, uscc, holders = 1 AND EXISTS (
                SELECT FROM subject_name m
                WHERE m.uscc = holder.uscc AND m.folded = holder.folded_name AND m.kind <> 'record') AS agrees
            FROM holder
        )
        UPDATE {stage.rows} s
        SET uscc = CASE WHEN v.agrees THEN v.uscc END,
            natural_key = CASE WHEN {stage.shape.has_id} THEN s.natural_key ELSE v.uscc END,
            outcome = CASE WHEN v.agrees THEN NULL ELSE 'quarantined' END,
            reasons = CASE WHEN v.agrees THEN NULL ELSE ARRAY['ambiguous_subject'] END,
            content = CASE WHEN v.agrees THEN NULL ELSE s.content END,
            waiting_for = CASE WHEN v.agrees THEN NULL ELSE s.waiting_for END
        FROM verdict v WHERE v.n = s.n"""
    )


async def _group_within_file(connection: Connection, stage: Stage) -> None:
    await connection.execute(
        f"""CREATE UNLOGGED TABLE {stage.groups} AS
        WITH shared AS (
            SELECT uscc, natural_key FROM {stage.rows} WHERE outcome IS NULL
            GROUP BY uscc, natural_key HAVING count(*) > 1
        ), member AS (
            SELECT s.n, s.new_id, s.content_digest, s.uscc, s.natural_key,
                   first_value(s.n) OVER same AS first_n, first_value(s.new_id) OVER same AS first_id,
                   first_value(s.content_digest) OVER same AS first_digest
            FROM {stage.rows} s JOIN shared USING (uscc, natural_key) WHERE s.outcome IS NULL
            WINDOW same AS (PARTITION BY uscc, natural_key ORDER BY s.n)
        ), judged AS (
            SELECT n, first_n, first_id,
                   bool_or(content_digest <> first_digest) OVER (PARTITION BY uscc, natural_key) AS contradicts
            FROM member
        )
        SELECT n, first_n, CASE WHEN contradicts THEN NULL ELSE first_id END AS first_id,
               CASE WHEN contradicts THEN 'quarantined' ELSE 'duplicate' END AS decision,
               CASE WHEN contradicts THEN ARRAY['conflict_in_file'] ELSE ARRAY['repeated_in_file'] END AS reasons
        FROM judged WHERE contradicts OR n <> first_n"""
    )
    await connection.execute(f"ANALYZE {stage.groups}")


async def _compare_with_known(connection: Connection, stage: Stage, taking: Taking) -> None:
    shape = stage.shape
    identity = "h.id" if shape.has_id else "NULL::uuid"
    same = "c.uscc = h.uscc AND c.id = h.id" if shape.has_id else "c.uscc = h.uscc"
    key = "h.natural_key = s.natural_key AND h.state <> 'void'" if shape.has_id else "true"
    alive = "h.state" if shape.has_id else "c.state"
    seen = "c.row_digest = s.row_digest AND c.source_code = $1 AND c.superseded_at IS NULL"
    head_of_seen = "h.uscc = c.uscc AND h.id = c.id" if shape.has_id else "h.uscc = c.uscc"
    await connection.execute(
        f"""CREATE UNLOGGED TABLE {stage.known} (
            n bigint, uscc text, id uuid, head_version_no int, head_state text, current_source text,
            old_version_no int, decision text, reasons text[], differs text[], first_seen bigint)"""
    )
    # Rows whose very cells are the last statement of this source need no reading at all.
    if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {stage.rows} WHERE outcome = 'seen')"):
        await connection.execute(
            f"""INSERT INTO {stage.known} (n, uscc, id, head_version_no, head_state, old_version_no, decision)
            SELECT s.n, h.uscc, {identity}, h.version_no, {alive}, h.version_no, 'duplicate'
            FROM {stage.rows} s JOIN {shape.version} c ON {seen} JOIN {shape.head} h ON {head_of_seen}
            WHERE s.outcome = 'seen'""",
            taking.source,
        )
    await connection.execute(
        f"""INSERT INTO {stage.known} (n, uscc, id, head_version_no, head_state, current_source, old_version_no, decision)
        SELECT s.n, h.uscc, {identity}, h.version_no, {alive}, c.source_code, c.version_no,
               CASE WHEN c.source_code = $1 AND c.content_digest = s.content_digest THEN 'duplicate' END
        FROM {stage.rows} s
        JOIN {shape.head} h ON h.uscc = s.uscc AND {key}
        JOIN {shape.version} c ON {same} AND c.superseded_at IS NULL AND c.state <> 'void'
        LEFT JOIN {stage.groups} g ON g.n = s.n
        WHERE s.outcome IS NULL AND g.n IS NULL""",
        taking.source,
    )
    await connection.execute(f"ANALYZE {stage.known}")
    await _decide_known(connection, stage, taking)


async def _decide_known(connection: Connection, stage: Stage, taking: Taking) -> None:
    shape = stage.shape
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {stage.known} WHERE decision IS NULL)"):
        return
    same = "v.uscc = k.uscc" + (" AND v.id = k.id" if shape.has_id else "")
    statement = (
        f"t.uscc = k.uscc AND t.kind = '{shape.change_kind}' AND t.source_code = $1 AND t.status <> 'void'"
        " AND t.record_id = " + ("k.id" if shape.has_id else "'00000000-0000-0000-0000-000000000000'::uuid")
    )
    compared = [name for name in shape.names if name not in shape.wording and name not in _COMPUTED]
    differs = ", ".join(f"CASE WHEN s.c_{name} IS DISTINCT FROM c.{name} THEN '{name}' END" for name in compared)
    may_write = (
        "k.head_state IN ('draft', 'published')" if taking.entry_state == "published" else "k.head_state = 'draft'"
    )
    if not shape.has_id:
        may_write = "true"
    await connection.execute(
        f"""WITH said AS (
            SELECT k.n, s.content_digest,
                (SELECT x.content_digest FROM (
                    SELECT v.content_digest, v.recorded_at AS at, v.version_no AS no FROM {shape.version} v
                    WHERE {same} AND v.source_code = $1 AND v.state <> 'void'
                    UNION ALL
                    SELECT t.content_digest, t.stated_at, 2147483647 FROM source_statement t WHERE {statement}
                 ) x ORDER BY x.at DESC, x.no DESC LIMIT 1) AS last_digest,
                EXISTS (SELECT FROM {shape.version} v
                        WHERE {same} AND v.source_code = $1 AND v.content_digest = s.content_digest)
                OR EXISTS (SELECT FROM source_statement t WHERE {statement} AND t.content_digest = s.content_digest)
                    AS said_before,
                c.content_digest AS current_digest,
                array_remove(ARRAY[{differs}], NULL) AS differs
            FROM {stage.known} k JOIN {stage.rows} s ON s.n = k.n
            JOIN {shape.version} c ON {same.replace("v.", "c.")} AND c.superseded_at IS NULL
            WHERE k.decision IS NULL
        )
        UPDATE {stage.known} k SET
            differs = said.differs,
            decision = CASE
                WHEN said.last_digest = said.content_digest THEN 'duplicate'
                WHEN said.said_before AND $2 THEN 'duplicate'
                WHEN said.said_before THEN 'quarantined'
                WHEN k.current_source = $1 AND {may_write} THEN 'changed'
                WHEN said.current_digest = said.content_digest THEN 'duplicate'
                ELSE 'disputed' END,
            reasons = CASE
                WHEN said.last_digest = said.content_digest THEN NULL
                WHEN said.said_before AND $2 THEN ARRAY['old_file']
                WHEN said.said_before THEN ARRAY['earlier_statement']
                WHEN k.current_source = $1 AND {may_write} THEN NULL
                WHEN said.current_digest = said.content_digest THEN ARRAY['other_source_agrees']
                WHEN k.head_state = 'ended' THEN ARRAY['record_ended']
                ELSE ARRAY['source_conflict'] END
        FROM said WHERE said.n = k.n""",
        taking.source,
        taking.file_known,
    )


_COMPUTED = frozenset(
    {"window_flags", "flags", "raw", "held_texts", "tier", "tier_basis"}
    | {
        f"{channel}_{part}"
        for channel in ("public", "gsxt", "credit_china")
        for part in ("from", "until", "rule", "grade", "reason")
    }
)


async def apply(connection: Connection, stage: Stage, taking: Taking) -> None:
    """Write what `classify` decided: subjects, heads, versions, names, pending changes, statements and row outcomes."""
    shape = stage.shape
    if shape.has_id:
        await connection.execute(
            f"""INSERT INTO subject (uscc, version_no, created_at)
            SELECT DISTINCT uscc, 0, $1::timestamptz FROM {stage.decided} WHERE decided = 'new'
            ON CONFLICT DO NOTHING""",
            taking.now,
        )
    await _insert_new(connection, stage, taking)
    await _insert_changed(connection, stage, taking)
    await _insert_names(connection, stage, taking)
    await _insert_statements(connection, stage, taking)
    await _record_outcomes(connection, stage, taking)


def _version_columns(shape: Shape) -> str:
    identity = "id, " if shape.has_id else ""
    return (
        f"uscc, {identity}version_no, state, command, actor, recorded_at, source_code, import_id, import_row,"
        f" row_digest, content_digest, {', '.join(shape.names)}"
    )


def _version_values(shape: Shape, *, identity: str, version_no: str, state: str) -> str:
    given = f"{identity}, " if shape.has_id else ""
    content = ", ".join(f"c_{name}" for name in shape.names)
    return (
        f"uscc, {given}{version_no}, {state}, 'import', $1::text, $2::timestamptz, $3::text, $4::uuid, n,"
        f" row_digest, content_digest, {content}"
    )


def _new_event(shape: Shape, entry_state: str) -> str:
    if not shape.has_id:
        return "registered"
    if entry_state == "draft":
        return "recorded"
    return "published" if shape.head == "penalty" else "listed"


async def _insert_new(connection: Connection, stage: Stage, taking: Taking) -> None:
    shape, decided = stage.shape, stage.decided
    if shape.has_id:
        extra = "".join(f", {name}" for name in shape.head_columns)
        values = "".join(f", c_{name}" for name in shape.head_columns)
        await connection.execute(
            f"""INSERT INTO {shape.head} (uscc, id, natural_key, state, version_no, created_at{extra})
            SELECT uscc, new_id, natural_key, $1::text, 1, $2::timestamptz{values} FROM {decided}
            WHERE decided = 'new' ORDER BY uscc""",
            taking.entry_state,
            taking.now,
        )
        version_no, record, state = "1", "new_id", f"'{taking.entry_state}'"
    else:
        await connection.execute(
            f"""UPDATE subject_version v SET superseded_at = $1 FROM {decided} s
            WHERE s.decided = 'new' AND v.uscc = s.uscc AND v.superseded_at IS NULL""",
            taking.now,
        )
        await connection.execute(
            f"""INSERT INTO subject (uscc, version_no, created_at)
            SELECT s.uscc, coalesce(h.version_no, 0) + 1, $1::timestamptz
            FROM {decided} s LEFT JOIN subject h ON h.uscc = s.uscc WHERE s.decided = 'new' ORDER BY s.uscc
            ON CONFLICT (uscc) DO UPDATE SET version_no = excluded.version_no""",
            taking.now,
        )
        version_no = "(SELECT h.version_no FROM subject h WHERE h.uscc = s.uscc)"
        record, state = "NULL::uuid", "'published'"
    await connection.execute(
        f"""INSERT INTO {shape.version} ({_version_columns(shape)})
        SELECT {_version_values(shape, identity="new_id", version_no=version_no, state=state)}
        FROM {decided} s WHERE decided = 'new' ORDER BY uscc""",
        taking.actor,
        taking.now,
        taking.source,
        taking.import_id,
    )
    await connection.execute(
        f"""INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
        SELECT uscc, '{shape.change_kind}', {record}, {version_no}, $1::text, $2::timestamptz
        FROM {decided} s WHERE decided = 'new' ORDER BY n""",
        _new_event(shape, taking.entry_state),
        taking.now,
    )


async def _insert_changed(connection: Connection, stage: Stage, taking: Taking) -> None:
    shape, decided = stage.shape, stage.decided
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {decided} WHERE decided = 'changed')"):
        return
    same_version = "v.uscc = s.uscc" + (" AND v.id = s.head_id" if shape.has_id else "")
    same_head = "h.uscc = s.uscc" + (" AND h.id = s.head_id" if shape.has_id else "")
    await connection.execute(
        f"""UPDATE {shape.version} v SET superseded_at = $1 FROM {decided} s
        WHERE s.decided = 'changed' AND {same_version} AND v.superseded_at IS NULL""",
        taking.now,
    )
    await connection.execute(
        f"""UPDATE {shape.head} h SET version_no = s.head_version_no + 1 FROM {decided} s
        WHERE s.decided = 'changed' AND {same_head} AND h.version_no = s.head_version_no"""
    )
    values = _version_values(shape, identity="head_id", version_no="head_version_no + 1", state="head_state")
    await connection.execute(
        f"""INSERT INTO {shape.version} ({_version_columns(shape)})
        SELECT {values} FROM {decided} s WHERE decided = 'changed' ORDER BY uscc""",
        taking.actor,
        taking.now,
        taking.source,
        taking.import_id,
    )
    event = "'corrected'" if shape.has_id else "CASE WHEN 'name' = ANY (differs) THEN 'renamed' ELSE 'changed' END"
    record = "head_id" if shape.has_id else "NULL::uuid"
    await connection.execute(
        f"""INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
        SELECT uscc, '{shape.change_kind}', {record}, head_version_no + 1, {event}, $1::timestamptz
        FROM {decided} WHERE decided = 'changed' ORDER BY n""",
        taking.now,
    )


async def _insert_names(connection: Connection, stage: Stage, taking: Taking) -> None:
    shape, decided = stage.shape, stage.decided
    written = "decided IN ('new', 'changed')"
    if shape.has_id:
        await connection.execute(
            f"""INSERT INTO subject_name (uscc, name, kind, folded, bigrams, import_id)
            SELECT DISTINCT ON (uscc, c_party_name) uscc, c_party_name, 'record', folded_name, bigrams, $1::uuid
            FROM {decided} WHERE {written} AND bigrams IS NOT NULL AND c_party_name IS NOT NULL
            ORDER BY uscc, c_party_name
            ON CONFLICT DO NOTHING""",
            taking.import_id,
        )
        return
    # A name that a registry gave before and gives no longer becomes a former name.
    await connection.execute(
        f"""INSERT INTO subject_name (uscc, name, kind, folded, bigrams, import_id)
        SELECT m.uscc, m.name, 'former', m.folded, m.bigrams, $1::uuid
        FROM subject_name m JOIN {decided} s ON s.uscc = m.uscc
        WHERE {written} AND m.kind = 'registered' AND m.name <> s.c_name
        ON CONFLICT DO NOTHING""",
        taking.import_id,
    )
    await connection.execute(
        f"""DELETE FROM subject_name m USING {decided} s
        WHERE {written} AND m.uscc = s.uscc AND m.kind = 'registered' AND m.name <> s.c_name"""
    )
    await connection.execute(
        f"""INSERT INTO subject_name (uscc, name, kind, folded, bigrams, import_id)
        SELECT uscc, c_name, 'registered', folded_name, bigrams, $1::uuid
        FROM {decided} WHERE {written} AND c_name IS NOT NULL ON CONFLICT DO NOTHING""",
        taking.import_id,
    )
    await connection.execute(
        f"""INSERT INTO subject_identifier (uscc, kind, value, import_id)
        SELECT uscc, kind, value, $1::uuid FROM (
            SELECT uscc, 'reg_no' AS kind, c_reg_no AS value FROM {decided} WHERE {written}
            UNION SELECT uscc, 'org_code', c_org_code FROM {decided} WHERE {written}
            UNION SELECT uscc, 'tax_no', c_tax_no FROM {decided} WHERE {written}
        ) stated WHERE value IS NOT NULL
        ON CONFLICT DO NOTHING""",
        taking.import_id,
    )


async def _insert_statements(connection: Connection, stage: Stage, taking: Taking) -> None:
    shape = stage.shape
    record = "head_id" if shape.has_id else "'00000000-0000-0000-0000-000000000000'::uuid"
    content = ", ".join(f"'{name}', c_{name}" for name in shape.names if name not in _COMPUTED)
    await connection.execute(
        f"""INSERT INTO source_statement (uscc, kind, record_id, source_code, import_id, import_row,
                row_digest, content_digest, differs, content, status, stated_at)
        SELECT uscc, '{shape.change_kind}', {record}, $1::text, $2::uuid, n, row_digest, content_digest, differs,
               jsonb_strip_nulls(jsonb_build_object({content})),
               CASE WHEN decided = 'disputed' THEN 'open' ELSE 'agrees' END, $3::timestamptz
        FROM {stage.decided}
        WHERE decided = 'disputed' OR (decided = 'duplicate' AND why = ARRAY['other_source_agrees'])
        ON CONFLICT DO NOTHING""",
        taking.source,
        taking.import_id,
        taking.now,
    )


async def _record_outcomes(connection: Connection, stage: Stage, taking: Taking) -> None:
    shape = stage.shape
    record = (
        "CASE WHEN decided NOT IN ('quarantined', 'natural_person') THEN record_id END"
        if shape.has_id
        else "NULL::uuid"
    )
    columns = "import_id, n, line, outcome, reasons, uscc, record_id, version_no, row_digest, waiting_for, content"
    values = f"""$1::uuid, s.n, s.line, decided, why, CASE WHEN decided <> 'natural_person' THEN uscc END, {record},
        CASE decided WHEN 'new' THEN coalesce(old_version_no, 0) + 1 WHEN 'changed' THEN head_version_no + 1
                     WHEN 'duplicate' THEN old_version_no WHEN 'disputed' THEN old_version_no END,
        CASE WHEN decided <> 'natural_person' THEN row_digest END,
        CASE WHEN decided = 'quarantined' THEN waiting_for END,
        CASE WHEN decided = 'quarantined' THEN coalesce(x.content, s.content) END"""
    source = f"FROM {stage.decided} s LEFT JOIN {stage.contents} x ON x.n = s.n"
    if taking.first_take:
        await connection.execute(
            f"INSERT INTO import_row ({columns}) SELECT {values} {source} ORDER BY s.n", taking.import_id
        )
        return
    await connection.execute(
        f"""INSERT INTO import_event (import_id, n, event, was, became, actor, detail, at)
        SELECT $1::uuid, s.n, 'taken_in', r.outcome, s.decided, $2::text,
               jsonb_build_object('was_reasons', r.reasons, 'reasons', s.why), $3::timestamptz
        FROM {stage.decided} s JOIN import_row r ON r.import_id = $1 AND r.n = s.n
        WHERE (r.outcome, r.reasons) IS DISTINCT FROM (s.decided, s.why)""",
        taking.import_id,
        taking.actor,
        taking.now,
    )
    await connection.execute(
        f"""UPDATE import_row r SET outcome = w.outcome, reasons = w.reasons, uscc = w.uscc, record_id = w.record_id,
            version_no = w.version_no, row_digest = w.row_digest, waiting_for = w.waiting_for, content = w.content
        FROM (SELECT {values} {source}) AS w ({columns})
        WHERE r.import_id = w.import_id AND r.n = w.n""",
        taking.import_id,
    )


async def needs_content(connection: Connection, stage: Stage) -> list[int]:
    """Return the numbers of rows that were quarantined after they were staged, so that their cells must be read again."""
    rows = await connection.fetch(
        f"SELECT n FROM {stage.decided} WHERE decided = 'quarantined' AND content IS NULL ORDER BY n"
    )
    await connection.execute(f"CREATE UNLOGGED TABLE {stage.contents} (n bigint, content jsonb)")
    return [row["n"] for row in rows]


async def keep_own_contents(connection: Connection, stage: Stage, import_id: UUID) -> None:
    """Keep the cells that a quarantined row has had so far, where its new reading did not bring any."""
    await connection.execute(
        f"""INSERT INTO {stage.contents} SELECT s.n, r.content FROM {stage.decided} s
        JOIN import_row r ON r.import_id = $1 AND r.n = s.n WHERE s.decided = 'quarantined' AND s.content IS NULL""",
        import_id,
    )


async def unread_seen(connection: Connection, stage: Stage) -> int:
    """Return how many rows were taken for known by their cells' digest and are not (then the file is read in full)."""
    count: int = await connection.fetchval(
        f"SELECT count(*) FROM {stage.rows} s WHERE s.outcome = 'seen' AND NOT EXISTS"
        f" (SELECT FROM {stage.known} k WHERE k.n = s.n)"
    )
    return count


async def counted(connection: Connection, stage: Stage) -> dict[str, dict[str, int]]:
    """Return the sums: rows by outcome, and rows by reason (a row may have several reasons)."""
    outcomes = await connection.fetch(f"SELECT decided, count(*) AS rows FROM {stage.decided} GROUP BY 1 ORDER BY 1")
    reasons = await connection.fetch(
        f"SELECT reason, count(*) AS rows FROM {stage.decided}, unnest(why) AS reason GROUP BY 1 ORDER BY 1"
    )
    return {
        "outcomes": {row["decided"]: row["rows"] for row in outcomes},
        "reasons": {row["reason"]: row["rows"] for row in reasons},
    }
