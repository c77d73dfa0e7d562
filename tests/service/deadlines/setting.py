"""A catalogue with the shipped law and made-up authorities, for tests of deadlines."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import text

from service.catalog.actions import sync_seed
from service.catalog.rules import Catalog, KnownAuthority
from service.catalog.seed import load_seed
from service.db import Database
from service.deadlines.actions import track_deadlines
from tests.clients import NOW
from tests.factories import make_penalty, number_changes

SHIPPED = load_seed()


def authority(
    code: str, *, system: str = "market_regulation", division: str = "500105", parent: str | None = None
) -> Any:
    return KnownAuthority(code, f"示例机关{code}", (), None, system, division, parent, None, None, None, None)


CITY = authority("city", division="500000")
DISTRICT = authority("district", parent="city")
ENVIRONMENT = authority("environment", system="environment")
SEED = replace(SHIPPED, authorities=(CITY, DISTRICT, ENVIRONMENT), lists=(), sources=(), regions=SHIPPED.regions[:1])
CATALOG = Catalog(1, SEED.authorities, (), (), (), SEED.rules, SEED.years)


async def open_law(database: Database) -> None:
    async with database.transaction() as session:
        await sync_seed(session, SEED, now=NOW)


async def record(database: Database, uscc: str, **changes: Any) -> Any:
    """Record a penalty of the district's own, and number its change."""
    values: dict[str, Any] = {
        "authority_code": "district",
        "source_code": "own:district",
        "state": "draft",
        "decided_on": date(2026, 9, 18),
    } | changes
    async with database.transaction() as session:
        found = await make_penalty(session, uscc, **values)
        await number_changes(session)
    return found


async def track(database: Database, *, batch: int = 2000) -> int:
    return await track_deadlines(database, now=NOW, batch=batch)


async def standing(database: Database, uscc: str) -> dict[str, tuple[str, str, bool]]:
    """Return state, last day and whether it is provisional of each deadline of a subject."""
    async with database.reading() as session:
        rows = await session.execute(
            text("SELECT deadline, state, due_on, provisional FROM deadline WHERE uscc = :uscc ORDER BY deadline"),
            {"uscc": uscc},
        )
        return {row.deadline: (row.state, str(row.due_on), row.provisional) for row in rows}


async def events(database: Database, uscc: str, deadline: str) -> list[tuple[Any, ...]]:
    """Return event, day before, day after and reason of all that happened to a deadline."""
    async with database.reading() as session:
        rows = await session.execute(
            text(
                """SELECT e.event, e.was_due_on, e.due_on, e.reason FROM deadline_event e JOIN deadline d ON d.id = e.deadline_id
                WHERE d.uscc = :uscc AND d.deadline = :deadline ORDER BY e.id"""
            ),
            {"uscc": uscc, "deadline": deadline},
        )
        return [(row.event, str(row.was_due_on or ""), str(row.due_on), row.reason) for row in rows]
