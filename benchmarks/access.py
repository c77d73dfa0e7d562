"""What the check of a key costs: remembered, and looked up in the database; beside it the bare hash of the key."""

import time
from typing import Any

from service.access.cache import AccessCache
from service.access.keys.actions import create_key
from service.access.keys.rules import key_hash
from service.access.rules import Role
from service.catalog.queries import load_catalog
from service.clock import system_clock
from service.db import Database

CHECKS = 50_000
LOOK_UPS = 500
GOAL = "under 50 µs, revocation known within 1 s"


async def measure(url: str) -> list[dict[str, Any]]:
    """Return the time of one check in microseconds, the polls of the version in it included."""
    database = Database(url, application="benchmark", pool_size=2)
    try:
        async with database.transaction() as session:
            key = await create_key(
                session,
                name="bench",
                roles=[Role.PLATFORM, Role.AUDITOR],
                now=system_clock(),
                networks=["192.0.2.0/24"],
            )
        async with database.reading() as reading:
            hierarchy = (await load_catalog(reading)).hierarchy

        async def check(cache: AccessCache) -> None:
            await cache.actor(key.secret, hierarchy=hierarchy, now=system_clock(), address="192.0.2.9")

        cache = AccessCache(database)
        await check(cache)
        began = time.perf_counter()
        for _ in range(CHECKS):
            await check(cache)
        remembered = (time.perf_counter() - began) / CHECKS * 1e6
        began = time.perf_counter()
        for _ in range(LOOK_UPS):
            await check(AccessCache(database))
        looked_up = (time.perf_counter() - began) / LOOK_UPS * 1e6
        began = time.perf_counter()
        for _ in range(CHECKS):
            key_hash(key.secret)
        hashed = (time.perf_counter() - began) / CHECKS * 1e6
        await cache.close()
    finally:
        await database.dispose()
    return [
        {
            "name": "access: check of a remembered key", "value": round(remembered, 1), "unit": "µs",
            "yardstick": f"its SHA-256 alone: {hashed:.1f} µs", "ratio": round(remembered / hashed, 1), "goal": GOAL,
        },
        {
            "name": "access: check of a key not yet known", "value": round(looked_up, 1), "unit": "µs",
            "yardstick": f"remembered: {remembered:.1f} µs", "ratio": round(looked_up / remembered, 1), "goal": None,
        },
    ]  # fmt: skip
