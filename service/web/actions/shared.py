"""What several pages have in common."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, cast

from service.catalog.rules import Catalog
from service.reading.names import is_sole_trader_without_trade_name
from service.status.queries import Log

#: Rows of one page of a table.
PAGE: Final = 50

Facts = dict[str, Any]


def state_of(log: Log, today: date) -> str:
    """Return what a page of public facts depends on: the log, the legal day, the catalogues."""
    return f"{log.log_id[:8]}-{log.position}-{today:%Y%m%d}-{log.catalog_version}"


def public_name(row: Mapping[str, Any]) -> str | None:
    """Return the name that may be shown with a record: the registered one, else the one on the record unless it is held."""
    if row["registered_name"]:
        return cast("str", row["registered_name"])
    return None if "party_name" in row["held_texts"] else cast("str | None", row["party_name"])


def is_nameless(row: Mapping[str, Any]) -> bool:
    """Return whether a record is in no table: a sole trader without a trade name is found by the exact code only."""
    return is_sole_trader_without_trade_name(public_name(row) or "", row["uscc"])


def named(row: Mapping[str, Any]) -> Facts:
    """Return a row with the `name` that may be shown."""
    return dict(row) | {"name": public_name(row)}


def province_names(catalog: Catalog) -> dict[str, str]:
    """Return the present names of the provinces by their two digits."""
    return {code[:2]: name for code, name in sorted(catalog.region_names.items()) if code.endswith("0000")}
