"""The codes of a batch as bytes: about 8 bytes a code, in the order in which they were asked.

Credit codes have 31 possible characters; six of them fit 30 bits, so a code is three numbers. They are stored column by
column, since the first ones are alike and compress. What is no such code is kept as JSON behind them.
"""

import zlib
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from service.uscc.arithmetic import ALPHABET, is_person_id

VERSION: Final = 1
#: What is kept of a text that is no code; an identity number sent by mistake must not be kept at all.
LONGEST_ODD: Final = 8

_VALUES: Final = np.full(256, 255, dtype=np.uint8)
_VALUES[np.frombuffer(ALPHABET.encode(), dtype=np.uint8)] = np.arange(31, dtype=np.uint8)
_CHARACTERS: Final = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_PLACES: Final = np.array([31**n for n in (5, 4, 3, 2, 1, 0)], dtype=np.uint32)


def pack_codes(codes: Sequence[object]) -> tuple[bytes, bytes]:
    """Return the packed list and its SHA-256. Of what is no code of 18 characters only the place and a beginning are kept."""
    texts = [code if isinstance(code, str) and len(code) == 18 and code.isascii() else "0" * 18 for code in codes]
    values = _VALUES[np.frombuffer("".join(texts).encode(), dtype=np.uint8).reshape(-1, 18)]
    odd = (values == 255).any(axis=1)
    odd |= np.fromiter((text is not code for text, code in zip(texts, codes, strict=True)), np.bool_, len(texts))
    for n in np.flatnonzero(_may_be_born(values) & ~odd):
        odd[n] = is_person_id(texts[n])
    values[odd] = 0
    numbers: NDArray[np.uint32] = (values.reshape(-1, 3, 6).astype(np.uint32) * _PLACES).sum(axis=2, dtype=np.uint32)
    columns = [np.ascontiguousarray(numbers[:, column]).astype("<u4").tobytes() for column in range(3)]
    first = zlib.compress(columns[0], 1)
    rest = orjson.dumps([[int(n), _beginning(codes[int(n)])] for n in np.flatnonzero(odd)])
    head = bytes([VERSION]) + len(texts).to_bytes(4, "little") + len(first).to_bytes(4, "little")
    packed = head + first + columns[1] + columns[2] + rest
    return packed, sha256(packed).digest()


def unpack_codes(packed: bytes) -> list[str | None]:
    """Return the list that `pack_codes` was given; what was no code is its beginning, or None where it was no text.

    Raises:
        ValueError: the bytes are not of this version.
    """
    if packed[:1] != bytes([VERSION]):
        raise ValueError(f"a packed list of version {packed[:1].hex()}, which this program does not know")
    count, size = int.from_bytes(packed[1:5], "little"), int.from_bytes(packed[5:9], "little")
    at = 9 + size
    parts = [zlib.decompress(packed[9:at]), packed[at : at + 4 * count], packed[at + 4 * count : at + 8 * count]]
    columns = [np.frombuffer(part, dtype="<u4") for part in parts]
    digits = np.stack([column // place % 31 for column in columns for place in _PLACES], axis=1)
    joined = _CHARACTERS[digits.astype(np.uint8)].tobytes().decode()
    codes: list[str | None] = [joined[n : n + 18] for n in range(0, 18 * count, 18)]
    for n, beginning in orjson.loads(packed[at + 8 * count :]):
        codes[n] = beginning
    return codes


def traces(code: str) -> tuple[bytes, bytes]:
    """Return two pieces of bytes that a packed list holds wherever `code` is in it; hardly any other list holds both.

    Raises:
        ValueError: it is no code of 18 characters of the standard's alphabet.
    """
    if len(code) != 18 or not code.isascii() or (_VALUES[np.frombuffer(code.encode(), dtype=np.uint8)] == 255).any():
        raise ValueError("no code of 18 characters")
    values = _VALUES[np.frombuffer(code.encode(), dtype=np.uint8)].reshape(3, 6).astype(np.uint32)
    _, second, third = (values * _PLACES).sum(axis=1, dtype=np.uint32).astype("<u4")
    return second.tobytes(), third.tobytes()


def _may_be_born(values: NDArray[np.uint8]) -> NDArray[np.bool_]:
    # Seventeen digits with a birth date among them: few enough to look at one by one.
    century, month, day = (values[:, at].astype(np.int16) * 10 + values[:, at + 1] for at in (6, 10, 12))
    dated = ((century == 19) | (century == 20)) & (month > 0) & (month < 13) & (day > 0) & (day < 32)
    born: NDArray[np.bool_] = dated & (values[:, :17] < 10).all(axis=1)
    return born


def _beginning(code: object) -> str | None:
    return code[:LONGEST_ODD] if isinstance(code, str) else None
