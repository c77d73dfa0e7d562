"""The vectorised twin of `rules.check` for whole columns.

The plain check alone defines a grade. Values that are eighteen characters with the right check character, and that nothing
could make an identity number, a placeholder or damage, are graded in numpy; every other distinct value goes through the
plain check. That both say the same is held by tests.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from service.uscc.arithmetic import ALPHABET, C18_WEIGHTS, ORG_ALPHABET, ORG_WEIGHTS
from service.uscc.departments import CATEGORIES
from service.uscc.rules import COMPANY_FORMS, CodeState, check

_SCHEMA: Final = {
    "code": pl.String(),
    "state": pl.String(),
    "warnings": pl.List(pl.String()),
    "old_identifier": pl.String(),
    "old_kind": pl.String(),
    "suggestion": pl.String(),
}

# One number a character and place; the sum over a code holds both weighted sums, in fields that cannot run over.
_INNER: Final = 16
_NO_ORG_CHECK: Final = 1 << 30
_LETTER: Final = 1 << 40
_MISPLACED: Final = 1 << 48

_DOUBTS: Final = (
    CodeState.WARN_ORG_CHECK,
    CodeState.WARN_UNKNOWN_DEPARTMENT,
    CodeState.WARN_UNKNOWN_REGION,
    CodeState.WARN_FORM_MISMATCH,
)
_WARNINGS: Final = [
    [doubt.value for bit, doubt in enumerate(_DOUBTS) if mask >> bit & 1] for mask in range(1 << len(_DOUBTS))
]
_STATES: Final = [(warnings or [CodeState.VALID.value])[0] for warnings in _WARNINGS]
_BLOCK: Final = 1 << 16
_PLACES: Final = np.array([100_000, 10_000, 1_000, 100, 10, 1], dtype=np.int32)


def _build_sums() -> NDArray[np.int64]:
    sums = np.full((18, 256), _MISPLACED, dtype=np.int64)
    for place, weight in enumerate((*C18_WEIGHTS, 1)):
        for value, char in enumerate(ALPHABET):
            if 2 <= place < 8 and not char.isdigit():
                continue
            inner = 0
            if 8 <= place < 16:
                inner = ORG_WEIGHTS[place - 8] * ORG_ALPHABET.index(char) << _INNER
            elif place == 16:
                inner = "0123456789X".index(char) << _INNER if char in "0123456789X" else _NO_ORG_CHECK
            letter = 0 if char.isdigit() else _LETTER
            sums[place, ord(char)] = value * weight + inner + letter
    return sums


def _build_pairs() -> NDArray[np.bool_]:
    pairs = np.zeros((256, 256), dtype=np.bool_)
    for pair in CATEGORIES:
        pairs[ord(pair[0]), ord(pair[1])] = True
    return pairs


_SUMS: Final = _build_sums()
_PAIRS: Final = _build_pairs()


def check_codes(
    values: pl.Series, *, names: pl.Series | None = None, known_divisions: frozenset[str] | None = None
) -> pl.DataFrame:
    """Grade a column of values, one row each, in order; as `rules.check`, with null as the empty text.

    Returns `code` (the key, else null), `state` (a `CodeState`), `warnings` (a list, empty for none), `old_identifier`,
    `old_kind` and `suggestion` (null for none). `names` are the subjects' names, as many as `values`.
    """
    texts = values.cast(pl.String).fill_null("")
    is_company = _are_company_names(names, len(texts))
    is_certain, mask = _grade_plain(texts, is_company, known_divisions)
    certain = pl.Series(is_certain, dtype=pl.Boolean)
    graded = _certain_rows(texts.filter(certain) if not is_certain.all() else texts, mask[is_certain])
    if is_certain.all():
        return graded
    row = pl.int_range(len(texts), dtype=pl.UInt32, eager=True).alias("row")
    rest = pl.DataFrame([texts.alias("text"), pl.Series("is_company", is_company), row]).filter(~certain)
    parts = [graded.with_columns(row.filter(certain)), _checked_rows(rest, known_divisions)]
    return pl.concat(parts).sort("row").drop("row")


def _are_company_names(names: pl.Series | None, height: int) -> NDArray[np.bool_]:
    if names is None:
        return np.zeros(height, dtype=np.bool_)
    ends = names.cast(pl.String).str.strip_chars_end(" \u3000")
    found = pl.select(pl.any_horizontal(ends.str.ends_with(form) for form in COMPANY_FORMS)).to_series()
    return found.fill_null(value=False).to_numpy()


def _grade_plain(
    texts: pl.Series, is_company: NDArray[np.bool_], known_divisions: frozenset[str] | None
) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Return which texts are certainly keys as they stand, and the doubts of each as a mask of bits."""
    is_certain = np.zeros(len(texts), dtype=np.bool_)
    mask = np.zeros(len(texts), dtype=np.uint8)
    is_long = (texts.str.len_bytes() == 18).to_numpy()
    where = np.flatnonzero(is_long)
    if not where.size:
        return is_certain, mask
    joined = (texts if is_long.all() else texts.filter(pl.Series(is_long))).str.join("").item()
    chars = np.frombuffer(str(joined).encode(), dtype=np.uint8).reshape(-1, 18)
    divisions = None if known_divisions is None else _division_table(known_divisions)
    for start in range(0, len(where), _BLOCK):
        block, places = chars[start : start + _BLOCK], where[start : start + _BLOCK]
        sums = np.zeros(len(block), dtype=np.int64)
        for place in range(18):
            sums += _SUMS[place][block[:, place]]
        has_org_check = (sums & _NO_ORG_CHECK == 0) & ((sums >> _INNER & 0xFFF) % 11 == 0)
        certain = (sums < _MISPLACED) & ((sums & 0xFFFF) % 31 == 0) & (block[:, 8:17] != block[:, 8:9]).any(axis=1)
        certain &= ~_may_be_person_or_damaged(block, sums, has_org_check)
        doubts = (~has_org_check).astype(np.uint8) | ~_PAIRS[block[:, 0], block[:, 1]] * np.uint8(2)
        if divisions is not None:
            is_known = divisions[np.where(certain, (block[:, 2:8].astype(np.int32) - ord("0")) @ _PLACES, 0)]
            doubts |= ~is_known * np.uint8(4)
        doubts |= (is_company[places] & (block[:, 0] == ord("9")) & (block[:, 1] == ord("2"))) * np.uint8(8)
        is_certain[places], mask[places] = certain, doubts
    return is_certain, mask


def _may_be_person_or_damaged(
    block: NDArray[np.uint8], sums: NDArray[np.int64], has_org_check: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which codes only the plain check can tell from an identity number or from a number a spreadsheet cut off."""
    # A letter in position 18 still leaves an identity number possible: X is its eleventh check character.
    letters = (sums >> 40 & 0x1F) - (block[:, 17] > ord("9"))
    found = np.zeros(len(block), dtype=np.bool_)
    numeric = np.flatnonzero(letters == 0)
    codes = block[numeric]
    century, month, day = (codes[:, at].astype(np.int16) * 10 + codes[:, at + 1] - 528 for at in (6, 10, 12))
    dated = ((century == 19) | (century == 20)) & (month > 0) & (month < 13) & (day > 0) & (day < 32)
    cut = ~has_org_check[numeric] & (codes[:, 15:18] == ord("0")).all(axis=1)
    found[numeric] = dated | cut
    return found


def _division_table(known_divisions: frozenset[str]) -> NDArray[np.bool_]:
    table = np.zeros(1_000_000, dtype=np.bool_)
    table[[int(code) for code in known_divisions if len(code) == 6 and code.isascii() and code.isdecimal()]] = True
    return table


def _certain_rows(texts: pl.Series, mask: NDArray[np.uint8]) -> pl.DataFrame:
    doubts = pl.Series(mask, dtype=pl.UInt32)
    columns = {
        "code": texts,
        "state": pl.Series(_STATES).gather(doubts),
        "warnings": pl.Series(_WARNINGS, dtype=_SCHEMA["warnings"]).gather(doubts),
    }
    nothing = pl.repeat(None, len(texts), dtype=pl.String, eager=True)
    return pl.DataFrame([columns.get(name, nothing).alias(name) for name in _SCHEMA])


def _checked_rows(rest: pl.DataFrame, known_divisions: frozenset[str] | None) -> pl.DataFrame:
    keys = ["text", "is_company"]
    distinct = rest.select(keys).unique()
    rows = [
        _row(text, COMPANY_FORMS[0] if is_company else None, known_divisions) for text, is_company in distinct.rows()
    ]
    graded = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    joined = rest.join(pl.concat([distinct, graded], how="horizontal"), on=keys, how="left")
    return joined.select([*_SCHEMA, "row"])


def _row(text: str, name: str | None, known_divisions: frozenset[str] | None) -> Sequence[object]:
    found = check(text, name=name, known_divisions=known_divisions)
    warnings = [warning.value for warning in found.warnings]
    return found.code, found.state.value, warnings, found.old_identifier, found.old_kind, found.suggestion
