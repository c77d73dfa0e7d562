"""Writing what was decided about staged rows: set-based, in the caller's one transaction."""

from uuid import UUID

from asyncpg import Connection

from service.catalog.trust import TRUSTED
from service.imports.deciding import Taking
from service.imports.preferring import insert_preferred
from service.imports.shapes import Shape
from service.imports.staging import Stage, new_event
from service.imports.successions import tell_former_codes


async def apply(connection: Connection, stage: Stage, taking: Taking) -> None:
    """Write what `classify` and `prefer` decided: subjects, heads, versions, names, pending changes, statements and row outcomes."""
    shape = stage.shape
    if shape.has_id:
        await connection.execute(
            f"""INSERT INTO subject (uscc, version_no, created_at)
            SELECT DISTINCT d.uscc, 0, $1::timestamptz FROM {stage.decided} d LEFT JOIN subject h ON h.uscc = d.uscc
            WHERE d.decided = 'new' AND h.uscc IS NULL ORDER BY d.uscc ON CONFLICT DO NOTHING""",
            taking.now,
        )
    await _insert_new(connection, stage, taking)
    await _insert_changed(connection, stage, taking)
    await insert_preferred(connection, stage, taking)
    await _insert_names(connection, stage, taking)
    if not shape.has_id:
        await tell_former_codes(connection, stage, taking.entry)
    await _insert_statements(connection, stage, taking)
    await _record_outcomes(connection, stage, taking)


def _version_columns(shape: Shape) -> str:
    identity = "id, recorders, " if shape.has_id else ""
    return (
        f"uscc, {identity}version_no, state, command, actor, recorded_at, source_code, import_id, import_row,"
        f" row_digest, content_digest, {', '.join(shape.names)}"
    )


def _version_values(shape: Shape, *, identity: str, version_no: str, state: str) -> str:
    """The values of a version from `decided` (s) and the content set aside (w)."""
    given = f"{identity}, ARRAY[$1::text], " if shape.has_id else ""
    content = ", ".join(f"w.{name}" for name in shape.names)
    return (
        f"s.uscc, {given}{version_no}, {state}, 'import', $1::text, $2::timestamptz, $3::text, $4::uuid, s.n,"
        f" w.row_digest, w.content_digest, {content}"
    )


async def _insert_new(connection: Connection, stage: Stage, taking: Taking) -> None:
    shape, decided = stage.shape, stage.decided
    if shape.has_id:
        extra = "".join(f", {name}" for name in shape.head_columns)
        await connection.execute(
            f"""INSERT INTO {shape.head} (uscc, id, natural_key, state, version_no, created_at{extra})
            SELECT uscc, new_id, natural_key, $1::text, 1, $2::timestamptz{extra} FROM {decided}
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
        FROM {decided} s JOIN {stage.wide} w ON w.n = s.n WHERE decided = 'new' AND NOT direct ORDER BY s.uscc""",
        taking.actor,
        taking.now,
        taking.source,
        taking.import_id,
    )
    await connection.execute(
        f"""INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
        SELECT uscc, '{shape.change_kind}', {record}, {version_no}, $1::text, $2::timestamptz
        FROM {decided} s WHERE decided = 'new' AND NOT direct ORDER BY n""",
        new_event(shape, taking.entry_state),
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
    before = f" LEFT JOIN {stage.preferred} p ON p.n = s.n JOIN {shape.version} v ON {same_version} AND v.version_no = s.head_version_no"
    if shape.has_id:
        # Whoever wrote a part of the content before stays among its recorders: he does not review it now.
        values = values.replace(
            "ARRAY[$1::text]", "ARRAY(SELECT DISTINCT one FROM unnest(v.recorders || $1::text) AS one ORDER BY one)"
        )
    carried = (*shape.of_people, *(("field_decisions",) if TRUSTED[shape.change_kind] else ()))
    kept = ", field_sources" + "".join(f", {name}" for name in carried)
    kept_values = ", p.sources" + "".join(f", v.{name}" for name in carried)
    if shape.published == "published" and shape.has_id:
        # A record that a feed hid stays hidden for its reason until the feed brings it back.
        for name in ("reason", "basis"):
            kept += f", {name}"
            kept_values += f", CASE WHEN v.state = 'suspended' THEN v.{name} END"
    await connection.execute(
        f"""INSERT INTO {shape.version} ({_version_columns(shape)}{kept})
        SELECT {values}{kept_values} FROM {decided} s JOIN {stage.wide} w ON w.n = s.n{before}
        WHERE s.decided = 'changed' ORDER BY s.uscc""",
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
        # A name counts once a version that bears it is written, whatever became of the row that brought it first.
        await connection.execute(
            f"""INSERT INTO subject_name (uscc, name, kind, folded, bigrams, import_id)
            SELECT t.uscc, t.name, 'record', t.folded, t.bigrams, $1::uuid
            FROM (SELECT uscc, name, folded, bigrams, sure AND uscc NOT IN (SELECT uscc FROM {stage.exceptions}) AS sure
                  FROM {stage.names}
                  UNION ALL
                  SELECT uscc, name, folded_name, bigrams, true FROM {decided} WHERE {written} AND bigrams IS NOT NULL) t
            LEFT JOIN subject_name m ON m.uscc = t.uscc AND m.name = t.name AND m.kind = 'record'
            WHERE m.uscc IS NULL AND (t.sure OR EXISTS (
                SELECT FROM {shape.version} v WHERE v.uscc = t.uscc AND v.import_id = $1 AND v.party_name = t.name))
            ORDER BY t.uscc, t.name ON CONFLICT DO NOTHING""",
            taking.import_id,
        )
        return
    # A name that a registry gave before and gives no longer becomes a former name.
    await connection.execute(
        f"""INSERT INTO subject_name (uscc, name, kind, folded, bigrams, import_id)
        SELECT m.uscc, m.name, 'former', m.folded, m.bigrams, $1::uuid
        FROM subject_name m JOIN {decided} s ON s.uscc = m.uscc
        WHERE {written} AND m.kind = 'registered' AND m.name <> s.name
        ON CONFLICT DO NOTHING""",
        taking.import_id,
    )
    await connection.execute(
        f"""DELETE FROM subject_name m USING {decided} s
        WHERE {written} AND m.uscc = s.uscc AND m.kind = 'registered' AND m.name <> s.name"""
    )
    await connection.execute(
        f"""INSERT INTO subject_name (uscc, name, kind, folded, bigrams, import_id)
        SELECT uscc, name, 'registered', folded_name, bigrams, $1::uuid
        FROM {decided} WHERE {written} AND name IS NOT NULL ON CONFLICT DO NOTHING""",
        taking.import_id,
    )
    goes_on = f"""FROM {decided} s JOIN {stage.wide} w ON w.n = s.n, LATERAL unnest(w.successors) AS t (code) WHERE {written}"""
    await connection.execute(
        f"""INSERT INTO subject (uscc, version_no, created_at) SELECT DISTINCT t.code, 0, $1::timestamptz {goes_on}
        ORDER BY t.code ON CONFLICT DO NOTHING""",
        taking.now,
    )
    await connection.execute(
        f"""INSERT INTO subject_identifier (uscc, kind, value, import_id)
        SELECT DISTINCT t.code, 'former_code', s.uscc, $1::uuid {goes_on} ON CONFLICT DO NOTHING""",
        taking.import_id,
    )
    await connection.execute(
        f"""INSERT INTO subject_identifier (uscc, kind, value, import_id)
        SELECT uscc, kind, value, $1::uuid FROM (
            SELECT s.uscc, i.kind, i.value FROM {decided} s JOIN {stage.wide} w ON w.n = s.n,
            LATERAL (VALUES ('reg_no', w.reg_no), ('org_code', w.org_code), ('tax_no', w.tax_no)) AS i (kind, value)
            WHERE {written}
        ) stated WHERE value IS NOT NULL
        ON CONFLICT DO NOTHING""",
        taking.import_id,
    )


async def _insert_statements(connection: Connection, stage: Stage, taking: Taking) -> None:
    shape = stage.shape
    record = "head_id" if shape.has_id else "'00000000-0000-0000-0000-000000000000'::uuid"
    told = (*shape.compared, "held_texts") if shape.has_id else shape.compared
    content = ", ".join(f"'{name}', w.{name}" for name in told)
    await connection.execute(
        f"""INSERT INTO source_statement (uscc, kind, record_id, source_code, import_id, import_row,
                row_digest, content_digest, differs, content, status, stated_at)
        SELECT s.uscc, '{shape.change_kind}', {record}, $1::text, $2::uuid, s.n, w.row_digest, s.content_digest, differs,
               jsonb_strip_nulls(jsonb_build_object({content})),
               CASE WHEN decided = 'disputed' THEN 'open' ELSE 'agrees' END, $3::timestamptz
        FROM {stage.decided} s JOIN {stage.wide} w ON w.n = s.n
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
    values = f"""$1::uuid, s.n, s.line, decided, why, CASE WHEN decided <> 'natural_person' THEN coalesce(s.uscc, known_uscc) END, {record},
        CASE decided WHEN 'new' THEN coalesce(old_version_no, 0) + 1 WHEN 'changed' THEN head_version_no + 1
                     WHEN 'duplicate' THEN old_version_no WHEN 'disputed' THEN old_version_no END,
        CASE WHEN decided <> 'natural_person' THEN row_digest END,
        CASE WHEN decided = 'quarantined' THEN waiting_for END,
        CASE WHEN decided = 'quarantined' THEN coalesce(x.content, s.content) END"""
    source = f"FROM {stage.decided} s LEFT JOIN {stage.contents} x ON x.n = s.n"
    if taking.first_take:
        await connection.execute(
            f"INSERT INTO import_row ({columns}) SELECT {values} {source} WHERE NOT direct ORDER BY s.n",
            taking.import_id,
        )
        await _correct(
            connection, columns, f"SELECT {values} {source} WHERE s.n IN (SELECT n FROM {stage.exceptions})", taking
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
    await _correct(connection, columns, f"SELECT {values} {source}", taking)


async def _correct(connection: Connection, columns: str, accounts: str, taking: Taking) -> None:
    digest = "CASE WHEN w.outcome <> 'natural_person' THEN coalesce(w.row_digest, r.row_digest) END"
    # The planner knows nothing of accounts that were written a moment ago, and would look each of them up among all corrections.
    await connection.execute("SET LOCAL enable_nestloop = off")
    await connection.execute(
        f"""UPDATE import_row r SET outcome = w.outcome, reasons = w.reasons, uscc = w.uscc, record_id = w.record_id,
            version_no = w.version_no, row_digest = {digest}, waiting_for = w.waiting_for, content = w.content
        FROM ({accounts}) AS w ({columns}) WHERE r.import_id = w.import_id AND r.n = w.n""",
        taking.import_id,
    )
    await connection.execute("SET LOCAL enable_nestloop = on")


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
