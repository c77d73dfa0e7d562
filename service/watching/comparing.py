"""An upload against a list, inside the database: what is copied in is compared as sets, and only what differs is written."""

from collections.abc import AsyncIterator
from typing import Final

import uuid_utils.compat
from asyncpg import Connection

from service.watching.rules import Compared

#: Longest that one statement of an upload may take, in seconds.
LONGEST: Final = 3600.0

#: The codes in which upload and list differ, found in one pass over both: `given` says that the code stays or comes, `held` that it is there.
_WHOLE: Final = """differs AS MATERIALIZED (
        SELECT coalesce(g.uscc, w.uscc) AS uscc, g.reference, g.uscc IS NOT NULL AS given, w.uscc IS NOT NULL AS held
        FROM given g FULL JOIN (SELECT uscc, reference FROM watched_code WHERE list_number = $1) AS w ON w.uscc = g.uscc
        WHERE g.uscc IS NULL OR w.uscc IS NULL OR w.reference IS DISTINCT FROM g.reference
    )"""
_DIFFERENCE: Final = """differs AS MATERIALIZED (
        SELECT g.uscc, g.reference, g.stays AS given, w.uscc IS NOT NULL AS held
        FROM given g LEFT JOIN watched_code w ON w.list_number = $1 AND w.uscc = g.uscc
        WHERE CASE WHEN g.stays THEN w.uscc IS NULL OR w.reference IS DISTINCT FROM g.reference ELSE w.uscc IS NOT NULL END
    )"""
_WRITE: Final = """WITH given AS MATERIALIZED (
        SELECT uscc, max(reference) AS reference, bool_or(sign IS DISTINCT FROM '-') AS stays FROM {staged} GROUP BY uscc
    ), {differs}, removed AS (
        DELETE FROM watched_code w USING differs d WHERE w.list_number = $1 AND w.uscc = d.uscc AND NOT d.given RETURNING 1
    ), changed AS (
        UPDATE watched_code w SET reference = d.reference FROM differs d
        WHERE w.list_number = $1 AND w.uscc = d.uscc AND d.given AND d.held RETURNING 1
    ), added AS (
        INSERT INTO watched_code (list_number, uscc, reference, since_position)
        SELECT $1, d.uscc, d.reference, $2 FROM differs d WHERE NOT d.held ORDER BY d.uscc RETURNING 1
    )
    SELECT (SELECT count(*) FROM given) AS given, (SELECT count(*) FROM removed) AS removed,
        (SELECT count(*) FROM changed) AS changed, (SELECT count(*) FROM added) AS added"""


async def compare(
    connection: Connection, number: int, blocks: AsyncIterator[bytes], *, signed: bool, position: int
) -> Compared:
    """Let the list of this number become what was uploaded, or with `signed` differ by it; say what that did.

    The codes that are added are watched from `position` on. Of a code that stands several times the greatest reference counts, and
    that it stays where one line says so.
    """
    name = f"watch_{uuid_utils.compat.uuid7().hex}"
    staged = f"staging.{name}"
    await connection.execute("SET LOCAL statement_timeout = 0")
    await connection.execute("SET LOCAL work_mem = '128MB'")
    # Made and dropped in one transaction, so nobody else ever sees it, and a process that dies leaves nothing behind.
    await connection.execute(f'CREATE UNLOGGED TABLE {staged} (uscc text COLLATE "C", reference text, sign text)')
    columns = ["uscc", "reference", "sign"] if signed else ["uscc", "reference"]
    copied: str = await connection.copy_to_table(
        name, source=blocks, columns=columns, schema_name="staging", format="csv", timeout=LONGEST
    )
    await connection.execute(f"ANALYZE {staged}", timeout=LONGEST)
    done = await connection.fetchrow(
        _WRITE.format(staged=staged, differs=_DIFFERENCE if signed else _WHOLE), number, position, timeout=LONGEST
    )
    await connection.execute(f"DROP TABLE {staged}")
    rows = int(copied.rpartition(" ")[2])  # as COPY says: "COPY 1000000"
    unchanged = done["given"] - done["added"] - done["changed"] - (done["removed"] if signed else 0)
    return Compared(done["added"], done["removed"], unchanged, done["changed"], rows - done["given"])
