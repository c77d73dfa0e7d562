"""The newest statistics release and what its file says."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from service.db import ReadSession
from service.exports.queries import find_present
from service.models import ExportRelease
from service.web.statistics.rules import Series


async def find_figures(
    session: ReadSession, folder: Path
) -> tuple[ExportRelease, Mapping[str, Series]] | tuple[None, None]:
    """Return the newest statistics release and its series, or nothing where no month has been frozen yet."""
    release = await find_present(session, slot="statistics")
    if release is None:
        return None, None
    return release, read_series(folder / release.id / "statistics.csv")


@lru_cache(maxsize=8)
def read_series(path: Path) -> Mapping[str, Series]:
    """Return the series of a statistics file by name; a release never changes, so it is read once."""
    cells: dict[str, dict[tuple[str, str], int | None]] = defaultdict(dict)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            cells[row["series"]][row["month"], row["value"]] = int(row["count"]) if row["count"] else None
    found = {
        name: Series(
            tuple(sorted({month for month, _ in told})),
            tuple(sorted({value for _, value in told})),
            MappingProxyType(told),
        )
        for name, told in cells.items()
    }
    return MappingProxyType(found)
