"""Which versions of a record an asker is shown, and what differs between them: neighbours, or any two."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.access.seen import is_shown
from service.errors import NotFound

Row = Mapping[str, Any]


class NoSuchVersion(NotFound):
    """The record has no version of this number that the key may see."""

    code = "no_such_version"


@dataclass(frozen=True, slots=True)
class Sides:
    """The two versions that are compared; None is the first, or the last, that the asker may see."""

    first: int | None
    last: int | None


def told_versions(rows: Sequence[Row], *, own: bool, today: date) -> list[Row]:
    """Return which of all versions of a record may be told; `rows` are oldest first.

    Own people are told all. Everybody else is told those that were published, from the last one on that replaced personal
    data, secrets or a wrong subject, and only while the record is public; a text that is held back today is held back in all.
    """
    if own:
        return list(rows)
    if not rows or not is_shown(rows[-1], on=today):
        return []
    first = max((row["version_no"] for row in rows if row["silences_before"]), default=0)
    held = rows[-1]["held_texts"]
    return [
        dict(row) | {"held_texts": sorted({*row["held_texts"], *held})}
        for row in rows
        if row["version_no"] >= first and row["state"] == "published"
    ]


def compare(
    rows: Sequence[Row], names: Collection[str], *, own: bool, sides: Sides | None = None
) -> list[tuple[Row, list[str]]]:
    """Return versions with the `names` in which each differs from the one before it; `sides` leaves two of them.

    Of a text that is held back it is not said whether it differs, but to its own people.

    Raises:
        NoSuchVersion: a side is none of `rows`, or there are none.
    """
    shown = rows if sides is None else [_side(rows, sides.first, 0), _side(rows, sides.last, -1)]
    found = []
    for place, row in enumerate(shown):
        before = shown[place - 1] if place else row
        unsaid = set() if own else {*row["held_texts"], *before["held_texts"]}
        found.append((row, [name for name in names if name not in unsaid and row[name] != before[name]]))
    return found


def _side(rows: Sequence[Row], number: int | None, default: int) -> Row:
    for row in rows if number is not None else ():
        if row["version_no"] == number:
            return row
    if number is not None or not rows:
        raise NoSuchVersion(
            f"The record has no version {number or ''} that you may see;"
            f" you may compare {', '.join(str(row['version_no']) for row in rows) or 'none'}.",
            detail_zh="没有可供查看的该版本。",
        )
    return rows[default]
