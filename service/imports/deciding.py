"""Taking staged rows in: set-based, in the caller's one transaction, so that a file is taken in whole or not at all.

What is decided about a row, in this order (`writing.apply` then writes it):

1. rows that share a natural key inside the file: same content, the first counts and the others are duplicates;
   different content, all are quarantined (`conflict_in_file`);
2. rows whose record exists are compared with the last statement *of the same source* (house decision 10);
3. everything else is new.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Connection

from service.imports.staging import Entry, Stage
from service.imports.successions import question_former_codes

MERGE_LOCK = 0x58494D50  # "XIMP": imports are taken in one after another


@dataclass(frozen=True, slots=True)
class Taking:
    """The facts of one taking-in that are the same for all rows.

    `entry` is what its versions have in common; its source is a source's code, or `own:AUTHORITY` for an authority's own
    rows. `file_known` says that a byte-identical file was taken in before. `unspoken` are the content columns that the file
    says nothing about: they never make a row differ, and a change keeps their last stated values.
    """

    entry: Entry
    file_known: bool
    unspoken: frozenset[str]
    first_take: bool = True

    @property
    def import_id(self) -> UUID:
        """The import whose rows are taken in."""
        return self.entry.import_id

    @property
    def source(self) -> str:
        """Who says what the rows say."""
        return self.entry.source

    @property
    def actor(self) -> str:
        """Who takes them in."""
        return self.entry.actor

    @property
    def entry_state(self) -> str:
        """The state in which new records enter."""
        return self.entry.state

    @property
    def now(self) -> datetime:
        """The instant that all versions bear."""
        return self.entry.now


async def lock(connection: Connection) -> None:
    """Wait for other imports that decide and write, to the end of the transaction."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", MERGE_LOCK)


async def classify(connection: Connection, stage: Stage, taking: Taking) -> None:
    """Decide about every staged row; afterwards the view `stage.decided` tells, and only new rows stay written directly."""
    shape = stage.shape
    await connection.execute("SET LOCAL work_mem = '128MB'")
    await _resolve_old_identifiers(connection, stage)
    await _group_within_file(connection, stage)
    if not shape.has_id:
        await question_former_codes(connection, stage, says_status="registration_status" not in taking.unspoken)
    await connection.execute(f"ANALYZE {stage.rows} (n, outcome, uscc, natural_key)")
    await _compare_with_known(connection, stage, taking)
    await connection.execute(
        f"""CREATE VIEW {stage.decided} AS
        SELECT s.*, k.id AS head_id, k.head_version_no, k.head_state, k.differs, k.old_version_no, k.uscc AS known_uscc,
               coalesce(k.id, g.first_id, s.new_id) AS record_id,
               CASE WHEN coalesce(g.decision, k.decision, s.outcome, 'new') = 'waiting' THEN 'quarantined'
                    ELSE coalesce(g.decision, k.decision, s.outcome, 'new') END AS decided,
               coalesce(g.reasons, k.reasons, s.reasons,
                        CASE WHEN s.outcome = 'waiting' THEN ARRAY['waiting_subject'] END) AS why
        FROM {stage.rows} s LEFT JOIN {stage.groups} g ON g.n = s.n LEFT JOIN {stage.known} k ON k.n = s.n"""
    )
    await connection.execute(
        f"""CREATE UNLOGGED TABLE {stage.exceptions} AS
        SELECT n, uscc, new_id FROM {stage.decided} WHERE direct AND decided <> 'new'"""
    )
    await connection.execute(f"ANALYZE {stage.exceptions}")
    if shape.has_id:
        await connection.execute(
            f"DELETE FROM {shape.version} v USING {stage.exceptions} e WHERE v.uscc = e.uscc AND v.id = e.new_id"
        )
        await connection.execute(
            f"DELETE FROM pending_change p USING {stage.exceptions} e WHERE p.uscc = e.uscc AND p.record_id = e.new_id"
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
    await _set_aside(connection, stage)
    await _decide_known(connection, stage, taking)


async def _set_aside(connection: Connection, stage: Stage) -> None:
    """Move the content of directly written rows whose record exists, and says otherwise, to where it is compared."""
    shape = stage.shape
    if not shape.has_id:
        return
    names = ", ".join(stage.wide_columns)
    moved = ", ".join(f"v.{name}" for name in stage.wide_columns[1:])
    await connection.execute(
        f"""WITH moved AS (
            DELETE FROM {shape.version} v USING {stage.rows} s JOIN {stage.known} k ON k.n = s.n
            WHERE k.decision IS NULL AND s.direct AND v.uscc = s.uscc AND v.id = s.new_id RETURNING s.n, {moved}
        ) INSERT INTO {stage.wide} ({names}) SELECT * FROM moved"""
    )


async def _decide_known(connection: Connection, stage: Stage, taking: Taking) -> None:
    shape = stage.shape
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {stage.known} WHERE decision IS NULL)"):
        return
    same = "v.uscc = k.uscc" + (" AND v.id = k.id" if shape.has_id else "")
    statement = (
        f"t.uscc = k.uscc AND t.kind = '{shape.change_kind}' AND t.source_code = $1 AND t.status <> 'void'"
        " AND t.record_id = " + ("k.id" if shape.has_id else "'00000000-0000-0000-0000-000000000000'::uuid")
    )
    compared = [name for name in shape.compared if name not in taking.unspoken]
    differs = ", ".join(f"CASE WHEN w.{name} IS DISTINCT FROM c.{name} THEN '{name}' END" for name in compared)
    may_write = {
        # What a feed hid for want of a row is not closed to its source: the row that brings it back may say something new.
        "published": "k.head_state IN ('draft', 'published') OR k.head_state = 'suspended' AND c.actor = $3 AND $3 LIKE 'feed:%'",
        "recorded": "k.head_state = 'recorded'",
    }.get(taking.entry_state, "k.head_state = 'draft'")
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
                c.content_digest AS current_digest, $3::text <> '' AND ({may_write}) AS may_write,
                array_remove(ARRAY[{differs}], NULL) AS differs
            FROM {stage.known} k JOIN {stage.rows} s ON s.n = k.n JOIN {stage.wide} w ON w.n = k.n
            JOIN {shape.version} c ON {same.replace("v.", "c.")} AND c.superseded_at IS NULL
            WHERE k.decision IS NULL
        )
        UPDATE {stage.known} k SET
            differs = said.differs,
            decision = CASE
                WHEN said.last_digest = said.content_digest THEN 'duplicate'
                WHEN k.current_source = $1 AND said.differs = '{{}}' THEN 'duplicate'
                WHEN said.said_before AND $2 THEN 'duplicate'
                WHEN said.said_before THEN 'quarantined'
                WHEN k.current_source = $1 AND said.may_write THEN 'changed'
                WHEN said.current_digest = said.content_digest OR said.differs = '{{}}' THEN 'duplicate'
                ELSE 'disputed' END,
            reasons = CASE
                WHEN said.last_digest = said.content_digest THEN NULL
                WHEN k.current_source = $1 AND said.differs = '{{}}' THEN NULL
                WHEN said.said_before AND $2 THEN ARRAY['old_file']
                WHEN said.said_before THEN ARRAY['earlier_statement']
                WHEN k.current_source = $1 AND said.may_write THEN NULL
                WHEN said.current_digest = said.content_digest OR said.differs = '{{}}' THEN ARRAY['other_source_agrees']
                WHEN k.head_state IN ('ended', 'withdrawn') THEN ARRAY['record_ended']
                ELSE ARRAY['source_conflict'] END
        FROM said WHERE said.n = k.n""",
        taking.source,
        taking.file_known,
        taking.actor,
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
