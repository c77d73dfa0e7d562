"""Windows for whole columns of interpreted rows, each combination of facts worked out once."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from service.imports.interpret.context import Context
from service.imports.staging import array_literal
from service.rulebook.rules import PenaltyFacts
from service.rulebook.windows import Window, Windows, entry_window

_CHANNELS = ("gsxt", "credit_china", "public")
ENTRY_FACTS = ("list_id", "listed_on", "listed_on_grade", "removed_on", "stated_until", "published_on")
PENALTY_FACTS = (
    "authority_code",
    "procedure",
    "kinds",
    "field",
    "party_type",
    "decided_on",
    "published_on",
    "stated_until",
    "restriction_until",
)


def penalty_window_columns(
    content: Mapping[str, pl.Series], context: Context, wanted: pl.Series
) -> dict[str, pl.Series]:
    """Return the window columns, tier and basis of each penalty; rows not in `wanted` get nulls and `no_date`."""
    fine = content["fine_fen"]
    band = pl.Series(context.windows.thresholds, dtype=pl.Int64).search_sorted(fine.fill_null(-1), side="right")
    facts = pl.DataFrame(
        {name: content[name] for name in (*PENALTY_FACTS, "fine_fen", "confiscation_fen")}
    ).with_columns(
        wanted=wanted,
        # No row and no window differs between fines under the same threshold, nor by how much was confiscated.
        fine_band=pl.when(fine > 0).then(band.cast(pl.Int64)).otherwise(fine),
        confiscates=(content["confiscation_fen"] > 0).fill_null(value=False),
    )
    keys = [*PENALTY_FACTS, "wanted", "fine_band", "confiscates"]
    systems = {known.code: (known.system, known.division_code[:2]) for known in context.catalog.authorities}
    distinct = facts.unique(keys, keep="first", maintain_order=True)
    found = [_penalty(row, context, systems) if row["wanted"] else None for row in distinct.iter_rows(named=True)]
    columns: dict[str, pl.Series] = {}
    for channel in _CHANNELS:
        columns |= _columns(channel, [None if one is None else getattr(one, channel) for one in found])
    columns["tier"] = pl.Series(["undecided" if one is None else one.tier.value for one in found], dtype=pl.String)
    columns["tier_basis"] = pl.Series([None if one is None else one.tier_basis for one in found], dtype=pl.String)
    columns["window_flags"] = pl.Series(
        ["{}" if one is None else array_literal(one.public.flags) for one in found], dtype=pl.String
    )
    told = distinct.select(keys).with_columns(**columns)
    rows = facts.select(keys).join(told, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return {name: rows.get_column(name) for name in columns}


def _penalty(row: Mapping[str, Any], context: Context, systems: Mapping[str, tuple[str, str]]) -> Windows:
    system, province = systems[row["authority_code"]]
    facts = PenaltyFacts(
        authority_system=system,
        procedure=row["procedure"],
        kinds=frozenset(filter(None, row["kinds"].strip("{}").split(","))),
        fine_fen=row["fine_fen"],
        confiscation_fen=row["confiscation_fen"],
        field=row["field"],
        party_type=row["party_type"],
        province=province,
        decided_on=row["decided_on"],
        published_on=row["published_on"],
        stated_until=row["stated_until"],
        restriction_until=row["restriction_until"],
    )
    return context.windows.penalty(facts, row["published_on"] or context.accepted_on)


def entry_window_columns(content: Mapping[str, pl.Series], context: Context) -> dict[str, pl.Series]:
    """Return the public window columns of each blacklist entry."""
    facts = pl.DataFrame({name: content[name] for name in ENTRY_FACTS})
    distinct = facts.unique(maintain_order=True)
    found = [None if row[0] is None else _entry(context, *row) for row in distinct.iter_rows()]
    columns = _columns("public", found)
    columns["window_flags"] = pl.Series(
        ["{}" if one is None else array_literal(one.flags) for one in found], dtype=pl.String
    )
    told = distinct.with_columns(**columns)
    rows = facts.join(told, on=list(ENTRY_FACTS), how="left", nulls_equal=True, maintain_order="left")
    return {name: rows.get_column(name) for name in columns}


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
