"""The day on which Credit China accepted a permit stands on the permit itself, as a version of its own; a rejection takes it away.

Source: 发改办财金〔2018〕424号 (D01: only what was accepted is reported).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from asyncpg import Connection

from service.credit_records.queries import OF_THE_ACT
from service.models import CreditRecordVersion
from service.records.review import Key

_CARRIED: Final = ", ".join(
    column.name
    for column in CreditRecordVersion.__table__.columns
    if column.name not in {*OF_THE_ACT, "uscc", "id", "version_no", "command", "actor", "recorded_at", "reported_on"}
)
_APPEND: Final = f"""
WITH d AS (
    SELECT p.uscc, p.id, p.version_no, d.day FROM unnest($1::text[], $2::uuid[], $3::date[]) AS d (uscc, id, day)
    JOIN credit_record p ON p.uscc = d.uscc AND p.id = d.id AND p.state = 'recorded' ORDER BY p.uscc, p.id FOR UPDATE OF p
), before AS (
    UPDATE credit_record_version v SET superseded_at = $5 FROM d WHERE v.uscc = d.uscc AND v.id = d.id
    AND v.version_no = d.version_no AND v.superseded_at IS NULL AND v.reported_on IS DISTINCT FROM d.day RETURNING v.*
), after AS (
    INSERT INTO credit_record_version (uscc, id, version_no, {_CARRIED}, reported_on, command, actor, recorded_at)
    SELECT b.uscc, b.id, b.version_no + 1, {_CARRIED}, d.day,
        CASE WHEN d.day IS NULL THEN 'report_rejected' ELSE 'reported' END, $4, $5
    FROM before b JOIN d ON d.uscc = b.uscc AND d.id = b.id RETURNING uscc, id, version_no
), heads AS (
    UPDATE credit_record p SET version_no = a.version_no FROM after a WHERE p.uscc = a.uscc AND p.id = a.id RETURNING 1
)
INSERT INTO pending_change (uscc, kind, record_id, version_no, event, recorded_at)
SELECT uscc, 'credit_record', id, version_no, 'corrected', $5 FROM after ORDER BY uscc, id"""  # noqa: S608 - columns of our own table


async def set_reported_days(
    connection: Connection, *, days: Mapping[Key, date | None], actor: str, now: datetime
) -> None:
    """Enter on permits when they were accepted, None: not after all; the same day changes nothing."""
    if days:
        keys = sorted(days)
        await connection.execute(
            _APPEND, [uscc for uscc, _ in keys], [one for _, one in keys], [days[key] for key in keys], actor, now
        )
