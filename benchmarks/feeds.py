"""Feeds out, 100,000 penalties: queueing, then a directory, SFTP and a front-end database beside plain COPY of the same columns;
a comparison of as many rows with as many; processor seconds of this process and the database's together, and memory.

Processor seconds and not the clock: they are the same on a busy machine. The SFTP server's own are not counted.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import asyncpg
import asyncssh
from sqlalchemy import make_url

from benchmarks.exports import FILL
from benchmarks.steps import Figure, figure, step
from service.db import Database, driver
from service.feeds.definitions import load_definitions
from service.feeds.planning import plan_feed
from service.feeds.queries import find_feed, list_feeds, sync_feeds
from service.feeds.reconciling import reconcile_feed
from service.feeds.shapes import load_shape
from service.feeds.working import work_feed

ROWS: Final = 100_000
NOW: Final = datetime(2026, 11, 24, 4, tzinfo=UTC)
SHAPE: Final = load_shape("generic-penalty")
PLACES: Final = ("directory", "sftp", "database")
#: What the shape sends of these rows, by plain SQL.
PLAIN: Final = """
SELECT v.id, v.uscc, v.party_name, v.document_no, '罚款', (v.fine_fen / 100.0)::numeric(18,2), v.violation_type,
    v.violation_facts, v.legal_basis, v.penalty_content, v.decided_on, v.public_until, v.authority_name, v.authority_code
FROM penalty_version v WHERE v.superseded_at IS NULL AND v.state = 'published' ORDER BY v.id"""


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds and seconds of the clock."""

    processor: float
    clock: float


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures work in this process and in the server that `postmaster` is the first process of."""

    postmaster: int

    async def of(self, work: Callable[[], Awaitable[Any]]) -> Spent:
        """Return what the work took."""
        before, began = self._processor(), perf_counter()
        await work()
        return Spent(self._processor() - before, perf_counter() - began)

    def _processor(self) -> float:
        own = [_stat(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        living = sum(one[1] + one[2] for one in own if one is not None and one[0] == self.postmaster)
        first = _stat(str(self.postmaster))
        ended = 0 if first is None else sum(first[1:])
        return process_time() + (living + ended) / os.sysconf("SC_CLK_TCK")


def _stat(pid: str) -> tuple[int, int, int, int, int] | None:
    """Parent, own ticks (user, system) and those of children that have ended."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return None
    return int(told[1]), *map(int, told[11:15])  # type: ignore[return-value] # five numbers


async def measure(database_url: str) -> list[Figure]:
    """Return the figures of 100,000 records."""
    return await measure_rows(database_url, ROWS)


async def measure_rows(database_url: str, rows: int) -> list[Figure]:
    """Return the figures of so many records.

    Raises:
        AssertionError: not every record is on the other side, or both sides are not equal.
    """
    dsn = database_url.replace("+asyncpg", "")
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off"})
    with step(f"{rows:,} made-up penalties"):
        for statement in FILL.format(rows=rows, firms=rows // 3).split(";"):
            await connection.execute(statement)
    await connection.execute("CREATE DATABASE front")
    front_dsn = make_url(dsn).set(database="front").render_as_string(hide_password=False)
    front = await asyncpg.connect(front_dsn)
    columns = ", ".join(f"{name} {'numeric(18,2)' if name.endswith('yuan') else 'text'}" for name in SHAPE.names)
    await front.execute(f"CREATE TABLE front ({columns}, PRIMARY KEY (id)); CREATE TABLE plain (LIKE front)")
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    stat = _stat(str(backend))
    meter = Meter(0 if stat is None else stat[0])
    database = Database(database_url, application="benchmark", pool_size=6)
    try:
        with tempfile.TemporaryDirectory(prefix="xinyong-bench-feeds-") as name, _sftp(Path(name)) as sftp:
            run = Run(rows, database, Path(name), meter, connection, front, sftp)
            os.environ["XINYONG_BENCH_FRONT"] = front_dsn
            return await run.figures()
    finally:
        await database.dispose()
        await connection.close()
        await front.close()


@contextmanager
def _sftp(folder: Path) -> Any:  # noqa: ANN401 - an iterator of a port
    """An SFTP server in a process of its own; yields its port, and writes `known` beside its root."""
    root = folder / "sftp"
    (root / "shown").mkdir(parents=True)
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks.sftp_place", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        port, key = server.stdout.readline().strip().split("\t")
        (folder / "known").write_text(f"[127.0.0.1]:{port} {key}\n", "utf-8")
        try:
            yield int(port)
        finally:
            server.terminate()


@dataclass(frozen=True, slots=True)
class Run:
    """One run over all places."""

    rows: int
    database: Database
    folder: Path
    meter: Meter
    connection: asyncpg.Connection
    front: asyncpg.Connection
    port: int

    async def figures(self) -> list[Figure]:
        """Queue, send and compare, each beside its yardstick."""
        await self._define()
        found: list[Figure] = []
        for place in PLACES:
            with step(f"queue for {place}"):
                queued = await self.meter.of(partial(self._plan, place))
            if place == PLACES[0]:
                found.append(self._figure("queueing", queued, None))
            with step(f"send to {place}"):
                sent = await self.meter.of(partial(self._send, place))
            with step(f"plain COPY to {place}"):
                plain = await self.meter.of(partial(self._plain, place))
            await self._check(place)
            found.append(self._figure(f"writing with the ledger, {place}", sent, plain))
            found.append(
                figure(
                    f"feed {place}, records sent",
                    self.rows / sent.clock,
                    "records/s",
                    yardstick=self.rows / plain.clock,
                )
            )
        with step("compare"):
            compared = await self.meter.of(self._compare)
        with step("plain comparison"):
            plain = await self.meter.of(self._plain_compare)
        found.append(self._figure("comparison", compared, plain))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return [*found, figure("feed, peak memory of the process", peak, "MB", yardstick=None)]

    def _figure(self, words: str, spent: Spent, plain: Spent | None) -> Figure:
        name = f"feed of {self.rows:,}, {words}"
        return figure(name, spent.processor, "processor s", yardstick=None if plain is None else plain.processor)

    async def _define(self) -> None:
        transports = {
            "directory": f'type = "directory"\npath = "{self.folder / "directory"}"',
            "sftp": f'type = "sftp"\nhost = "127.0.0.1"\nport = {self.port}\nuser = "feed"\nknown_hosts = "{self.folder / "known"}"',
            "database": 'type = "database"\ndsn_env = "XINYONG_BENCH_FRONT"\ntable = "front"',
        }
        (self.folder / "directory").mkdir()
        (self.folder / "feeds").mkdir()
        for place, transport in transports.items():
            content = f'id = "to-{place}"\nshape = "generic-penalty"\nrows = 5000\n[transport]\n{transport}\n'
            (self.folder / "feeds" / f"{place}.toml").write_text(content, "utf-8")
        async with self.database.transaction() as session:
            await sync_feeds(await driver(session), load_definitions(self.folder / "feeds"), now=NOW)

    async def _plan(self, place: str) -> None:
        await plan_feed(self.database, f"to-{place}", today=NOW.date(), now=NOW)

    async def _send(self, place: str) -> None:
        async with self.database.reading() as session:
            feed = await find_feed(await driver(session), f"to-{place}")
        assert feed is not None
        await work_feed(self.database, feed, clock=lambda: NOW)

    async def _plain(self, place: str) -> None:
        path = self.folder / f"plain-{place}.csv"
        await self.connection.copy_from_query(PLAIN, output=str(path), format="csv")
        if place == "database":
            columns = [name for name in SHAPE.names if name != "confiscation_yuan"]
            await self.front.copy_to_table("plain", source=str(path), columns=columns, format="csv")
        elif place == "sftp":
            known = str(self.folder / "known")
            async with (
                asyncssh.connect("127.0.0.1", port=self.port, username="feed", known_hosts=known, config=None) as there,
                there.start_sftp_client() as client,
            ):
                await client.put(str(path), "plain.csv")

    async def _check(self, place: str) -> None:
        """Every record is there once."""
        if place == "database":
            there = await self.front.fetchval("SELECT count(*) FROM front")
        else:
            files = (self.folder / place).glob(f"to-{place}-*.csv")
            there = sum(path.read_text("utf-8").count("\n") - 1 for path in files)
        if there != self.rows:
            raise AssertionError(f"{there:,} of {self.rows:,} records are in the {place}")

    async def _compare(self) -> None:
        async with self.database.reading() as session:
            (feed,) = [one for one in await list_feeds(await driver(session)) if one.id == "to-database"]
        outcome = await reconcile_feed(self.database, feed, clock=lambda: NOW)
        if outcome is None or not outcome.is_equal or outcome.shown_there != self.rows:
            raise AssertionError(f"the comparison says {outcome}")

    async def _plain_compare(self) -> None:
        """The same two sets in one database, whole rows by EXCEPT both ways."""
        columns = ", ".join(name for name in SHAPE.names if name != "confiscation_yuan")
        differ = await self.front.fetchval(
            f"""SELECT (SELECT count(*) FROM (SELECT {columns} FROM front EXCEPT SELECT {columns} FROM plain) a)
            + (SELECT count(*) FROM (SELECT {columns} FROM plain EXCEPT SELECT {columns} FROM front) b)"""  # noqa: S608 - our own columns
        )
        if differ:
            raise AssertionError(f"plain rows and sent rows differ in {differ}")
