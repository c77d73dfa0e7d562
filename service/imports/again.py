"""A file that was taken in before and of which nothing has changed since, settled from its former account.

The former import's rows say what every row of the file is. Where each of them would be told the same again - accepted rows
are still the last statement of their source, cell by cell; the others were turned away for what stands in them - one
statement writes the new account, and the file is not read. Anything else is left to the full reading.
"""

from typing import Any, Final

import orjson
from asyncpg import Connection

from service.imports.shapes import Shape
from service.models import DataImport

#: Reasons that follow from the cells of a row alone: not from the day, the catalogue or other records.
_STEADY: Final = (
    *("missing_code", "malformed_code", "suspect_check18", "excel_damaged", "missing_name", "no_penalty_stated"),
    *("unreadable_decided_on", "unreadable_published_on", "unreadable_listed_on", "unreadable_removed_on"),
    *("unreadable_publish_until", "unreadable_registered_on", "unreadable_cancelled_on"),
    *("unreadable_succession", "unreadable_former_code"),
    *("published_before_decided", "removed_before_listed", "no_listed_on", "no_list", "several_lists"),
    *("field_count", "broken_quote", "bad_encoding", "nul_bytes", "cell_too_large", "header_repeated", "totals_row"),
    *("bad_json", "not_an_object", "duplicate_key", "conflict_in_file"),
    *("no_permit_stated", "unknown_permit_kind", "no_decided_on", "unreadable_valid_from", "unreadable_valid_until"),
    *("valid_until_before_valid_from",),
)
_OPTIONS: Final = ("encoding", "sheet", "listed_on", "basis", "map")


async def find_former(connection: Connection, row: DataImport, source: str) -> dict[str, Any] | None:
    """Return the last import of the same bytes by the same authority, source, list and options, with no move since.

    The mapping has `id`, `rows_read` and `table` (what was found in the file).
    """
    same = " AND ".join(f"options -> '{name}' IS NOT DISTINCT FROM $7::jsonb -> '{name}'" for name in _OPTIONS)
    found = await connection.fetchrow(
        f"""SELECT id, rows_read, table_info::text AS info FROM data_import d
        WHERE file_sha256 = $1 AND kind = $2 AND state = 'finished' AND id <> $3 AND authority_code = $4
        AND coalesce(source_code, 'own:' || authority_code) = $5 AND list_id IS NOT DISTINCT FROM $6
        AND NOT coalesce((options ->> 'dry_run')::boolean, false) AND {same}
        AND NOT EXISTS (SELECT FROM import_event e WHERE e.import_id = d.id) ORDER BY finished_at DESC, id DESC LIMIT 1""",
        row.file_sha256,
        row.kind,
        row.id,
        row.authority_code,
        source,
        row.list_id,
        orjson.dumps(row.options).decode(),
    )
    if found is None:
        return None
    return {"id": found["id"], "rows_read": found["rows_read"], "table": orjson.loads(found["info"])}


async def settle_as_before(
    connection: Connection, shape: Shape, row: DataImport, former: dict[str, Any], source: str
) -> bool:
    """Write the account of every row from the former import's; False, and nothing written, where one might differ."""
    unsteady = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM import_row WHERE import_id = $1 AND outcome = 'quarantined' AND NOT reasons <@ $2)",
        former["id"],
        list(_STEADY),
    )
    if unsteady:
        return False
    same = "c.uscc = r.uscc" + (" AND c.id = r.record_id" if shape.has_id else "")
    stated = "c.source_code = $3 AND c.row_digest = r.row_digest AND c.superseded_at IS NULL AND c.state <> 'void'"
    await connection.execute("SAVEPOINT as_before")
    written = await connection.execute(
        f"""INSERT INTO import_row (import_id, n, line, outcome, reasons, uscc, record_id, version_no, row_digest, content)
        SELECT $1::uuid, r.n, r.line, CASE WHEN c.uscc IS NULL THEN r.outcome ELSE 'duplicate' END,
               CASE WHEN c.uscc IS NULL THEN r.reasons END, r.uscc, r.record_id, c.version_no, r.row_digest, r.content
        FROM import_row r LEFT JOIN {shape.version} c
            ON {same} AND {stated} AND r.outcome IN ('new', 'changed', 'duplicate')
        WHERE r.import_id = $2 AND (c.uscc IS NOT NULL OR r.outcome = 'natural_person' OR r.outcome = 'quarantined'
            AND NOT ('conflict_in_file' = ANY (r.reasons) AND EXISTS (
                SELECT FROM {shape.version} c WHERE c.uscc = r.uscc AND {stated})))
        ORDER BY r.n""",
        row.id,
        former["id"],
        source,
    )
    if written != f"INSERT 0 {former['rows_read']}":
        await connection.execute("ROLLBACK TO SAVEPOINT as_before")
        return False
    return True


async def count_account(connection: Connection, row: DataImport) -> dict[str, dict[str, int]]:
    """Return the sums of an account that was just written: rows by outcome, and by reason."""
    outcomes = await connection.fetch(
        "SELECT outcome, count(*) AS rows FROM import_row WHERE import_id = $1 GROUP BY 1 ORDER BY 1", row.id
    )
    reasons = await connection.fetch(
        """SELECT reason, count(*) AS rows FROM import_row, unnest(reasons) AS reason WHERE import_id = $1
        GROUP BY 1 ORDER BY 1""",
        row.id,
    )
    return {
        "outcomes": {one["outcome"]: one["rows"] for one in outcomes},
        "reasons": {one["reason"]: one["rows"] for one in reasons},
    }
