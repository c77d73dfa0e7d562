"""A made-up city with its authorities and people, for tests of who may do what, over the real application."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.keys.actions import create_key
from service.access.rules import Role
from service.app import create_app
from service.db import Database
from service.models import AuthoritySuccession
from service.settings import Settings
from tests.clients import NOW, client_of
from tests.factories import make_authority


async def make_city(session: AsyncSession) -> None:
    """Enter a city over two districts, a street office under one of them, and a body that one of them succeeded in 2018."""
    await make_authority(session, "city", division_code="500000")
    await make_authority(session, "district", parent_code="city", division_code="500103")
    await make_authority(session, "other", parent_code="city", division_code="500105")
    await make_authority(session, "street", parent_code="district", division_code="500103")
    await make_authority(session, "former", parent_code="city", division_code="500103")
    session.add(
        AuthoritySuccession(
            predecessor_code="former", successor_code="district", effective_on=date(2018, 11, 1), citation="示例"
        )
    )


class Offices:
    """The application in a city, with a client for everybody asked for; `now` may be set."""

    def __init__(self, database: Database, stack: AsyncExitStack) -> None:
        self.database = database
        self.now = NOW
        self.app: FastAPI = create_app(Settings(), database=database, clock=lambda: self.now)
        self._stack = stack
        self.ids: dict[AsyncClient, UUID] = {}

    async def hire(self, *roles: Role, authority: str | None = None, name: str = "test") -> AsyncClient:
        """Enter a principal that holds roles for one authority and return a client with its key."""
        async with self.database.transaction() as session:
            key = await create_key(session, name=name, roles=roles, authority_code=authority, now=self.now)
        client = await self._stack.enter_async_context(client_of(self.app, key=key.secret))
        self.ids[client] = key.principal_id
        return client

    def id(self, client: AsyncClient) -> str:
        """Return the id of the principal behind a client."""
        return str(self.ids[client])

    async def roles(self, client: AsyncClient) -> set[tuple[str, str | None]]:
        """Return the roles that somebody holds now, each with its authority, as the application says it."""
        # What changes access is known in the process at once; only direct writes of a test are not.
        self.app.state.access.expire()
        answer = (await client.get("/v1/me")).json()
        return {(held["role"], held["authority_code"]) for held in answer["roles"]}


@asynccontextmanager
async def open_offices(
    database: Database, *, fill: Callable[[AsyncSession], Any] = make_city, now: datetime = NOW
) -> AsyncIterator[Offices]:
    """Open the application on a database with a city in it."""
    async with database.transaction() as session:
        await fill(session)
    async with AsyncExitStack() as stack:
        offices = Offices(database, stack)
        offices.now = now
        yield offices
