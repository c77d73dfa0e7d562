"""Waiting for somebody who waits."""

import asyncio

import asyncpg


async def until_one_waits(connection: asyncpg.Connection) -> None:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(1200):
        if await connection.fetchval(sql):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("no request came to wait for the lock")
