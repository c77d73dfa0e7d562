"""From the cells of a chunk to clean columns, digests, codes and kept contents: what all kinds of import share."""

import os
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from itertools import repeat

import numpy as np
import orjson
import polars as pl

from service.imports.interpret.context import Context
from service.personal_data.bulk import blank_series
from service.personal_data.rules import blank
from service.reading.bulk import bigram_lists, fold_names, spread
from service.reading.names import looks_like_natural_person
from service.reading.sentinels import clean, is_blank
from service.tables.chunk import Chunk
from service.uscc.bulk import check_codes
from service.uscc.rules import check

_SHORT = 24
_NOISE = r"[\p{Cc}\p{Cf}\p{Co}]"
_CODE_FIELDS = ("uscc", "uscc_or_old")
_OTHER_CODE_FIELDS = ("org_code", "reg_no", "tax_no", "institution_no", "social_org_no")
PERSON_FIELDS = frozenset({"person_id", "person_id_type"})
_STATE_REASON = {
    "empty": "missing_code",
    "suspect_check18": "suspect_check18",
    "excel_damaged": "excel_damaged",
    "invalid": "malformed_code",
}


class Cells:
    """The columns of one chunk by our field names, cleaned; a field that the file lacks is a column of nulls."""

    def __init__(self, lines: pl.Series, columns: Sequence[pl.Series], context: Context, numbers: pl.Series) -> None:
        self.context = context
        self.height = len(lines)
        self.n = numbers.alias("n")
        self.line = lines.alias("line")
        self.raw = list(columns)
        self._clean: dict[str, pl.Series] = {}

    def field(self, name: str) -> pl.Series:
        """Return the cleaned column of a field: trimmed, without control characters, sentinels such as 不详 as null."""
        if name not in self._clean:
            index = self.context.columns.get(name)
            column = self.nulls() if index is None else clean_column(self.raw[index])
            self._clean[name] = column.alias(name)
        return self._clean[name]

    def has(self, name: str) -> bool:
        """Whether the file has a column for the field."""
        return name in self.context.columns

    def nulls(self) -> pl.Series:
        """Return a text column of nulls."""
        return pl.repeat(None, self.height, dtype=pl.String, eager=True)

    def unknown_json(self) -> pl.Series:
        """Return the cells of unknown columns as JSON objects (null where all are empty), personal data blanked."""
        kept: list[pl.Series] = []
        for index in self.context.choice.unknown:
            column = clean_column(self.raw[index])
            if column.null_count() < self.height:
                name = self.context.header[index] or f"column {index + 1}"
                kept.append(
                    blank_series(column)[0].alias(
                        f"{name}" if name not in {k.name for k in kept} else f"{name} ({index + 1})"
                    )
                )
        if not kept:
            return self.nulls()
        names = [column.name for column in kept]
        rows = zip(*(column.to_list() for column in kept), strict=True)
        texts = []
        for row in rows:
            cells = {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}
            texts.append(orjson.dumps(cells).decode() if cells else None)
        return pl.Series("raw", texts, dtype=pl.String)

    def contents(self, wanted: pl.Series) -> pl.Series:
        """Return the whole row as JSON by header for the rows in `wanted`, personal data blanked, null for the others."""
        places = wanted.arg_true()
        texts = self.nulls()
        if places.is_empty():
            return texts.alias("content")
        skip = {self.context.columns[name] for name in PERSON_FIELDS if name in self.context.columns}
        columns = [
            [None] * len(places) if index in skip else column.gather(places).to_list()
            for index, column in enumerate(self.raw)
        ]
        rows = [row_json(self.context.header, cells) for cells in zip(*columns, strict=True)]
        return texts.scatter(places, rows).alias("content")


def row_digests(chunk: Chunk, context: Context) -> list[bytes]:
    """Return the 16-byte digest of each row's cells as written, beginning with column map and options."""
    return _digests(list(map(_cells_of, chunk.columns)), context.digest_key.hex())


def _cells_of(column: Sequence[str | None] | pl.Series) -> pl.Series:
    return column if isinstance(column, pl.Series) else pl.Series(column, dtype=pl.String)


def _digests(columns: Sequence[pl.Series], start: str = "") -> list[bytes]:
    texts = [pl.lit(column).cast(pl.String).fill_null("\x00") for column in columns]
    joined = pl.select((start + pl.concat_str(texts, separator="\x1f")).cast(pl.Binary)).to_series()
    return [blake2b(text, digest_size=16).digest() for text in joined]


def unseen(chunk: Chunk, context: Context, first_n: int) -> tuple[pl.DataFrame | None, Cells, pl.Series]:
    """Part the rows that this source stated last, cell by cell, from those that must be read.

    Returns the staged columns of the former, the cells of the latter, and the latter's digests as bytea literals.
    """
    digests = row_digests(chunk, context)
    seen = is_seen(digests, context)
    literals = bytea_column(digests)
    numbers = pl.int_range(first_n, first_n + len(digests), dtype=pl.Int64, eager=True)
    lines = pl.Series(chunk.lines, dtype=pl.Int64)
    columns = list(map(_cells_of, chunk.columns))
    if not seen.any():
        return None, Cells(lines, columns, context, numbers), literals
    told = {"n": numbers, "line": lines, "row_digest": literals}
    known = pl.DataFrame(told).filter(seen).with_columns(outcome=pl.lit("seen"), direct=pl.lit(value=False))
    rest = [column.filter(~seen) for column in columns]
    return known, Cells(lines.filter(~seen), rest, context, numbers.filter(~seen)), literals.filter(~seen)


def row_json(header: Sequence[str], cells: Sequence[str | None]) -> str:
    """Return one row as JSON, cells by header name (unnamed or repeated names get their column number), data blanked."""
    named: dict[str, str] = {}
    for index, cell in enumerate(cells):
        if cell is None or not cell.strip():
            continue
        name = header[index] if index < len(header) and header[index] else f"column {index + 1}"
        named[name if name not in named else f"{name} ({index + 1})"] = blank(cell).replace("\x00", "")
    return orjson.dumps(named).decode()


def clean_column(column: pl.Series) -> pl.Series:
    """Return `column` as `service.reading.sentinels.clean` and `is_blank` leave each cell, null for nothing."""
    if column.null_count() == len(column):
        return column
    return spread(column, lambda texts: _clean(texts).alias("clean").to_frame()).to_series()


def _clean(column: pl.Series) -> pl.Series:
    noisy = column.str.contains(_NOISE).fill_null(value=False)
    if noisy.any():
        column = column.zip_with(~noisy, column.map_elements(clean, return_dtype=pl.String, skip_nulls=True))
    column = column.str.strip_chars()
    short = column.filter(column.str.len_bytes() <= _SHORT).unique()
    blanks = [text for text in short if text is not None and is_blank(text)]
    return column.set(column.is_in(blanks).fill_null(value=False), None) if blanks else column


def codes(cells: Cells) -> pl.DataFrame:
    """Return for each row `code`, `outcome` (null, waiting, quarantined, natural_person), `reason` and `old_value`.

    The code column is read first; where it gives none, a whole code in one of the other identifier columns is taken.
    """
    context = cells.context
    column = next((cells.raw[context.columns[name]] for name in _CODE_FIELDS if cells.has(name)), cells.nulls())
    checked = check_codes(column)
    code, old = checked.get_column("code"), checked.get_column("old_identifier")
    outcome, reason = cells.nulls(), cells.nulls()
    missing = code.is_null().arg_true()
    if len(missing):
        others = [cells.field(name).gather(missing) for name in _OTHER_CODE_FIELDS if cells.has(name)]
        names = cells.field("name" if context.kind == "subjects" else "party_name").gather(missing)
        states = checked.get_column("state").cast(pl.String).gather(missing)
        rows = zip(
            states, old.gather(missing), names, zip(*others, strict=True) if others else repeat(()), strict=False
        )
        told = [_without_code(*row) for row in rows]
        code, outcome, reason, old = (
            column.scatter(missing, pl.Series([one[part] for one in told], dtype=pl.String))
            for part, column in enumerate((code.clone(), outcome, reason, old.clone()))
        )
    persons = cells.field("party_type").str.contains("自然人").fill_null(value=False)
    return pl.DataFrame(
        {
            "code": code,
            "outcome": outcome.set(persons, "natural_person"),
            "reason": reason.set(persons, None),
            "old_value": old,
        }
    )


def _without_code(
    state: str | None, old: str | None, name: str | None, others: Sequence[str | None]
) -> tuple[str | None, str | None, str | None, str | None]:
    """The code, outcome, reason and old number of a row whose code column holds no code."""
    for other in others:
        found = check(other or "")
        if found.is_key:
            return found.code, None, None, old
        if old is None and found.old_identifier is not None and found.old_kind != "org_code":
            old = found.old_identifier
    if state == "person_identifier" or (old is None and _is_person(name, state)):
        return None, "natural_person", None, old
    if old is not None and state not in {"suspect_check18", "excel_damaged"}:
        return None, "waiting", None, old
    return None, "quarantined", _STATE_REASON.get(state or "empty", "malformed_code"), old


def _is_person(name: str | None, state: str | None) -> bool:
    return state == "empty" and looks_like_natural_person(name)


def folded_names(names: pl.Series, wanted: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the names that are `wanted`, folded for search, and their bigrams as array literals; null for the others."""
    places = (wanted & names.is_not_null()).arg_true()
    folded = grams = pl.repeat(None, len(names), dtype=pl.String, eager=True)
    if len(places):
        told = fold_names(names.gather(places))
        # Folded names consist of letters, digits and Chinese characters, so that no piece needs quotes.
        literals = pl.select("{" + bigram_lists(told).list.join(",") + "}").to_series()
        folded, grams = folded.clone().scatter(places, told), grams.clone().scatter(places, literals)
    return folded.alias("folded_name"), grams.alias("bigrams")


def array_column(lists: pl.Series) -> pl.Series:
    """Return a column of PostgreSQL text[] literals from lists of plain words (letters, digits, underscores)."""
    return pl.select(pl.concat_str([pl.lit("{"), lists.list.join(","), pl.lit("}")])).to_series()


def digest_column(columns: Sequence[pl.Series]) -> pl.Series:
    """Return the 16-byte digest of the interpreted content of each row as a bytea literal."""
    return bytea_column(_digests(columns))


def bytea_column(values: Sequence[bytes]) -> pl.Series:
    """Return bytea literals."""
    return pl.select("\\x" + pl.Series(values, dtype=pl.Binary).bin.encode("hex")).to_series()


def reason_column(reasons: pl.Series, where: pl.Series) -> pl.Series:
    """Return one-word text[] literals of the reasons where `where` is true, null elsewhere."""
    return pl.select(pl.when(where).then("{" + reasons + "}")).to_series()


class Words:
    """Words set for some rows each, gathered into one column of text[] literals (plain words, in the given order)."""

    def __init__(self, height: int) -> None:
        self._height = height
        self._where: dict[str, pl.Series] = {}

    def add(self, word: str, where: pl.Series) -> None:
        """Set a word where a mask is true; null counts as false."""
        where = where.fill_null(value=False)
        if where.any():
            self._where[word] = self._where[word] | where if word in self._where else where

    def add_lists(self, lists: pl.Series) -> None:
        """Set all words of each row's list."""
        for word in lists.explode().drop_nulls().unique().to_list():
            self.add(word, lists.list.contains(word))

    def column(self, order: Sequence[str] | None = None) -> pl.Series:
        """Return the literals, words in `order`, alphabetically without one."""
        words = [word for word in (order or sorted(self._where)) if word in self._where]
        if not words:
            return pl.repeat("{}", self._height, eager=True)
        told = [pl.when(self._where[word]).then(pl.lit(word)) for word in words]
        return pl.select("{" + pl.concat_str(told, separator=",", ignore_nulls=True) + "}").to_series()


def new_ids(count: int, instant: datetime) -> pl.Series:
    """Return `count` fresh UUIDs of version 7 for one instant, as 32 hexadecimal digits each."""
    raw = np.frombuffer(os.urandom(16 * count), dtype=np.uint8).reshape(count, 16).copy()
    milliseconds = int(instant.timestamp() * 1000).to_bytes(6, "big")
    raw[:, :6] = np.frombuffer(milliseconds, dtype=np.uint8)
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x70
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    digits = raw.tobytes().hex()
    return pl.Series("new_id", [digits[at : at + 32] for at in range(0, 32 * count, 32)], dtype=pl.String)


def is_seen(digests: Sequence[bytes], context: Context) -> pl.Series:
    """Return which rows have cells that this source stated last, by the first eight bytes of their digest."""
    if not len(context.seen) or not digests:
        return pl.repeat(value=False, n=len(digests), eager=True, dtype=pl.Boolean)
    prefixes = np.frombuffer(b"".join(digest[:8] for digest in digests), dtype=">u8").astype(np.uint64)
    at = np.minimum(np.searchsorted(context.seen, prefixes), len(context.seen) - 1)
    return pl.Series(context.seen[at] == prefixes)
