"""How the name of a column is read: cleaned for showing, reduced to a key for matching."""

import re
import unicodedata

_EDGE = " \t\r\n\v\f\u00a0\u3000\u200b\ufeff\u2028\u2029"
_BREAK = re.compile(r"[^\S\r\n]*[\r\n\v\f\u2028\u2029]+\s*")
_BRACKETS = str.maketrans(
    {
        "[": "(",
        "]": ")",
        "{": "(",
        "}": ")",
        "〔": "(",
        "〕": ")",
        "【": "(",
        "】": ")",
        "〈": "(",
        "〉": ")",
    }
)
_DROPPED = re.compile(r"[\s\u200b\ufeff_\-‐‑–—/\\.,、:;*·。'\"`]+")
_LABEL = re.compile(r"^(?P<base>.*?)\((?P<label>.*)\)$")
_NUMBERED = re.compile(r"代码(?P<number>\d)$")
_NOTE = re.compile(r"(?:必填|必填项|选填|可选|非必填|示例.*|格式.*|yyyymmdd.*)$")


def clean_name(raw: str | None) -> str:
    """Return a column's name without surrounding blanks and inner line breaks; "" for a column without a name.

    A line break between two ASCII words becomes one blank, any other is dropped: Chinese names are wrapped anywhere.
    """
    if raw is None:
        return ""
    text = raw.strip(_EDGE)

    def join(match: re.Match[str]) -> str:
        before, after = text[: match.start()][-1:], text[match.end() :][:1]
        return " " if before.isascii() and after.isascii() and before.isalnum() and after.isalnum() else ""

    return _BREAK.sub(join, text)


def key(name: str) -> str:
    """Return the form in which names are compared: half width, lower case, one kind of bracket, no blanks or joiners."""
    return _DROPPED.sub("", unicodedata.normalize("NFKC", name).translate(_BRACKETS).casefold())


def label(name_key: str) -> tuple[str, str] | None:
    """Split a key that ends in brackets into what stands before and what stands inside; None without brackets."""
    match = _LABEL.match(name_key)
    return (match["base"], match["label"]) if match else None


def code_number(name_key: str) -> int | None:
    """Return N of a column named only 行政相对人代码_N or 相对人代码N, else None.

    The number alone says nothing: 2 and 3 changed their meaning between the editions of 2015 and 2018.
    """
    match = _NUMBERED.search(name_key)
    return int(match["number"]) if match else None


def loose_keys(name: str) -> tuple[str, ...]:
    """Return further keys under which a name with a note stuck on may be known, most trustworthy first.

    The bracket at the end left out, a closing "required" or "format" left out, and the parts between blanks and colons.
    """
    whole = key(name)
    found = []
    parts = label(whole)
    if parts and code_number(parts[0]) is None:
        found.append(parts[0])
    without_note = _NOTE.sub("", whole)
    if without_note != whole:
        found.append(without_note)
    pieces = [piece for piece in re.split(r"[\s:：]+", unicodedata.normalize("NFKC", name)) if piece]
    if len(pieces) > 1:
        found.extend(key(piece) for piece in pieces)
    return tuple(dict.fromkeys(k for k in found if k))
