"""Former codes in registry extracts: the row of a new code says under which codes the firm stood before.

What it says becomes a version of each former code's registration, as if that code's own row had named its successor.
Where two rows, or a row and a registration, tell it differently, the row goes to a person.
"""

from typing import Final

from asyncpg import Connection

from service.imports.staging import Entry, Stage
from service.models import Base

#: Parts that telling of a successor sets; every other column of a registration stays what it was.
_SET: Final = {
    "version_no", "state", "command", "actor", "recorded_at", "superseded_at", "import_id", "import_row", "name",
    "registered", "registration_status", "succession", "successors", "succeeded_on", "source_code", "flags", "former_names",
    "former_codes",
}  # fmt: skip

_CLAIMED: Final = """EXISTS (
    SELECT FROM subject_version WHERE superseded_at IS NULL AND former_codes <> '{}' AND state <> 'void')"""


async def question_former_codes(connection: Connection, stage: Stage, *, says_status: bool) -> None:
    """Quarantine staged rows whose former codes, or whose successors, are told differently in the file or in what is known.

    `says_status` says whether the file speaks of registration states, so that a former code may be said to be active.
    """
    if not await connection.fetchval(
        f"SELECT {_CLAIMED} OR EXISTS (SELECT FROM {stage.wide} WHERE former_codes <> '{{}}')"
    ):
        return
    await connection.execute(
        f"""WITH row AS (
            SELECT s.n, s.uscc, w.former_codes, w.former_succession, w.successors, w.succession, w.registration_status
            FROM {stage.rows} s JOIN {stage.wide} w ON w.n = s.n
            WHERE s.outcome IS NULL AND NOT EXISTS (SELECT FROM {stage.groups} g WHERE g.n = s.n)
        ), claim AS (
            SELECT n, uscc, former_succession = 'split' AS split, t.code FROM row, unnest(former_codes) AS t (code)
        ), known AS (
            SELECT t.code, v.uscc, v.former_succession = 'split' AS split FROM subject_version v, unnest(v.former_codes) AS t (code)
            WHERE v.superseded_at IS NULL AND v.former_codes <> '{{}}' AND v.state <> 'void'
        )
        INSERT INTO {stage.groups} (n, first_n, decision, reasons)
        SELECT DISTINCT n, n, 'quarantined', ARRAY['ambiguous_former_code'] FROM (
            SELECT a.n FROM claim a JOIN claim b ON b.code = a.code AND b.uscc <> a.uscc WHERE NOT (a.split AND b.split)
            UNION ALL
            SELECT a.n FROM claim a JOIN known k ON k.code = a.code
            WHERE k.uscc <> a.uscc AND NOT (a.split AND k.split)
            UNION ALL
            SELECT a.n FROM claim a JOIN row o ON o.uscc = a.code
            WHERE CASE WHEN o.successors = '{{}}' THEN $1 AND NOT a.split AND o.registration_status = 'active'
                  ELSE NOT a.uscc = ANY (o.successors) END
            UNION ALL
            SELECT a.n FROM claim a JOIN subject_version v ON v.uscc = a.code
            WHERE v.superseded_at IS NULL AND v.state <> 'void' AND v.successors <> '{{}}' AND NOT a.uscc = ANY (v.successors)
                AND NOT (a.split AND v.succession = 'split') AND NOT EXISTS (SELECT FROM row o WHERE o.uscc = a.code)
            UNION ALL
            SELECT o.n FROM row o JOIN known k ON k.code = o.uscc
            WHERE NOT EXISTS (SELECT FROM row b WHERE b.uscc = k.uscc) AND CASE WHEN o.successors = '{{}}'
                THEN $1 AND NOT k.split AND o.registration_status = 'active' ELSE NOT k.uscc = ANY (o.successors) END
        ) AS doubtful""",
        says_status,
    )


async def tell_former_codes(connection: Connection, stage: Stage, entry: Entry) -> None:
    """Write the registrations of former codes that do not name the successor yet which a written row, or its own, implies.

    A former code without a registration gets one where the firm has merely a new code; where firms were merged or split
    nothing is known of the former ones, and only the search leads on.
    """
    if not await connection.fetchval(f"SELECT {_CLAIMED}"):
        return
    kept = [name.name for name in Base.metadata.tables["subject_version"].columns if name.name not in _SET]
    kept.remove("uscc")
    await connection.execute(
        f"""CREATE TEMPORARY TABLE told_former ON COMMIT DROP AS
        WITH written AS (
            SELECT uscc, n FROM {stage.decided} WHERE decided IN ('new', 'changed')
        ), claim AS (
            SELECT t.code, v.uscc, v.former_succession, v.name FROM subject_version v, unnest(v.former_codes) AS t (code)
            WHERE v.superseded_at IS NULL AND v.former_codes <> '{{}}' AND v.state <> 'void'
        ), told AS (
            SELECT c.code, c.uscc, c.former_succession AS way, c.name, w.n FROM claim c JOIN written w ON w.uscc = c.uscc
            UNION
            SELECT c.code, c.uscc, c.former_succession, c.name, w.n FROM claim c JOIN written w ON w.uscc = c.code
        )
        SELECT t.code AS uscc, min(t.way) AS way, min(t.name) AS name, min(t.n) AS n,
               array_agg(DISTINCT t.uscc ORDER BY t.uscc) AS successors
        FROM told t GROUP BY t.code"""
    )
    await connection.execute(
        """INSERT INTO subject (uscc, version_no, created_at) SELECT uscc, 0, $1::timestamptz FROM told_former
        ORDER BY uscc ON CONFLICT DO NOTHING""",
        entry.now,
    )
    await connection.execute(
        """INSERT INTO subject_identifier (uscc, kind, value, import_id)
        SELECT t.code, 'former_code', f.uscc, $1::uuid FROM told_former f, unnest(f.successors) AS t (code)
        ON CONFLICT DO NOTHING""",
        entry.import_id,
    )
    await connection.execute(
        """DELETE FROM told_former f USING subject_version v
        WHERE v.uscc = f.uscc AND v.superseded_at IS NULL AND v.state <> 'void' AND v.registered
        AND (f.successors <@ v.successors OR v.successors <> '{}' AND NOT (v.succession = 'split' AND f.way = 'split'))"""
    )
    await connection.execute(
        """DELETE FROM told_former f WHERE f.way <> 'code_changed' AND NOT EXISTS (
            SELECT FROM subject_version v WHERE v.uscc = f.uscc AND v.superseded_at IS NULL AND v.state <> 'void'
            AND v.registered)"""
    )
    registered = "coalesce(v.registered AND v.state <> 'void', false)"
    ends = "f.way <> 'split' AND coalesce(v.registration_status, 'unknown') IN ('active', 'unknown')"
    await connection.execute(
        f"""CREATE TEMPORARY TABLE telling ON COMMIT DROP AS
        SELECT f.uscc, f.n, h.version_no + 1 AS version_no,
            {", ".join(f"CASE WHEN {registered} THEN v.{name} END AS {name}" for name in kept if name != "party_type")},
            CASE WHEN {registered} THEN v.party_type WHEN f.uscc LIKE '92%' THEN 'sole_trader' ELSE 'organization' END
                AS party_type,
            CASE WHEN {registered} THEN v.source_code ELSE $1::text END AS source_code,
            CASE WHEN {registered} THEN v.name ELSE f.name END AS name,
            CASE WHEN {registered} THEN v.former_names ELSE '{{}}' END AS former_names,
            CASE WHEN {registered} THEN v.former_codes ELSE '{{}}' END AS former_codes,
            CASE WHEN {registered} THEN v.flags ELSE '{{}}' END AS flags,
            CASE WHEN NOT {registered} OR {ends} THEN 'cancelled' ELSE v.registration_status END AS registration_status,
            f.way AS succession, v.cancelled_on AS succeeded_on,
            ARRAY(SELECT DISTINCT one FROM unnest(f.successors || CASE WHEN {registered} THEN v.successors ELSE '{{}}' END)
                  AS one ORDER BY one) AS successors
        FROM told_former f JOIN subject h ON h.uscc = f.uscc
        LEFT JOIN subject_version v ON v.uscc = f.uscc AND v.superseded_at IS NULL""",
        entry.source,
    )
    await connection.execute(
        """UPDATE subject_version v SET superseded_at = $1 FROM telling t WHERE v.uscc = t.uscc AND v.superseded_at IS NULL""",
        entry.now,
    )
    await connection.execute("UPDATE subject h SET version_no = t.version_no FROM telling t WHERE h.uscc = t.uscc")
    parts = ", ".join((*kept, "source_code", "name", "former_names", "former_codes", "flags", "registration_status",
                       "succession", "succeeded_on", "successors"))  # fmt: skip
    await connection.execute(
        f"""INSERT INTO subject_version (uscc, version_no, {parts}, registered, state, command, actor, recorded_at, import_id,
            import_row)
        SELECT uscc, version_no, {parts}, true, 'published', 'import', $1::text, $2::timestamptz, $3::uuid, n
        FROM telling ORDER BY uscc""",
        entry.actor,
        entry.now,
        entry.import_id,
    )
    await connection.execute(
        """INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
        SELECT uscc, 'subject', NULL::uuid, version_no, succession, $1::timestamptz FROM telling ORDER BY uscc""",
        entry.now,
    )
    await connection.execute("DROP TABLE told_former, telling")
