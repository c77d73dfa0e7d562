"""The catalogue data that this version of the service brings, read from the reviewable files in `data/`."""

import csv
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from service.catalog.calendar.rules import KnownYear
from service.catalog.rules import (
    KnownAuthority,
    KnownList,
    KnownRegion,
    KnownRule,
    KnownSource,
    Seed,
    check_seed,
)
from service.working_days.packaged import packaged_source, packaged_years

_DATA = files("service.catalog") / "data"


@cache
def load_seed() -> Seed:
    """Return the packaged catalogue data, held to the same rules as everybody's entries.

    Raises:
        Refusal: an entry breaks a rule of the catalogue (`check_seed` says which).
        KeyError: an entry lacks a member.
    """
    seed = Seed(
        authorities=tuple(map(_authority, _rows("authorities.toml", "authority"))),
        lists=tuple(map(_list, _rows("lists.toml", "list"))),
        sources=tuple(map(_source, _rows("sources.toml", "source"))),
        regions=tuple(_regions()),
        rules=(
            *(_rule("period", row) for row in _rows("rules.toml", "rule")),
            *(_rule("deadline", row) for row in _rows("deadlines.toml", "deadline")),
            *(_rule("parameter", row) for row in _rows("parameters.toml", "parameter")),
        ),
        years=tuple(_years()),
    )
    check_seed(seed)
    return seed


def _rows(name: str, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads((_DATA / name).read_text("utf-8")).get(table, [])
    return rows


def _authority(row: Mapping[str, Any]) -> KnownAuthority:
    return KnownAuthority(
        code=row["code"],
        name=row["name"],
        aliases=tuple(row.get("aliases", ())),
        uscc=None,
        system=row["system"],
        division_code=row["division_code"],
        parent_code=row.get("parent"),
        successor_code=row.get("successor"),
        effective_from=row.get("effective_from"),
        effective_to=row.get("effective_to"),
        citation=row.get("citation"),
    )


def _list(row: Mapping[str, Any]) -> KnownList:
    return KnownList(
        id=row["id"],
        name=row["name"],
        name_en=row["name_en"],
        aliases=tuple(row.get("aliases", ())),
        severity=row["severity"],
        legal_basis=row["legal_basis"],
        basis_level=row["basis_level"],
        list_authority=row["list_authority"],
        scope=row["scope"],
        catalog_edition=row.get("catalog_edition"),
        effective_from=row["effective_from"],
        effective_to=row.get("effective_to"),
        period_months=row.get("period_months"),
        grade=row["grade"],
        note=row.get("note"),
    )


def _source(row: Mapping[str, Any]) -> KnownSource:
    return KnownSource(
        code=row["code"],
        name=row["name"],
        owner=row["owner"],
        published=row["published"],
        published_where=row.get("published_where"),
        covers=tuple(row.get("covers", ())),
        importing_authorities=tuple(row.get("importing_authorities", ())),
        stale_after_days=row.get("stale_after_days", 35),
        trust=tuple(row.get("trust", ())),
        licence=row.get("licence"),
    )


def _regions() -> Iterator[KnownRegion]:
    with (_DATA / "regions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield KnownRegion(
                code=row["code"],
                name=row["name"],
                level=row["level"],
                parent_code=row["parent_code"] or None,
                first_edition=row["first_edition"],
                last_edition=row["last_edition"],
            )


def _years() -> Iterator[KnownYear]:
    for year, days in packaged_years().items():
        yield KnownYear(year, f"{year}年节假日安排", None, packaged_source(), days)


def _rule(kind: str, row: Mapping[str, Any]) -> KnownRule:
    body = {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
    return KnownRule(
        id=row["id"],
        kind=kind,
        citation=row["citation"],
        grade=row["grade"],
        effective_from=row.get("effective_from"),
        effective_to=row.get("effective_to"),
        body=body,
        supersedes=row.get("supersedes"),
    )
