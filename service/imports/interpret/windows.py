"""Windows for whole columns of interpreted rows, each combination of facts worked out once."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from service.imports.interpret.cells import array_literal
from service.imports.interpret.context import Context
from service.rulebook.rules import PenaltyFacts
from service.rulebook.windows import Window, Windows, entry_window

_CHANNELS = ("gsxt", "credit_china", "public")


def penalty_window_columns(
    content: Mapping[str, pl.Series], context: Context, wanted: pl.Series
) -> dict[str, pl.Series]:
    """Return the window columns, tier and basis of each penalty; rows not in `wanted` get nulls and `no_date`."""
    systems = {known.code: (known.system, known.division_code[:2]) for known in context.catalog.authorities}
    found: list[Windows | None] = []
    rows = zip(
        wanted,
        content["authority_code"],
        content["procedure"],
        content["kinds_list"].to_list(),
        content["fine_fen"],
        content["confiscation_fen"],
        content["field"],
        content["party_type"],
        content["decided_on"],
        content["published_on"],
        content["stated_until"],
        strict=True,
    )
    kinds_of: dict[tuple[str, ...], frozenset[str]] = {}
    for want, authority, procedure, kinds, fine, gains, field, party, decided, published, until in rows:
        if not want:
            found.append(None)
            continue
        key = tuple(kinds)
        system, province = systems[authority]
        facts = PenaltyFacts(
            authority_system=system,
            procedure=procedure,
            kinds=kinds_of.setdefault(key, frozenset(key)),
            fine_fen=fine,
            confiscation_fen=gains,
            field=field,
            party_type=party,
            province=province,
            decided_on=decided,
            published_on=published,
            stated_until=until,
        )
        found.append(context.windows.penalty(facts, published or context.accepted_on))
    columns: dict[str, pl.Series] = {}
    for channel in _CHANNELS:
        columns |= _columns(channel, [None if one is None else getattr(one, channel) for one in found])
    columns["tier"] = pl.Series(["undecided" if one is None else one.tier.value for one in found], dtype=pl.String)
    columns["tier_basis"] = pl.Series([None if one is None else one.tier_basis for one in found], dtype=pl.String)
    literals: dict[tuple[str, ...], str] = {}
    columns["window_flags"] = pl.Series(
        ["{}" if one is None else _literal(one.public.flags, literals) for one in found], dtype=pl.String
    )
    return columns


def entry_window_columns(content: Mapping[str, pl.Series], context: Context) -> dict[str, pl.Series]:
    """Return the public window columns of each blacklist entry."""
    found: list[Window | None] = []
    known: dict[tuple[object, ...], Window] = {}
    rows = zip(
        content["list_id"],
        content["listed_on"],
        content["listed_on_grade"],
        content["removed_on"],
        content["stated_until"],
        content["published_on"],
        strict=True,
    )
    for row in rows:
        if row[0] is None:
            found.append(None)
            continue
        if row not in known:
            known[row] = _entry(context, *row)
        found.append(known[row])
    columns = _columns("public", found)
    literals: dict[tuple[str, ...], str] = {}
    columns["window_flags"] = pl.Series(
        ["{}" if one is None else _literal(one.flags, literals) for one in found], dtype=pl.String
    )
    return columns


def _entry(
    context: Context,
    list_id: str,
    listed_on: date | None,
    listed_grade: str,
    removed_on: date | None,
    until: date | None,
    published_on: date | None,
) -> Window:
    row = context.catalog.list_by_id[list_id]
    return entry_window(
        list_id=list_id,
        period_months=row.period_months,
        grade=row.grade,
        listed_on=listed_on,
        assumed=listed_grade == "assumed",
        removed_on=removed_on,
        stated_until=until,
        public_from=published_on or context.accepted_on,
    )


def _columns(channel: str, windows: list[Window | None]) -> dict[str, pl.Series]:
    parts: dict[str, list[object]] = {part: [] for part in ("from", "until", "rule", "grade", "reason")}
    for one in windows:
        if one is None:
            values: tuple[object, ...] = (None, None, None, None, "no_date")
        else:
            values = (one.starts_on, one.ends_on, one.rule_id, one.grade, one.reason)
        for column, value in zip(parts.values(), values, strict=True):
            column.append(value)
    kinds = {"from": pl.Date, "until": pl.Date}
    return {f"{channel}_{part}": pl.Series(values, dtype=kinds.get(part, pl.String)) for part, values in parts.items()}


def _literal(flags: tuple[str, ...], known: dict[tuple[str, ...], str]) -> str:
    if flags not in known:
        known[flags] = array_literal(flags)
    return known[flags]
