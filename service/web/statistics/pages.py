"""What the page of figures shows: which charts there are, and names for their values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tomllib import loads
from typing import Any, Final

from service.catalog.rules import Catalog
from service.web.rules import WORDS, Language, say
from service.web.statistics.charts import bars, stacked_months
from service.web.statistics.rules import Series, grouped, lately, totals

Name = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of one series: as months with a colour a value, or as bars of sums."""

    key: str
    series: str
    by_month: bool = True


CHARTS: Final = (
    Chart("kinds", "penalties_by_kind"),
    Chart("categories", "penalties_by_case_category"),
    Chart("authorities", "penalties_by_authority", by_month=False),
    Chart("delay", "penalties_by_days_to_publish"),
    Chart("lists", "entries_by_list"),
)
#: Series of the figures that the grid of districts shows.
GRID: Final = "penalties_by_region"
_DAYS: Final = ("0-7", "8-20", "21-60", "61+")
#: Steps of the grid's shades.
SHADES: Final = 5


@dataclass(frozen=True, slots=True)
class Tile:
    """A place on the grid; `count` None where it is not shown; `shade` 0 to 5."""

    name: str
    count: int | None
    shade: int


def namer(chart: str, catalog: Catalog, language: Language) -> Name:
    """Return how the values of a chart are called."""

    def name(value: str) -> str:
        if chart == "authorities" and value in catalog.authority_by_code:
            return catalog.authority_by_code[value].name
        if chart == "lists" and value in catalog.list_by_id:
            listed = catalog.list_by_id[value]
            return listed.name if language is Language.ZH else listed.name_en
        group = "kind" if chart == "kinds" else "statistics"
        known = next((key for key in (f"{group}.{chart}_{value}", f"{group}.{value}") if key in WORDS), None)
        return say(known, language) if known else value

    return name


def shown(chart: Chart, series: Mapping[str, Series]) -> Series:
    """Return the part of a series that its chart shows."""
    part = lately(series[chart.series]) if chart.series in series else Series((), (), {})
    if chart.key == "delay":
        return Series(part.months, tuple(days for days in _DAYS if days in part.values), part.cells)
    return grouped(part) if chart.by_month else part


def charts(series: Mapping[str, Series], catalog: Catalog, language: Language) -> list[dict[str, Any]]:
    """Return the charts that have numbers, drawn, each with its numbers as a table, newest month first."""
    told = []
    for chart in CHARTS:
        part = shown(chart, series)
        if not any(part.total(value) for value in part.values):
            continue
        name = namer(chart.key, catalog, language)
        if chart.by_month:
            rows = [(month, [part.of(month, value) for value in part.values]) for month in reversed(part.months)]
            drawing = stacked_months(part)
        else:
            largest = [(name(value), count) for value, count in totals(part) if count]
            rows = [(label, [count]) for label, count in largest]
            drawing = bars(largest)
        told.append(
            {
                "key": chart.key,
                "by_month": chart.by_month,
                "names": [name(value) for value in part.values],
                "rows": rows,
                "drawing": drawing,
            }
        )
    return told


@cache
def _grids() -> Mapping[str, Any]:
    return loads((Path(__file__).parent / "tiles.toml").read_text("utf-8"))


def grids(series: Mapping[str, Series], catalog: Catalog, language: Language) -> list[dict[str, Any]]:
    """Return the grids of those provinces that have a drawing, with the sums of the newest twelve months."""
    if GRID not in series:
        return []
    part = lately(series[GRID], months=12)
    told = []
    for province, grid in _grids().items():
        known = {value: part.total(value) for value in part.values if value.startswith(province)}
        hidden = {value for (_, value), count in part.cells.items() if count is None}
        if not known:
            continue
        most = max(known.values())
        rows = [[_tile(code, known, hidden, catalog, most) for code in row] for row in grid["tiles"]]
        told.append({"name": grid["name"][language.value], "rows": rows, "months": part.months})
    return told


def _tile(code: str, known: Mapping[str, int], hidden: set[str], catalog: Catalog, most: int) -> Tile | None:
    if not code:
        return None
    count = known.get(code, 0)
    shade = -(-count * SHADES // most) if most else 0
    return Tile(_short(catalog.region_names.get(code, code)), None if not count and code in hidden else count, shade)


def _short(name: str) -> str:
    for ending in ("土家族苗族自治县", "苗族土家族自治县", "土家族自治县", "自治县"):
        name = name.removesuffix(ending)
    return name[:-1] if len(name) > 2 and name[-1] in "区县" else name
