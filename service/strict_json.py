"""JSON as RFC 8259 recommends it, and no more than a request of this service needs: what others read differently is refused."""

import json
import math
import re
from typing import Final

#: Levels of arrays and objects in each other.
MOST_LEVELS: Final = 32

#: Characters of a number: a 64-bit integer with its sign has 20.
LONGEST_NUMBER: Final = 32

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class NotStrict(ValueError):
    """The text is no JSON, or JSON that two readers may read in two ways; the message says what it is, without its content."""


def check_json(body: bytes) -> None:
    """Refuse a body that repeats a member, nests deeper than `MOST_LEVELS`, or has a number or character of no use here.

    Raises:
        NotStrict: with one sentence that says what is wrong and repeats nothing of the body.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotStrict("The body is not UTF-8.") from None
    if body.count(b"[") + body.count(b"{") > MOST_LEVELS and _levels(body) > MOST_LEVELS:
        raise NotStrict(f"The body nests deeper than {MOST_LEVELS} levels.")
    try:
        value = json.loads(
            text, object_pairs_hook=_members, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        raise NotStrict(f"The body is no JSON: {error.msg.lower()} at character {error.pos}.") from None
    if b"\\u" in body:
        _check_characters(value)


def has_forbidden_character(text: str) -> bool:
    """Return whether `text` holds U+0000, which the database cannot keep, or half of a surrogate pair, which is no character."""
    return "\0" in text or _SURROGATE.search(text) is not None


def _levels(body: bytes) -> int:
    level = deepest = 0
    for byte in _STRING.sub(b"", body):
        if byte in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif byte in b"]}":
            level -= 1
    return deepest


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrict("An object of the body has two members of the same name.")
    return members


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise NotStrict(f"A number of the body has more than {LONGEST_NUMBER} characters.")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if len(digits) > LONGEST_NUMBER or not math.isfinite(number):
        raise NotStrict("A number of the body is too large, or has too many digits.")
    return number


def _constant(name: str) -> float:
    raise NotStrict(f"{name} is no number of JSON.")


def _check_characters(value: object) -> None:
    if isinstance(value, str):
        if has_forbidden_character(value):
            raise NotStrict("A text of the body holds U+0000 or half of a surrogate pair.")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_characters(name)
            _check_characters(member)
    elif isinstance(value, list):
        for item in value:
            _check_characters(item)
