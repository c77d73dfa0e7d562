"""The day on which GSXT published a penalty is the day of its receipt; what is public here keeps its own days.

Source: SAMR令45号 art. 13 (the term runs from publication there); house decision 2 (windows belong to record and channel).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from asyncpg import Connection

from service.catalog.rules import Catalog
from service.explaining.rules import facts_of
from service.models import PenaltyVersion
from service.records.queries import OF_THE_ACT
from service.records.review import Key
from service.rulebook.windows import penalty_windows

_SET: Final = ("gsxt_published_on", "gsxt_from", "gsxt_until", "gsxt_rule", "gsxt_grade")
_CARRIED: Final = ", ".join(
    column.name
    for column in PenaltyVersion.__table__.columns
    if column.name not in {*OF_THE_ACT, *_SET, "uscc", "id", "version_no"}
)
_APPEND: Final = f"""
WITH d AS (
    SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[], $4::date[], $5::date[], $6::text[], $7::text[])
        AS d (uscc, id, version_no, day, until, rule, grade)
), before AS (
    UPDATE penalty_version v SET superseded_at = $9 FROM d WHERE v.uscc = d.uscc AND v.id = d.id
    AND v.version_no = d.version_no AND v.superseded_at IS NULL RETURNING v.*
), after AS (
    INSERT INTO penalty_version (uscc, id, version_no, {_CARRIED}, gsxt_published_on, gsxt_from, gsxt_until, gsxt_rule,
        gsxt_grade, command, actor, effective_on, recorded_at)
    SELECT b.uscc, b.id, b.version_no + 1, {_CARRIED}, d.day, d.day, d.until, d.rule, d.grade, 'gsxt_published', $8, d.day, $9
    FROM before b JOIN d ON d.uscc = b.uscc AND d.id = b.id RETURNING uscc, id, version_no
), heads AS (
    UPDATE penalty p SET version_no = a.version_no FROM after a WHERE p.uscc = a.uscc AND p.id = a.id RETURNING 1
)
INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
SELECT uscc, 'penalty', id, version_no, 'corrected', $9 FROM after ORDER BY uscc, id"""  # noqa: S608 - columns of our own table


async def set_gsxt_days(
    connection: Connection, catalog: Catalog, *, days: Mapping[Key, date], actor: str, now: datetime
) -> None:
    """Give records the window that GSXT's own day of publication makes, as a version of their own; the same day changes nothing."""
    rows = await connection.fetch(
        """SELECT v.* FROM unnest($1::text[], $2::uuid[]) AS k (uscc, id)
        JOIN penalty p ON p.uscc = k.uscc AND p.id = k.id
        JOIN penalty_version v ON v.uscc = p.uscc AND v.id = p.id AND v.version_no = p.version_no
        WHERE v.state = 'published' AND v.gsxt_from IS NOT NULL ORDER BY v.uscc, v.id FOR UPDATE OF p""",
        [uscc for uscc, _ in days],
        [one for _, one in days],
    )
    values: list[tuple[Any, ...]] = []
    for row in rows:
        day = days[row["uscc"], row["id"]]
        if row["gsxt_published_on"] == day:
            continue
        facts = facts_of(dict(row) | {"gsxt_published_on": day}, catalog)
        window = penalty_windows(catalog.rulebook, facts, row["public_from"] or day).gsxt
        if window.starts_on is not None:
            values.append(
                (row["uscc"], row["id"], row["version_no"], day, window.ends_on, window.rule_id, window.grade)
            )
    if values:
        await connection.execute(_APPEND, *map(list, zip(*values, strict=True)), actor, now)
