"""The lists, and the published entries of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from service.catalog.rules import Catalog, KnownList
from service.clock import legal_day
from service.db import ReadSession, driver
from service.status.queries import read_log
from service.web.actions.counts import Counts
from service.web.actions.shared import PAGE, Facts, is_nameless, named, province_names, state_of
from service.web.queries import (
    EntryFilter,
    count_by_list,
    list_entries,
)
from service.web.rules import NoSuchPage


async def see_lists(session: ReadSession, catalog: Catalog, now: datetime) -> Facts:
    """Return all lists with the number of their published entries."""
    connection = await driver(session)
    today = legal_day(now)
    log = await read_log(connection, [], delivered_by=now)
    counts = await count_by_list(connection, today)
    in_force_first = sorted(catalog.lists, key=lambda one: (one.effective_to is not None, one.id))
    return {
        "lists": [(one, counts.get(one.id, 0)) for one in in_force_first],
        "position": log.position,
        "now": now,
        "etag": state_of(log, today),
    }


@dataclass(frozen=True, slots=True)
class Facets:
    """The authorities and provinces that a list has entries of, for its filter, with how many."""

    authorities: list[tuple[str, int]]
    provinces: list[tuple[str, str, int]]


async def see_list(
    session: ReadSession,
    catalog: Catalog,
    counts: Counts,
    wanted: EntryFilter,
    *,
    after: tuple[date, UUID] | None,
    now: datetime,
) -> Facts:
    """Return one page of a list's published entries, newest first.

    Raises:
        NoSuchPage: there is no such list.
    """
    known: KnownList | None = catalog.list_by_id.get(wanted.list_id)
    if known is None:
        raise NoSuchPage(f"There is no list {wanted.list_id!r}.", detail_zh="没有这份名单。")
    connection = await driver(session)
    today = legal_day(now)
    log = await read_log(connection, [], delivered_by=now)
    rows = await list_entries(connection, wanted, today, after=after, limit=PAGE + 1)
    state = state_of(log, today)
    facets = _facets(await counts.facets(connection, wanted.list_id, today, state=state), catalog)
    shown = rows[:PAGE]
    more = (shown[-1]["listed_on"], str(shown[-1]["id"])) if len(rows) > PAGE else None
    return {
        "list": known,
        "entries": [named(row) for row in shown if not is_nameless(row)],
        "facets": facets,
        "more": more,
        "position": log.position,
        "now": now,
        "etag": state,
    }


def _facets(rows: Sequence[Mapping[str, Any]], catalog: Catalog) -> Facets:
    authorities: dict[str, int] = {}
    provinces: dict[str, int] = {}
    for row in rows:
        authorities[row["authority_name"]] = authorities.get(row["authority_name"], 0) + row["entries"]
        provinces[row["province"]] = provinces.get(row["province"], 0) + row["entries"]
    names = province_names(catalog)
    return Facets(
        sorted(authorities.items(), key=lambda one: (-one[1], one[0])),
        sorted((code, names.get(code, code), count) for code, count in provinces.items()),
    )
