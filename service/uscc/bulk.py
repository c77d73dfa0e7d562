"""The vectorised twin of `rules.check` for whole columns.

Values that are eighteen plain characters of the alphabet with both check characters right, a known department pair and
nothing of an identity number are graded in numpy; every other distinct value goes through `rules.check` itself.
"""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from service.uscc.arithmetic import ALPHABET, C18_WEIGHTS, ORG_ALPHABET, ORG_WEIGHTS
from service.uscc.departments import CATEGORIES
from service.uscc.rules import CodeState, check

_SHAPE: Final = r"^[0-9A-HJ-NP-RTUWXY]{18}$"
_VALUE: Final = np.full(256, 31, dtype=np.int64)
_VALUE[np.frombuffer(ALPHABET.encode(), dtype=np.uint8)] = np.arange(31)
_ORG_VALUE: Final = np.zeros(256, dtype=np.int64)
_ORG_VALUE[np.frombuffer(ORG_ALPHABET.encode(), dtype=np.uint8)] = np.arange(36)
_WEIGHTS: Final = np.array(C18_WEIGHTS, dtype=np.int64)
_ORG_WEIGHTS: Final = np.array(ORG_WEIGHTS, dtype=np.int64)
_ORG_CHECKS: Final = np.frombuffer(b"0123456789X", dtype=np.uint8)
_PAIRS: Final = np.zeros(65536, dtype=np.bool_)
_PAIRS[[ord(pair[0]) * 256 + ord(pair[1]) for pair in CATEGORIES]] = True
_SCHEMA: Final = {"code": pl.String, "state": pl.String, "old_identifier": pl.String, "suggestion": pl.String}


def check_codes(values: pl.Series) -> pl.DataFrame:
    """Grade a column of values, in order, one row each; as `rules.check` without name and divisions.

    Returns `code` (the key, or null), `state` (a `CodeState`), `old_identifier` and `suggestion` (or null).
    """
    texts = values.cast(pl.String).fill_null("")
    plain = texts.str.contains(_SHAPE)
    good = np.zeros(len(texts), dtype=np.bool_)
    if plain.any():
        where = plain.to_numpy()
        good[where] = _passes("".join(texts.filter(plain)).encode())
    is_good = pl.Series(good)
    code = texts.zip_with(is_good, pl.repeat(None, len(texts), dtype=pl.String, eager=True))
    if good.all():
        nothing = pl.repeat(None, len(texts), dtype=pl.String, eager=True)
        state = pl.repeat(CodeState.VALID.value, len(texts), dtype=pl.String, eager=True)
        return pl.DataFrame(
            [code.alias("code"), state.alias("state"), nothing.alias("old_identifier"), nothing.alias("suggestion")]
        )
    odd = texts.filter(~is_good).unique()
    checks = [check(text) for text in odd]
    known = pl.DataFrame(
        {
            "text": odd,
            "c": [one.code if one.is_key else None for one in checks],
            "s": [one.state.value for one in checks],
            "o": [one.old_identifier for one in checks],
            "g": [one.suggestion for one in checks],
        },
        schema={"text": pl.String, "c": pl.String, "s": pl.String, "o": pl.String, "g": pl.String},
    )
    joined = pl.DataFrame({"text": texts, "code": code}).join(known, on="text", how="left", maintain_order="left")
    return joined.select(
        pl.coalesce("code", "c").alias("code"),
        pl.when(pl.col("code").is_not_null()).then(pl.lit(CodeState.VALID.value)).otherwise(pl.col("s")).alias("state"),
        pl.col("o").alias("old_identifier"),
        pl.col("g").alias("suggestion"),
    ).cast(_SCHEMA)  # type: ignore[arg-type] # a mapping of names to types is one of the documented forms


def _passes(joined: bytes) -> NDArray[np.bool_]:
    """Return which of the codes, written one after another, are certainly valid without any warning."""
    chars = np.frombuffer(joined, dtype=np.uint8).reshape(-1, 18)
    total = _VALUE[chars[:, :17]] @ _WEIGHTS
    passes: NDArray[np.bool_] = (31 - total % 31) % 31 == _VALUE[chars[:, 17]]
    org = _ORG_VALUE[chars[:, 8:16]] @ _ORG_WEIGHTS
    passes &= _ORG_CHECKS[(11 - org % 11) % 11] == chars[:, 16]
    passes &= _PAIRS[chars[:, 0].astype(np.int64) * 256 + chars[:, 1]]
    # An identity number has digits only before the last place; a placeholder repeats one character. The plain check decides.
    letters = chars[:, :17] > ord("9")
    passes &= letters.any(axis=1) | (chars[:, 6] != ord("1")) & (chars[:, 6] != ord("2"))
    passes &= (chars[:, 8:17] != chars[:, 8:9]).any(axis=1)
    return passes
