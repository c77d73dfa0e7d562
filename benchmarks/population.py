"""A made-up population in an empty migrated database, by set-based SQL: as many penalties as subjects, a twentieth listed.

Every fifth subject has five penalties, two in their window and three past it; every twentieth stands on a list. All of it is
published, covered by sources that have delivered, and numbered in the change log. No firm is meant.
"""

from datetime import UTC, date, datetime
from itertools import islice
from typing import Final

import asyncpg
import polars as pl

from benchmarks.made_up_names import made_up_names
from service.catalog.actions import add_source, sync_seed
from service.catalog.seed import load_seed
from service.clock import system_clock
from service.db import Database, driver
from service.reading.bulk import fold_names
from service.reading.names import bigrams
from service.samples import AUTHORITY, LISTS, SOURCES

STARTED: Final = datetime(2026, 1, 1, tzinfo=UTC)

_SEED: Final = "CREATE UNLOGGED TABLE staging.seed (n int, uscc text, name text, folded text, bigrams text[])"

_STEPS: Final = (
    "INSERT INTO subject (uscc, version_no, created_at) SELECT uscc, 1, $1 FROM staging.seed ORDER BY uscc",
    """INSERT INTO subject_version (uscc, version_no, state, command, actor, recorded_at, source_code, registered, name,
           registration_status, registered_on, division_code)
       SELECT uscc, 1, 'published', 'import', 'bench', $1, 'sample-registry', true, name, 'active', date '2015-01-05',
           substr(uscc, 3, 6)
       FROM staging.seed ORDER BY uscc""",
    """INSERT INTO subject_name (uscc, name, kind, folded, bigrams)
       SELECT uscc, name, 'registered', folded, bigrams FROM staging.seed ORDER BY uscc""",
    """CREATE UNLOGGED TABLE staging.made AS
       SELECT gen_random_uuid() AS id, uscc, name, n, nth FROM staging.seed, generate_series(1, 5) AS nth WHERE n % 5 = 0
       ORDER BY uscc""",
    """INSERT INTO penalty (uscc, id, natural_key, state, version_no, created_at)
       SELECT uscc, id, 'bench:' || n || ':' || nth, 'published', 1, $1 FROM staging.made""",
    """INSERT INTO penalty_version (uscc, id, version_no, state, command, actor, recorded_at, source_code, authority_code,
           authority_name, party_name, document_no, kinds, fine_fen, procedure, tier, decided_on, public_from, public_until,
           public_rule, public_grade)
       SELECT uscc, id, 1, 'published', 'import', 'bench', $1, 'sample-penalties', '{authority}', '重庆市市场监督管理局', name,
           '渝示市监罚〔2026〕' || n || nth || '号', '{fine}', 100000 * nth, 'ordinary', 'general', d.decided,
           d.decided, d.decided + 365, 'bench', 'verified'
       FROM staging.made, LATERAL (SELECT $2::date - 30 - 200 * (nth - 1) AS decided) d""",
    """INSERT INTO change (position, uscc, kind, record_id, version_no, event, recorded_at, sequenced_at)
       SELECT l.head_position + row_number() OVER (), s.* FROM change_log l, (
           SELECT uscc, 'subject', NULL::uuid, 1, 'registered', $1::timestamptz, $1::timestamptz FROM staging.seed
           UNION ALL SELECT uscc, 'penalty', id, 1, 'recorded', $1, $1 FROM staging.made
           UNION ALL SELECT uscc, 'blacklist_entry', id, 1, 'listed', $1, $1 FROM staging.listed) s""",
)
_LISTED: Final = (
    """CREATE UNLOGGED TABLE staging.listed AS
       SELECT gen_random_uuid() AS id, uscc, name, n FROM staging.seed WHERE n % 20 = 1 ORDER BY uscc""",
    """INSERT INTO blacklist_entry (uscc, id, natural_key, state, version_no, created_at, list_id)
       SELECT uscc, id, '{list}:' || n, 'published', 1, $1, '{list}' FROM staging.listed""",
    """INSERT INTO blacklist_entry_version (uscc, id, version_no, state, command, actor, recorded_at, source_code,
           authority_code, authority_name, party_name, document_no, list_id, grounds, listed_on, listed_on_grade, public_from,
           public_until, public_rule, public_grade)
       SELECT uscc, id, 1, 'published', 'import', 'bench', $1, 'sample-lists', '{authority}', '重庆市市场监督管理局', name,
           '渝示列〔2026〕' || n || '号', '{list}', '示例列入原因', $2::date - 100, 'stated', $2::date - 100, $2::date + 900,
           'bench', 'verified'
       FROM staging.listed""",
)
_HEAD: Final = "UPDATE change_log SET head_position = (SELECT count(*) FROM change), head_at = $1"
_ANALYSED: Final = (
    "subject",
    "subject_version",
    "subject_name",
    "penalty_version",
    "blacklist_entry_version",
    "change",
)


async def prepare(database: Database) -> None:
    """Bring in the catalogues and three sources that cover the made-up region and have delivered."""
    async with database.transaction() as session:
        await sync_seed(session, load_seed(), now=STARTED)
        for source in SOURCES:
            await add_source(session, source, now=STARTED)
        connection = await driver(session)
        for source in SOURCES:
            await connection.execute(
                """INSERT INTO data_import (id, kind, authority_code, actor, options, file_name, file_size, file_sha256, state,
                       phase, created_at, finished_at, source_code)
                   VALUES (gen_random_uuid(), 'penalties', $1, 'bench', '{}', 'bench', 0, $2, 'finished', 'done', $3, $3, $2)""",
                AUTHORITY,
                source.code,
                system_clock(),
            )


async def grow(dsn: str, *, first: int, until: int, today: date) -> list[tuple[str, str]]:
    """Add the subjects numbered `first` to `until` (exclusive) to a prepared database; return their codes and names.

    Windows are made for the day `today`; the tables are vacuumed and analysed afterwards.
    """
    made = list(islice(made_up_names(until), first, until))
    folded = fold_names(pl.Series([name for _, name in made]))
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_SEED)
        await connection.copy_records_to_table(
            "seed",
            schema_name="staging",
            records=(
                (first + n, uscc, name, fold, bigrams(fold))
                for n, ((uscc, name), fold) in enumerate(zip(made, folded, strict=True))
            ),
        )
        async with connection.transaction():
            for sql in (*_STEPS[:6], *_LISTED, _STEPS[6], _HEAD):
                given = [STARTED, today][: sum(name in sql for name in ("$1", "$2"))]
                await connection.execute(sql.replace("{authority}", AUTHORITY).replace("{list}", LISTS[0]), *given)
            await connection.execute("DROP TABLE staging.seed, staging.made, staging.listed")
        for table in _ANALYSED:
            await connection.execute(f"VACUUM (ANALYZE) {table}")
    finally:
        await connection.close()
    return made
