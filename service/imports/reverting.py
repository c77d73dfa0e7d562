"""Taking an import back, set-based: new versions that void what it made and restore what it changed."""

from datetime import datetime
from uuid import UUID

from asyncpg import Connection

from service.imports import deciding
from service.imports.shapes import Shape
from service.models import Base


async def revert_rows(
    connection: Connection, shape: Shape, *, import_id: UUID, actor: str, now: datetime
) -> dict[str, int]:
    """Revert every record whose current version this import wrote; returns how many were voided, restored and kept.

    A record goes back to the last version that another import or act had made before; where there is none, it becomes
    void: hidden, without notice, its natural key free again.
    """
    await deciding.lock(connection)
    await connection.execute("SET LOCAL statement_timeout = 0")
    identity = "uscc, id" if shape.has_id else "uscc"
    same = "v.uscc = c.uscc" + (" AND v.id = c.id" if shape.has_id else "")
    await connection.execute(
        f"""CREATE TEMPORARY TABLE reverting ON COMMIT DROP AS
        SELECT c.*, (SELECT max(v.version_no) FROM {shape.version} v WHERE {same} AND v.version_no < c.version_no
                     AND v.import_id IS DISTINCT FROM $1 AND v.state <> 'void') AS back_to
        FROM {shape.version} c WHERE c.import_id = $1 AND c.superseded_at IS NULL AND c.state <> 'void'""",
        import_id,
    )
    kept = await connection.fetchval(
        f"""SELECT count(DISTINCT ({identity})) FROM {shape.version} v WHERE v.import_id = $1
        AND NOT EXISTS (SELECT FROM reverting c WHERE {same})""",
        import_id,
    )
    in_set = f"({identity}) IN (SELECT {identity} FROM reverting)"
    await connection.execute(
        f"UPDATE {shape.version} SET superseded_at = $1 WHERE superseded_at IS NULL AND {in_set}", now
    )
    columns = ["source_code", "import_id", "import_row", "row_digest", "content_digest", *shape.names]
    listed = ", ".join(columns)
    # What is restored is all that the version had, what only people here fill included.
    restored = [
        column.name
        for column in Base.metadata.tables[shape.version].columns
        if column.name not in {"uscc", "id", "version_no", "state", "command", "actor", "recorded_at", "superseded_at"}
    ]
    from_back = ", ".join(f"b.{name}" for name in restored)
    voided = ", ".join("false" if name == "registered" else f"c.{name}" for name in columns)
    same_back = "b.uscc = c.uscc AND b.version_no = c.back_to" + (" AND b.id = c.id" if shape.has_id else "")
    key = "c.uscc, c.id" if shape.has_id else "c.uscc"
    await connection.execute(
        f"""INSERT INTO {shape.version} ({identity}, version_no, state, command, actor, recorded_at, {", ".join(restored)})
        SELECT {key}, c.version_no + 1, b.state, 'revert_import', $1::text, $2::timestamptz, {from_back}
        FROM reverting c JOIN {shape.version} b ON {same_back}""",
        actor,
        now,
    )
    await connection.execute(
        f"""INSERT INTO {shape.version} ({identity}, version_no, state, command, actor, recorded_at, {listed})
        SELECT {key}, c.version_no + 1, 'void', 'revert_import', $1::text, $2::timestamptz, {voided}
        FROM reverting c WHERE c.back_to IS NULL""",
        actor,
        now,
    )
    head = "h.uscc = c.uscc" + (" AND h.id = c.id" if shape.has_id else "")
    state = ", state = CASE WHEN c.back_to IS NULL THEN 'void' ELSE h.state END" if shape.has_id else ""
    await connection.execute(
        f"UPDATE {shape.head} h SET version_no = c.version_no + 1{state} FROM reverting c WHERE {head}"
    )
    record = "c.id" if shape.has_id else "NULL::uuid"
    await connection.execute(
        f"""INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
        SELECT c.uscc, '{shape.change_kind}', {record}, c.version_no + 1,
               CASE WHEN c.back_to IS NULL THEN 'voided' ELSE 'corrected' END, $1::timestamptz FROM reverting c""",
        now,
    )
    await _forget_names(connection, shape, import_id)
    await connection.execute("UPDATE source_statement SET status = 'void' WHERE import_id = $1", import_id)
    sums = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE back_to IS NULL) AS voided, count(back_to) AS restored FROM reverting"
    )
    await connection.execute("DROP TABLE reverting")
    return {"voided": sums["voided"], "restored": sums["restored"], "kept": kept}


async def _forget_names(connection: Connection, shape: Shape, import_id: UUID) -> None:
    """Names and identifiers that only this import gave go; those of restored registrations come back."""
    if shape.has_id:
        # A name given by records stays while any other record of the subject bears it.
        others = " UNION ALL ".join(
            f"SELECT FROM {table} v WHERE v.uscc = m.uscc AND v.party_name = m.name AND v.superseded_at IS NULL AND v.state <> 'void'"
            for table in ("penalty_version", "blacklist_entry_version", "credit_record_version")
        )
        await connection.execute(
            f"DELETE FROM subject_name m WHERE m.import_id = $1 AND m.kind = 'record' AND NOT EXISTS ({others})",
            import_id,
        )
        return
    await connection.execute(
        """INSERT INTO subject_name (uscc, name, kind, folded, bigrams, import_id)
        SELECT m.uscc, m.name, 'registered', m.folded, m.bigrams, v.import_id
        FROM reverting c JOIN subject_version v ON v.uscc = c.uscc AND v.superseded_at IS NULL AND v.state <> 'void'
        JOIN subject_name m ON m.uscc = v.uscc AND m.name = v.name AND m.kind = 'former' ON CONFLICT DO NOTHING"""
    )
    await connection.execute(
        """DELETE FROM subject_name m USING reverting c WHERE m.uscc = c.uscc AND m.kind IN ('registered', 'former')
        AND NOT EXISTS (SELECT FROM subject_version v WHERE v.uscc = m.uscc AND v.superseded_at IS NULL
                        AND v.state <> 'void'
                        AND (v.name = m.name AND m.kind = 'registered' OR m.kind = 'former' AND m.import_id IS DISTINCT FROM $1))""",
        import_id,
    )
    await connection.execute("DELETE FROM subject_identifier WHERE import_id = $1", import_id)
