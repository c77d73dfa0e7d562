"""Decision tables: Markdown files beside this one, which people review and tests run, a sentence and an article a row."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.service.rulebook.books import day

NONE = "-"


def table(name: str) -> list[Any]:
    """Return the rows of a file's first table as test parameters: a mapping of its headings, named by the first cell."""
    return tables(name)[0]


def tables(name: str) -> list[list[Any]]:
    """Return the tables of a file, in order."""
    found: list[list[Any]] = []
    heading: list[str] = []
    for line in (Path(__file__).parent / name).read_text("utf-8").splitlines():
        if not line.startswith("|"):
            heading = []
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not heading:
            heading = cells
            found.append([])
        elif set(cells[0]) != {"-"}:
            assert len(cells) == len(heading), (
                f"{name}: {cells[0]!r} has {len(cells)} cells under {len(heading)} headings"
            )
            assert all(cells), f"{name}: {cells[0]!r} has an empty cell; write {NONE} where there is nothing"
            found[-1].append(pytest.param(dict(zip(heading, cells, strict=True)), id=cells[0]))
    return found


def words(cell: str) -> frozenset[str]:
    """Return the words of a cell, separated by commas."""
    return frozenset() if cell == NONE else frozenset(one.strip() for one in cell.split(","))


def when(cell: str) -> date | None:
    """Return the day of a cell, whose weekday must be right."""
    return None if cell == NONE else day(cell)


def fen(cell: str) -> int | None:
    """Return an amount in yuan as fen."""
    return None if cell == NONE else int(cell.replace(" ", "")) * 100


def told(value: date | None) -> str:
    """Write a day as the tables have it."""
    return NONE if value is None else f"{value:%a %Y-%m-%d}"
