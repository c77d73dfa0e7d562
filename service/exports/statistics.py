"""Monthly figures for research, frozen at a horizon: ended records count, and small cells are not shown.

The series are counts of records by the month of the decision (penalties) or the listing (entries). A record counts if it
was ever published and is not void; what it says is its last version at the horizon.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from asyncpg import Connection

#: Cells below this count are not shown: a single firm could be told from them.
SMALLEST: Final = 5

SERIES_FIELDS: Final = (
    ("series", "string", "Series: penalties_by_kind, penalties_by_authority, …", "系列"),
    ("month", "string", "Month of the decision or the listing, YYYY-MM.", "月份"),
    ("value", "string", "Kind, authority code, region, case category, list or days.", "取值"),
    ("count", "integer", "Number of records; empty where it is not shown.", "数量"),
    (
        "suppressed",
        "boolean",
        "Whether the number is not shown because it, or another one of the month, is below 5.",
        "是否隐去",
    ),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of one series in one month; `count` is None where it is not shown."""

    series: str
    month: str
    value: str
    count: int | None

    def as_row(self) -> tuple[str, str, str, str, str]:
        """Return the cell as a row of the file."""
        shown = "" if self.count is None else str(self.count)
        return self.series, self.month, self.value, shown, "true" if self.count is None else "false"


def suppress(cells: Iterable[Cell]) -> list[Cell]:
    """Return the cells, sorted, without the numbers below 5.

    Where exactly one number of a series and month falls, the next larger one falls with it: the missing number could else be
    told from the sum that another series of the month gives.
    """
    told: list[Cell] = []
    ordered = sorted(cells, key=lambda cell: (cell.series, cell.month, cell.value))
    for _, group in groupby(ordered, key=lambda cell: (cell.series, cell.month)):
        part = list(group)
        small = {cell.value for cell in part if (cell.count or 0) < SMALLEST}
        others = sorted((cell.count or 0, cell.value) for cell in part if cell.value not in small)
        if len(small) == 1 and others:
            small.add(others[0][1])
        told += [Cell(cell.series, cell.month, cell.value, None) if cell.value in small else cell for cell in part]
    return told


_LAST: Final = """
    SELECT c.uscc, c.record_id, max(c.version_no) AS version_no FROM change c
    WHERE c.kind = '{kind}' AND c.position <= $1 GROUP BY c.uscc, c.record_id"""
_EVER: Final = """EXISTS (
    SELECT FROM {table} o JOIN change c ON c.uscc = o.uscc AND c.record_id = o.id AND c.version_no = o.version_no
    WHERE o.uscc = v.uscc AND o.id = v.id AND c.position <= $1 AND o.state = 'published' AND o.public_reason IS NULL)"""
#: The prefecture in the code; of the four cities directly under the central government the district.
_REGION: Final = "substr(uscc, 3, CASE WHEN substr(uscc, 3, 2) IN ('11', '12', '31', '50') THEN 6 ELSE 4 END)"
_STATEMENT: Final = f"""
WITH penalty_now AS MATERIALIZED (
    SELECT v.*, to_char(v.decided_on, 'YYYY-MM') AS month FROM ({_LAST.format(kind="penalty")}) l
    JOIN penalty_version v ON v.uscc = l.uscc AND v.id = l.record_id AND v.version_no = l.version_no
    WHERE v.state <> 'void' AND v.decided_on < $2::date AND {_EVER.format(table="penalty_version")}
), entry_now AS MATERIALIZED (
    SELECT v.*, to_char(v.listed_on, 'YYYY-MM') AS month FROM ({_LAST.format(kind="blacklist_entry")}) l
    JOIN blacklist_entry_version v ON v.uscc = l.uscc AND v.id = l.record_id AND v.version_no = l.version_no
    WHERE v.state <> 'void' AND v.listed_on < $2::date AND {_EVER.format(table="blacklist_entry_version")}
), cell AS (
    SELECT 'penalties_by_kind' AS series, month, kind AS value FROM penalty_now, unnest(kinds) AS kind
    UNION ALL SELECT 'penalties_by_authority', month, authority_code FROM penalty_now
    UNION ALL SELECT 'penalties_by_region', month, {_REGION} FROM penalty_now
    UNION ALL SELECT 'penalties_by_case_category', month, coalesce(case_category, 'not_stated') FROM penalty_now
    UNION ALL SELECT 'penalties_by_days_to_publish', month, CASE
        WHEN public_from - decided_on <= 7 THEN '0-7' WHEN public_from - decided_on <= 20 THEN '8-20'
        WHEN public_from - decided_on <= 60 THEN '21-60' ELSE '61+' END FROM penalty_now WHERE public_from >= decided_on
    UNION ALL SELECT 'entries_by_list', month, list_id FROM entry_now
    UNION ALL SELECT 'entries_by_region', month, {_REGION} FROM entry_now
)
SELECT series, month, value, count(*) AS count FROM cell GROUP BY 1, 2, 3"""  # noqa: S608 - put together from the names above


async def count_cells(connection: Connection, *, position: int, before: date) -> Sequence[Cell]:
    """Return all numbers as known at a position, of the days before `before`, the small ones too."""
    rows = await connection.fetch(_STATEMENT, position, before)
    return [Cell(row["series"], row["month"], row["value"], row["count"]) for row in rows]
