"""Which column of a file is which of our fields: the reviewable maps of `schemas/columns` and the choice among them."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, cast

from service.tables.names import clean_name, code_number, key, label, loose_keys
from service.tables.problems import UnknownColumn, UnknownField

Kind = Literal["subjects", "penalties", "blacklist", "permits"]
Unit = Literal["yuan", "wan", "fen"]

KINDS: tuple[Kind, ...] = ("subjects", "penalties", "blacklist", "permits")
_LOOSE = 2
AMOUNT_FIELDS = ("fine", "confiscation")
_IDENTITY_FIELDS = (
    "uscc",
    "uscc_or_old",
    "reg_no",
    "org_code",
    "tax_no",
    "institution_no",
    "social_org_no",
    "person_id",
)


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The column names of one kind of file: `names` maps the key of a spelling to (field, rank of the spelling).

    `numbered` says what a party code column without a label means in this edition; `markers` are keys of columns that
    only this edition has. `unit` is that of the amount columns where their header names none.
    """

    id: str
    kind: Kind
    edition: str
    citation: str
    grade: str
    unit: Unit
    names: Mapping[str, tuple[str, int]]
    numbered: Mapping[int, str]
    markers: frozenset[str]


@dataclass(frozen=True, slots=True)
class ColumnWarning:
    """Something about the header that a person should look at: a stable code, the column's index and words."""

    code: Literal["ambiguous_code_column", "code_column_by_edition", "second_column_for_field"]
    column: int
    detail: str


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The map that fits a header best, and what it makes of it.

    `fields` maps our field to the 0-based index of its column; `unknown` has the indexes of columns that stay raw
    (columns without a name included). `units` has the unit of each amount field in `fields`. `score` is the number of
    columns that the map knows, with fractions that only settle ties.
    """

    map_id: str
    kind: Kind
    fields: Mapping[str, int]
    unknown: tuple[int, ...]
    units: Mapping[str, Unit]
    score: float
    warnings: tuple[ColumnWarning, ...] = field(default=())


def _catalogue() -> Iterable[tuple[str, dict[str, object]]]:
    for entry in sorted(files("schemas").joinpath("columns").iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".toml"):
            yield entry.name, tomllib.loads(entry.read_text(encoding="utf-8"))


@cache
def fields_of(kind: Kind) -> Mapping[str, str]:
    """Return every field that a record of this kind may have, with its meaning, in the order of `fields.toml`."""
    tables = cast("dict[str, dict[str, str]]", dict(_catalogue())["fields.toml"])
    return MappingProxyType(tables[kind] | tables["common"])


@cache
def load_maps() -> tuple[ColumnMap, ...]:
    """Return all column maps, by file name.

    Raises:
        ValueError: a map names a field that `fields.toml` does not have, or gives one spelling to two fields.
    """
    return tuple(_column_map(name, document) for name, document in _catalogue() if name != "fields.toml")


def _column_map(file_name: str, document: dict[str, object]) -> ColumnMap:
    kind = cast("Kind", document["kind"])
    spellings = cast("dict[str, list[str]]", document["fields"])
    numbered = cast("dict[str, str]", document.get("numbered", {}))
    markers = cast("dict[str, list[str]]", document.get("markers", {"names": []}))
    known = fields_of(kind)
    names: dict[str, tuple[str, int]] = {}
    for our_field in (*spellings, *numbered.values()):
        if our_field not in known:
            raise ValueError(f"{file_name}: {our_field} is not a field of {kind}")
    for our_field, aliases in spellings.items():
        for rank, alias in enumerate(aliases):
            taken = names.setdefault(key(alias), (our_field, rank))
            if taken[0] != our_field:
                raise ValueError(f"{file_name}: {alias} stands for {taken[0]} and for {our_field}")
    return ColumnMap(
        id=cast("str", document["id"]),
        kind=kind,
        edition=cast("str", document["edition"]),
        citation=cast("str", document["citation"]),
        grade=cast("str", document["grade"]),
        unit=cast("Unit", document["unit"]),
        names=names,
        numbered={int(number): our_field for number, our_field in numbered.items()},
        markers=frozenset(key(name) for name in markers["names"]),
    )


@cache
def _all_names() -> frozenset[str]:
    return frozenset(name for one in load_maps() for name in one.names)


def is_known_name(name: str) -> bool:
    """Whether any map knows this column name, with or without a note stuck on. Used to find the header row."""
    whole = key(name)
    known = _all_names()
    if not whole:
        return False
    if whole in known or code_number(whole) is not None:
        return True
    parts = label(whole)
    if parts and code_number(parts[0]) is not None:
        return parts[1] in known
    return any(loose in known for loose in loose_keys(name))


def _match(column_map: ColumnMap, name: str) -> tuple[int, int, str] | None:
    # (how far from the spelling, rank of the spelling, field); a bare party code number is settled elsewhere.
    whole = key(name)
    if whole in column_map.names:
        our_field, rank = column_map.names[whole]
        return 0, rank, our_field
    parts = label(whole)
    if parts and code_number(parts[0]) is not None:
        our_field, rank = column_map.names.get(parts[1], ("", 0))
        return (1, rank, our_field) if our_field in _IDENTITY_FIELDS else None
    for distance, loose in enumerate(loose_keys(name), start=_LOOSE):
        if loose in column_map.names:
            our_field, rank = column_map.names[loose]
            return distance, rank, our_field
    return None


def _edition(keys: Sequence[str], maps: Sequence[ColumnMap]) -> ColumnMap | None:
    counted = sorted(((sum(k in one.markers for k in keys), one.id, one) for one in maps if one.numbered), reverse=True)
    if not counted or counted[0][0] == 0:
        return None
    return counted[0][2] if len(counted) == 1 or counted[0][0] > counted[1][0] else None


def _assign(
    column_map: ColumnMap, names: Sequence[str], exact: frozenset[str], taken: Iterable[int]
) -> tuple[dict[str, int], list[ColumnWarning]]:
    skip = set(taken)
    # A name that another map spells out in full is not guessed at from a part of it.
    candidates = sorted(
        (*found, index)
        for index, name in enumerate(names)
        if index not in skip
        and name
        and (found := _match(column_map, name)) is not None
        and (found[0] < _LOOSE or key(name) not in exact)
    )
    fields: dict[str, int] = {}
    warnings = []
    for _, _, our_field, index in candidates:
        if our_field in fields:
            detail = f"{names[index]}: column {fields[our_field] + 1} already gives {our_field}"
            warnings.append(ColumnWarning("second_column_for_field", index, detail))
        else:
            fields[our_field] = index
    return fields, warnings


def _number_codes(
    names: Sequence[str], fields: dict[str, int], edition: ColumnMap | None, maps: Sequence[ColumnMap]
) -> list[ColumnWarning]:
    warnings = []
    used = set(fields.values())
    for index, name in enumerate(names):
        number = code_number(key(name)) if name else None
        if number is None or index in used:
            continue
        meanings = {one.numbered[number] for one in maps if number in one.numbered}
        if len(meanings) == 1:
            our_field = meanings.pop()
        elif edition is not None and number in edition.numbered:
            our_field = edition.numbered[number]
            detail = f"{name}: read as {our_field} because the other columns are those of the {edition.edition} edition"
            warnings.append(ColumnWarning("code_column_by_edition", index, detail))
        else:
            detail = f"{name}: the editions give this number different meanings; name the field to use the column"
            warnings.append(ColumnWarning("ambiguous_code_column", index, detail))
            continue
        if our_field in fields:
            detail = f"{name}: column {fields[our_field] + 1} already gives {our_field}"
            warnings.append(ColumnWarning("second_column_for_field", index, detail))
        else:
            fields[our_field] = index
    return warnings


def _unit(name: str, default: Unit) -> Unit:
    text = key(name)
    if "万元" in text:
        return "wan"
    if text.endswith("fen"):
        return "fen"
    if text.endswith("yuan") or re.search(r"\((?:单位)?元\)", text):
        return "yuan"
    return default


def _overridden(names: Sequence[str], kind: Kind, overrides: Mapping[str, str]) -> dict[int, str]:
    chosen: dict[int, str] = {}
    known = fields_of(kind)
    for theirs, ours in overrides.items():
        if ours and ours not in known:
            raise UnknownField(ours, tuple(known))
        cleaned = clean_name(theirs)
        found = [index for index, name in enumerate(names) if name and name == cleaned]
        found = found or [index for index, name in enumerate(names) if name and key(name) == key(cleaned)]
        if not found:
            raise UnknownColumn(theirs, names)
        chosen[found[0]] = ours
    return chosen


def choose_map(header: Sequence[str], kind: Kind, overrides: Mapping[str, str] | None = None) -> ColumnChoice:
    """Return the best fitting column map of `kind` for a header, applied to it.

    `overrides` maps a column name of the file to one of our fields, or to "" to leave the column raw; it wins over
    every map. A party code column is read by the label in brackets, else by the edition that the other columns show,
    never by its number alone: the editions of 2015 and 2018 number the codes differently. Columns that the best map does not know are looked up in the
    other maps of the kind and taken where those agree.

    Raises:
        UnknownColumn: an override names a column that the header does not have.
        UnknownField: an override names a field that records of this kind do not have.
    """
    names = [clean_name(name) for name in header]
    forced = _overridden(names, kind, overrides or {})
    maps = [one for one in load_maps() if one.kind == kind]
    keys = [key(name) for name in names]
    edition = _edition(keys, maps)
    exact = frozenset(name for one in maps for name in one.names)

    def fit(one: ColumnMap) -> tuple[float, str]:
        fields, _ = _assign(one, names, exact, forced)
        marked = sum(k in one.markers for k in keys)
        share = len(fields) / len({our_field for our_field, _ in one.names.values()})
        return len(fields) + 0.1 * marked + 0.09 * share, one.id

    score, best_id = max(map(fit, maps))
    best = next(one for one in maps if one.id == best_id)
    fields, warnings = _assign(best, names, exact, forced)
    _add_from_others(fields, warnings, names, forced, [one for one in maps if one is not best])
    fields = {our_field: index for our_field, index in fields.items() if our_field not in forced.values()}
    fields |= {our_field: index for index, our_field in forced.items() if our_field}
    warnings.extend(_number_codes([n if i not in forced else "" for i, n in enumerate(names)], fields, edition, maps))
    used = set(fields.values())
    return ColumnChoice(
        map_id=best.id,
        kind=kind,
        fields=fields,
        unknown=tuple(index for index in range(len(names)) if index not in used),
        units={name: _unit(names[fields[name]], best.unit) for name in AMOUNT_FIELDS if name in fields},
        score=score,
        warnings=tuple(warning for warning in warnings if warning.column not in used or "edition" in warning.code),
    )


def _add_from_others(
    fields: dict[str, int],
    warnings: Sequence[ColumnWarning],
    names: Sequence[str],
    forced: Iterable[int],
    others: Sequence[ColumnMap],
) -> None:
    skip = {*fields.values(), *forced, *(warning.column for warning in warnings)}
    for index, name in enumerate(names):
        if index in skip or not name:
            continue
        found = sorted(match for one in others if (match := _match(one, name)) is not None)
        meanings = {match[2] for match in found if match[0] == found[0][0]}
        if len(meanings) == 1:
            fields.setdefault(meanings.pop(), index)


def kind_scores(header: Sequence[str]) -> dict[Kind, float]:
    """Return for each kind of record how well its best map fits the header; a caller can tell a file of another kind."""
    return {kind: choose_map(header, kind).score for kind in KINDS}
