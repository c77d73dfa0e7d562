"""The tables of published releases, as `schemas/published/v1/tables.toml` declares them."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.resources import files
from typing import Final


class ColumnKind(StrEnum):
    """What a column holds. `text` is anything that somebody wrote, the others have a form of their own."""

    ID = "id"
    CODE = "code"
    TEXT = "text"
    LIST = "list"
    INTEGER = "integer"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its titles in both languages."""

    name: str
    kind: ColumnKind
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `key` names the column by which a delta replaces and removes rows."""

    name: str
    key: str
    title_en: str
    title_zh: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def narrowed(self, columns: Collection[str]) -> "Table":
        """Return the table with some of its columns, in its order, the key among them; all where none are named."""
        if not columns:
            return self
        return replace(self, columns=tuple(one for one in self.columns if one.name == self.key or one.name in columns))

    def of_kind(self, *kinds: ColumnKind) -> tuple[str, ...]:
        """Return the names of the columns of some kinds."""
        return tuple(column.name for column in self.columns if column.kind in kinds)


def _load() -> tuple[str, tuple[Table, ...]]:
    read = tomllib.loads((files("schemas") / "published" / "v1" / "tables.toml").read_text("utf-8"))
    tables = tuple(
        Table(
            name=one["name"],
            key=one["key"],
            title_en=one["title_en"],
            title_zh=one["title_zh"],
            columns=tuple(Column(c["name"], ColumnKind(c["kind"]), c["en"], c["zh"]) for c in one["column"]),
        )
        for one in read["table"]
    )
    return read["version"], tables


_VERSION, TABLES = _load()

#: Version of the tables and of the lines that digests are taken of: digests of two versions cannot be compared.
SCHEMA_VERSION: Final[str] = _VERSION
BY_NAME: Final = {table.name: table for table in TABLES}
