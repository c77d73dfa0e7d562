"""One PostgreSQL server a run, one migrated template database a worker, clones or savepoints for the tests.

`XINYONG_TEST_SERVER` names a running server to use instead (a superuser URL); otherwise the embedded one is started,
with fsync off, and ended with the run.
"""

import asyncio
import functools
import gc
import inspect
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from hypothesis import settings
from sqlalchemy.ext.asyncio import AsyncSession

from service import embedded
from service.db import Database

# Nothing is timed in tests: a busy machine is no fault.
settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).parents[1]
LONGEST_TEST_S = 240
SHARED_DATA = ROOT.parent / "shared" / "data"


class Server:
    """A running PostgreSQL on which test databases can be made."""

    def __init__(self, dsn: str, cluster: embedded.Cluster | None = None, folder: Path | None = None) -> None:
        self.dsn = dsn
        self.cluster = cluster
        self.folder = folder

    def stop(self) -> None:
        if self.cluster is not None:
            embedded.remove(self.cluster)
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        scheme, rest = self.dsn.split("://", 1)
        address, _, query = rest.partition("?")
        host, _, _ = address.partition("/")
        return f"{scheme.split('+')[0]}+asyncpg://{host}/{database}" + (f"?{query}" if query else "")

    async def execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self.url("postgres").replace("+asyncpg", ""))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def drop(self, database: str) -> None:
        """Drop a database; whoever still holds it is ended. A worker of the server itself cannot be, and goes by itself."""
        for _ in range(20):
            try:
                await self.execute(f'DROP DATABASE "{database}" WITH (FORCE)')
            except asyncpg.InsufficientPrivilegeError:
                await asyncio.sleep(0.5)
            else:
                return
        await self.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


def start_server() -> Server:
    named = os.environ.get("XINYONG_TEST_SERVER")
    if named:
        return Server(named if named.count("/") > 2 else f"{named}/postgres")
    folder = Path(tempfile.mkdtemp(prefix="xinyong-test-"))
    cluster = embedded.start(folder / "data", durable=False)
    return Server(cluster.url, cluster, folder)


class _Controller:
    server: Server | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        if self.server is None:
            self.server = start_server()
        node.workerinput["server"] = self.server.dsn

    def pytest_unconfigure(self) -> None:
        if self.server is not None:
            self.server.stop()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Controller())


def pytest_collection_finish() -> None:
    """What is loaded by now lives as long as the run: it need not be looked through whenever garbage is collected."""
    gc.collect()
    gc.freeze()


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test that waits for ever says where it waits; one that blocks its thread is ended by faulthandler's timeout."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj) and "proof" not in item.keywords:
        item.obj = _bounded(item.obj)


def _bounded(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., Coroutine[Any, Any, None]]:
    @functools.wraps(test)
    async def run(*args: Any, **named: Any) -> None:
        async with asyncio.timeout(LONGEST_TEST_S):
            await test(*args, **named)

    return run


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes are no names: a packed file has the second of its making in it, and two workers must collect one list."""
    del config
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    given = getattr(request.config, "workerinput", {}).get("server")
    running = Server(given) if given else start_server()
    yield running
    if not given:
        running.stop()


def migrate(url: str) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    command.upgrade(config, "head")


@pytest.fixture(scope="session")
def template(server: Server) -> Iterator[str]:
    name = f"template_{uuid.uuid4().hex[:12]}"
    asyncio.run(server.execute(f'CREATE DATABASE "{name}"'))
    migrate(server.url(name))
    yield name
    asyncio.run(server.drop(name))


@pytest.fixture
async def database_url(server: Server, template: str) -> AsyncIterator[str]:
    """A fresh migrated database, for tests in which commits, locks or other processes matter."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    await server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    yield server.url(name)
    await server.drop(name)


def run_apart(work: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine in a thread of its own: the driver of a browser holds this thread's event loop."""
    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, work).result()


@pytest.fixture(scope="module")
def shared_database_url(server: Server, template: str) -> Iterator[str]:
    """A migrated database for all tests of a module, for servers that outlive a test; the template itself stays as it is."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    run_apart(server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'))
    yield server.url(name)
    run_apart(server.drop(name))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, application="test", pool_size=5)
    yield opened
    await opened.dispose()


@pytest.fixture
async def session(server: Server, template: str) -> AsyncIterator[AsyncSession]:
    """A session on the worker's template database whose every effect is undone; a rollback inside is survived."""
    opened = Database(server.url(template), application="test", pool_size=1)
    async with opened.engine.connect() as connection:
        outer = await connection.begin()
        async with AsyncSession(
            bind=connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as inner:
            yield inner
        await outer.rollback()
    await opened.dispose()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip("the development data beside the checkout (../shared/data) is not here")
    return SHARED_DATA
