"""What the audit costs: one status asked with a key at 64 connections, with every answer's entry committed first and without.

Both are real server processes on one database, asked in turns; the second is the same application with a recorder that writes nothing.
"""

import os
import random
import sys
from statistics import median
from typing import Final

from starlette.types import Scope

from benchmarks.answers import free_port, server
from benchmarks.load import HOST, send
from benchmarks.population import grow, prepare
from benchmarks.steps import Figure, figure, step
from service.access.keys.actions import create_key
from service.access.rules import Role
from service.app import create_app
from service.audit.middleware import Recorder
from service.clock import legal_day, system_clock
from service.db import Database
from service.logs import log_to_stderr
from service.serving import api_database, api_server
from service.settings import Settings

CONNECTIONS: Final = 64
REQUESTS: Final = 1_000
ROUNDS: Final = 5
SUBJECTS: Final = 2_000
#: What is left of the throughput, at least.
GOAL: Final = 0.65


class Unrecorded(Recorder):
    """A recorder that writes nothing."""

    async def record(self, scope: Scope, *, status: int, outcome: str) -> None:
        """Let the answer pass."""


def serve(port: int, url: str, *, audited: bool) -> None:
    """Serve the API on a port until told to stop; with a recorder that writes nothing where it is not `audited`."""
    settings = Settings(database_url=url, port=port, log_level="warning")
    log_to_stderr(settings)  # its line for each request is no part of what is measured
    app = create_app(settings, database=api_database(url, settings))
    if not audited:
        recorder = app.state.recorder
        app.state.recorder = Unrecorded(
            writer=recorder.writer, clock=recorder.clock, strict=False, observe=recorder.observe
        )
    api_server(app, settings).run()


async def measure(database_url: str) -> list[Figure]:
    """Return answers per second with the audit, beside those without."""
    database = Database(database_url, application="benchmark", pool_size=4)
    try:
        await prepare(database)
        async with database.transaction() as session:
            key = await create_key(
                session, name="bench", roles=frozenset({Role.PLATFORM}), authority_code=None, now=system_clock()
            )
    finally:
        await database.dispose()
    today = legal_day(system_clock())
    made = await grow(database_url.replace("+asyncpg", ""), first=0, until=SUBJECTS, today=today)
    chance = random.Random(20261124)  # noqa: S311 - picks what is asked, no secrets
    codes = [uscc for uscc, _ in made]
    command = [sys.executable, "-m", "benchmarks.audit"]
    ports = free_port(), free_port()
    environment = os.environ | {"XINYONG_DATABASE_URL": database_url}
    rates: tuple[list[float], list[float]] = ([], [])
    async with (
        server([*command, str(ports[0]), database_url, "audited"], environment, "/healthz", ports[0]) as (_, first),
        server([*command, str(ports[1]), database_url, "plain"], environment, "/healthz", ports[1]) as (_, second),
    ):
        with step(f"one status with a key, {CONNECTIONS} connections", first, second):
            for _ in range(ROUNDS + 1):
                for port, found in zip(ports, rates, strict=True):
                    requests = [_ask(code, key.secret) for code in chance.choices(codes, k=REQUESTS)]
                    seconds, _, _ = await send(port, requests, connections=CONNECTIONS)
                    found.append(REQUESTS / seconds)
    with_audit, without = (median(found[1:]) for found in rates)  # the first round warms up
    name = f"one status with a key, strict audit, {CONNECTIONS} connections"
    return [figure(name, with_audit, "answers/s", yardstick=without, goal=GOAL)]


def _ask(code: str, key: str) -> bytes:
    return f"GET /v1/status/{code} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], audited=sys.argv[3] == "audited")
