"""Shapes: which column of another system is which fact of ours. Reviewable files in `schemas/feeds/shapes`, each with a version."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from service.feeds.formats import Cells, join_key
from service.feeds.rules import BadFeed
from service.feeds.values import VALUES, Facts

#: The kinds of records that are reported; a credit record is a permit.
RECORDS: Final = ("penalty", "blacklist_entry", "credit_record")
#: Words for texts that are not sent because a person's data was found in them.
_HELD: Final = "is held back, because personal data were found in it"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `value` names a function of `values.py`; `needed` ones must not be empty, `quiet` ones are not compared."""

    name: str
    value: str
    needed: bool
    quiet: bool
    longest: int | None
    absent: str
    words: str


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of rows that report a record and of rows that withdraw one, and the columns that are the key."""

    id: str
    version: int
    record: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    withdrawal: Mapping[str, str]
    lists: tuple[str, ...]

    @property
    def mapping(self) -> str:
        """Name and version, as batches note it."""
        return f"{self.id}/{self.version}"

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A row to send, its key, and a digest of what is compared; or why it cannot be sent."""

    cells: Cells
    key: str
    digest: str
    problem: str | None = None


@cache
def load_shape(identity: str) -> Shape:
    """Return a shape by its id.

    Raises:
        BadFeed: there is none, or its file names a value that does not exist.
    """
    folder = files("schemas").joinpath("feeds", "shapes")
    known = {entry.name.removesuffix(".toml"): entry for entry in folder.iterdir() if entry.name.endswith(".toml")}
    if identity not in known:
        raise BadFeed(f"No shape {identity!r}; there are {', '.join(sorted(known))}.", detail_zh="没有该数据格式。")
    body = tomllib.loads(known[identity].read_text("utf-8"))
    return read_shape(body)


def read_shape(body: Mapping[str, Any]) -> Shape:
    """Return a shape from the content of its file, or from the table `[shape]` of a definition.

    Raises:
        BadFeed: a member is missing, a column names a value that does not exist, or the key a column that does not.
    """
    missing = [name for name in ("id", "version", "record", "key", "column") if name not in body]
    if missing:
        raise BadFeed(f"The shape {body.get('id', '')!r} has no {', '.join(missing)}.", detail_zh="数据格式不完整。")
    if body["record"] not in RECORDS:
        raise BadFeed(f"{body['id']}: record is {body['record']!r}; it is one of {', '.join(RECORDS)}.")
    columns = tuple(
        Column(
            name=str(one["name"]),
            value=str(one["value"]),
            needed=bool(one.get("needed", False)),
            quiet=bool(one.get("quiet", False)),
            longest=one.get("longest"),
            absent=str(one.get("absent", "")),
            words=str(one.get("words", "")),
        )
        for one in body["column"]
    )
    unknown = sorted({column.value for column in columns} - VALUES.keys())
    if unknown:
        raise BadFeed(f"{body['id']}: no value {', '.join(unknown)}; there are {', '.join(sorted(VALUES))}.")
    key = tuple(body["key"])
    strange = sorted(set(key) - {column.name for column in columns})
    if strange:
        raise BadFeed(f"{body['id']}: the key names {', '.join(strange)}, which is no column.")
    return Shape(
        id=str(body["id"]),
        version=int(body["version"]),
        record=str(body["record"]),
        key=key,
        columns=columns,
        withdrawal={str(name): str(value) for name, value in dict(body.get("withdrawal", {})).items()},
        lists=tuple(body.get("lists", ())),
    )


def render_report(shape: Shape, facts: Facts) -> Rendered:
    """Return the row that reports a record; `problem` says in words why it cannot be sent."""
    cells: dict[str, str] = {}
    problems: list[str] = []
    held = set(facts["held_texts"] or ())
    for column in shape.columns:
        source = VALUES[column.value]
        value = "" if source.text in held else source.of(facts)
        text = value.replace("\x00", "").strip() or column.absent
        if column.needed and not text:
            why = _HELD if source.text in held else "is empty and may not be"
            problems.append(f"{column.name} ({column.words or column.value}) {why}")
        if column.longest is not None and len(text) > column.longest:
            problems.append(f"{column.name} has {len(text)} characters, {column.longest} are allowed")
        cells[column.name] = text
    compared = [cells[column.name] for column in shape.columns if not column.quiet]
    digest = sha256("\x1f".join(compared).encode()).hexdigest()
    return Rendered(cells, join_key(cells, shape.key), digest, "; ".join(problems) or None)


def withdrawal_columns(shape: Shape) -> tuple[str, ...]:
    """Return the columns of rows that withdraw: the key, and what the shape adds."""
    return (*shape.key, *(name for name in shape.withdrawal if name not in shape.key))


def render_withdrawal(shape: Shape, key: str, *, ended_on: str) -> Rendered:
    """Return the row that asks the other side to stop showing what it knows under `key`: no content, no reason."""
    cells = dict(zip(shape.key, key.split("|"), strict=False))
    cells |= {name: value.replace("{ended_on}", ended_on) for name, value in shape.withdrawal.items()}
    return Rendered(cells, key, sha256(f"withdraw\x1f{key}".encode()).hexdigest())


def digest_of_row(shape: Shape, cells: Cells) -> str | None:
    """Return the digest of a row that the other side shows, or None where it shows fewer columns than are compared."""
    names = [column.name for column in shape.columns if not column.quiet]
    if any(name not in cells for name in names):
        return None
    return sha256("\x1f".join((cells[name] or "").strip() for name in names).encode()).hexdigest()
