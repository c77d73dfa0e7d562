"""Where a record's windows stand against the present rulebook, and what a decision about it needs."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from hashlib import sha256
from json import dumps
from typing import Any, Final

from service.catalog.rules import Catalog
from service.changes.rules import ChangeKind
from service.errors import Conflict, Forbidden, Invalid
from service.rulebook.windows import Window, Windows

Row = Mapping[str, Any]

_CHANNELS: Final = ("gsxt", "credit_china", "public")
_PARTS: Final = ("from", "until", "rule", "grade", "reason")
#: The columns of a version of a penalty that a redating sets.
PENALTY_COLUMNS: Final = (
    *(f"{channel}_{part}" for channel in _CHANNELS for part in _PARTS),
    "window_flags",
    "tier",
    "tier_basis",
)
#: Those of an entry: its list says how long it is shown, on every channel.
ENTRY_COLUMNS: Final = (*(f"public_{part}" for part in _PARTS), "window_flags")
COLUMNS: Final = {ChangeKind.PENALTY: PENALTY_COLUMNS, ChangeKind.BLACKLIST_ENTRY: ENTRY_COLUMNS}
#: Those of them that make a difference worth a decision; rule, grade and flags alone move no date.
_DECISIVE: Final = (*(f"{channel}_{part}" for channel in _CHANNELS for part in ("until", "reason")), "tier")
DATES: Final = tuple(name for name in PENALTY_COLUMNS if name.endswith(("_from", "_until")))


class Effect(StrEnum):
    """What the public would see of a redating."""

    SHORTER = "shorter"
    LONGER = "longer"
    SHOWN = "shown"
    HIDDEN = "hidden"
    UNCHANGED = "unchanged"


class NothingOpen(Conflict):
    """No open redating that you may decide fits what was asked for."""

    code = "nothing_open"


class PreviewOutdated(Conflict):
    """Other redatings are open by now than the preview counted; look again before you decide."""

    code = "preview_outdated"


class NotYourRedatings(Forbidden):
    """Redatings are decided by a reviewer of the authority that owns the records."""

    code = "not_your_redatings"


class TooManyRedatings(Invalid):
    """One decision covers at most 5,000 redatings; narrow it by effect or rule."""

    code = "too_many_redatings"


def window_columns(windows: Windows) -> dict[str, Any]:
    """Return the columns of a version that hold its windows and tier, days as ISO text."""
    columns: dict[str, Any] = {}
    for window in (windows.gsxt, windows.credit_china, windows.public):
        columns |= _columns(window)
    flags = list(windows.public.flags)
    return columns | {"window_flags": flags, "tier": windows.tier.value, "tier_basis": windows.tier_basis}


def _columns(window: Window) -> dict[str, Any]:
    values = (_text(window.starts_on), _text(window.ends_on), window.rule_id, window.grade, window.reason)
    return {f"{window.channel.value}_{part}": value for part, value in zip(_PARTS, values, strict=True)}


def entry_columns(window: Window) -> dict[str, Any]:
    """Return the columns of an entry's version that hold its window, days as ISO text."""
    return _columns(window) | {"window_flags": list(window.flags)}


def stored_columns(row: Row, kind: ChangeKind) -> dict[str, Any]:
    """Return the same columns as a version of that kind has them."""
    return {name: _text(row[name]) if name in DATES else row[name] for name in COLUMNS[kind]}


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def differs(before: Mapping[str, Any], after: Mapping[str, Any], *, by_exception: bool) -> bool:
    """Return whether a date, a reason or the tier differs; a record shown by a cited exception keeps its public window."""
    return any(
        before[name] != after[name]
        for name in _DECISIVE
        if name in before and not (by_exception and name.startswith("public_"))
    )


def effect_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> Effect:
    """Return what the public would see."""
    was_shown, is_shown = before["public_reason"] is None, after["public_reason"] is None
    if was_shown != is_shown:
        return Effect.SHOWN if is_shown else Effect.HIDDEN
    was, is_now = before["public_until"] or "9999-12-31", after["public_until"] or "9999-12-31"
    if not is_shown or was == is_now:
        return Effect.UNCHANGED
    return Effect.SHORTER if is_now < was else Effect.LONGER


def windows_law(catalog: Catalog) -> str:
    """Return a digest of all that windows depend on beside the records: periods, thresholds, systems, provinces and lists."""
    content = (
        [dict(rule.body) for rule in catalog.present_rules if rule.kind in {"period", "parameter"}],
        [(one.code, one.system, one.division_code[:2]) for one in catalog.authorities],
        [(one.id, one.period_months) for one in catalog.lists],
    )
    return sha256(dumps(content, default=str, sort_keys=True).encode()).hexdigest()
