"""Choosing what a chart can show of a series. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

#: Months that a chart shows, and values of a series that get a colour of their own; the rest are added up.
MONTHS: Final = 24
COLOURED: Final = 6
BARS: Final = 15
OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class Series:
    """The cells of one series; a cell that is not shown because it is small is None, one that is not there is 0."""

    months: tuple[str, ...]
    values: tuple[str, ...]
    cells: Mapping[tuple[str, str], int | None]

    def of(self, month: str, value: str) -> int | None:
        """Return the number of a month and a value."""
        return self.cells.get((month, value), 0)

    def total(self, value: str) -> int:
        """Return the sum of the numbers that are shown of a value."""
        return sum(self.of(month, value) or 0 for month in self.months)

    @property
    def hidden(self) -> int:
        """How many numbers are not shown."""
        return sum(count is None for count in self.cells.values())


def lately(series: Series, *, months: int = MONTHS) -> Series:
    """Return the newest months of a series, those without a record between them too, values by their sum, largest first."""
    if not series.months:
        return series
    shown = _run_of_months(series.months[-1], months, since=series.months[0])
    part = Series(shown, series.values, {key: count for key, count in series.cells.items() if key[0] in set(shown)})
    values = sorted({value for _, value in part.cells}, key=lambda value: (-part.total(value), value))
    return Series(shown, tuple(values), part.cells)


def _run_of_months(last: str, count: int, *, since: str) -> tuple[str, ...]:
    year, month = map(int, last.split("-"))
    run = []
    for back in range(count - 1, -1, -1):
        behind = year * 12 + month - 1 - back
        run.append(f"{behind // 12}-{behind % 12 + 1:02d}")
    return tuple(one for one in run if one >= since)


def grouped(series: Series, *, most: int = COLOURED) -> Series:
    """Return a series with at most `most` values, the smaller ones added up as `other`."""
    if len(series.values) <= most:
        return series
    kept, rest = series.values[: most - 1], series.values[most - 1 :]
    cells = {key: count for key, count in series.cells.items() if key[1] in kept}
    for month in series.months:
        cells[month, OTHER] = sum(series.of(month, value) or 0 for value in rest)
    return Series(series.months, (*kept, OTHER), cells)


def totals(series: Series, *, most: int = BARS) -> Sequence[tuple[str, int]]:
    """Return the values with the largest sums, largest first."""
    return [(value, series.total(value)) for value in series.values[:most]]
