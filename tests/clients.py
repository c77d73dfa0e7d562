"""HTTP clients that talk to the application inside the test's own process, and keys for them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from fastapi import FastAPI

from service.access.keys.actions import create_key
from service.access.rules import Role
from service.app import create_app
from service.db import Database
from service.settings import Settings

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)


#: Where applications of the tests keep their files; gone with the process.
_FOLDER = TemporaryDirectory(prefix="xinyong-test-app-")
FOLDER = Path(_FOLDER.name)


def at(instant: datetime) -> Callable[[], datetime]:
    """Return a clock that stands at `instant`."""
    return lambda: instant


def make_app(database: Database, *, now: datetime = NOW, settings: Settings | None = None) -> FastAPI:
    return create_app(settings or Settings(data_dir=FOLDER), database=database, clock=at(now))


@asynccontextmanager
async def client_of(app: FastAPI, *, key: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of `app`; an unexpected error comes back as the answer a real client would get."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://xinyong.test", headers=headers) as client:
        yield client


async def make_key(database: Database, *roles: Role, authority_code: str | None = None, name: str = "test") -> str:
    """Issue a key and return its secret."""
    async with database.transaction() as session:
        key = await create_key(session, name=name, roles=roles, authority_code=authority_code, now=NOW)
    return key.secret
