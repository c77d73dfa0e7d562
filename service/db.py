"""Engine, sessions and the one place that commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NewType, cast

from asyncpg import Connection
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

ReadSession = NewType("ReadSession", AsyncSession)


class Database:
    """An engine with its session factory. Build one per process and `dispose()` of it at the end."""

    def __init__(
        self,
        url: str,
        *,
        application: str,
        pool_size: int = 5,
        statement_timeout_ms: int = 0,
        lock_timeout_ms: int = 0,
        idle_timeout_ms: int = 0,
        command_timeout: float = 0,
        pool_timeout: float = 10,
    ) -> None:
        server_settings = {"application_name": application, "timezone": "UTC", "jit": "off"}
        deadlines = {
            "statement_timeout": statement_timeout_ms,
            "lock_timeout": lock_timeout_ms,
            "idle_in_transaction_session_timeout": idle_timeout_ms,
        }
        server_settings |= {name: str(deadline) for name, deadline in deadlines.items() if deadline}
        connect_args: dict[str, Any] = {"timeout": 10, "server_settings": server_settings}
        if command_timeout:
            connect_args["command_timeout"] = command_timeout
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            url, pool_size=pool_size, max_overflow=0, pool_timeout=pool_timeout, connect_args=connect_args
        )
        # One connection apart, so that answers that wait for their audit never wait for questions that wait for them.
        self.audit_engine: AsyncEngine = create_async_engine(
            url, pool_size=1, max_overflow=0, pool_timeout=pool_timeout, connect_args=connect_args
        )
        self._guards: AsyncEngine = create_async_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=connect_args
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self, *, request_id: str | None = None) -> AsyncIterator[AsyncSession]:
        """One session, one transaction: committed when the block ends, rolled back when it raises.

        `request_id` becomes the transaction's `application_name`, as which the database's log and `pg_stat_activity` show it.
        """
        async with self._sessions() as session:
            try:
                await _name(session, request_id)
                yield session
            except BaseException:
                await session.rollback()
                raise
            await session.commit()

    @asynccontextmanager
    async def reading(self, *, request_id: str | None = None) -> AsyncIterator[ReadSession]:
        """One snapshot that PostgreSQL itself keeps read-only (REPEATABLE READ): all statements see the same state.

        `request_id` as in `transaction`.
        """
        async with self._sessions() as session:
            await session.connection(
                execution_options={"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
            )
            await _name(session, request_id)
            yield ReadSession(session)

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[Connection]:
        """The driver's connection outside any transaction: for a read that is one statement, and so of one snapshot."""
        async with self.engine.connect() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            if raw is not None and raw.is_closed():  # the server ended it while it lay in the pool
                await connection.invalidate()
                raw = (await connection.get_raw_connection()).driver_connection
            yield cast("Connection", raw)

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[AsyncConnection]:
        """A connection in autocommit that is closed at the end: for an advisory lock that lasts as long as some work does.

        It is none of the pool's: the work needs that, and many holders of locks would have each other wait for it.
        """
        async with self._guards.connect() as connection:
            yield connection

    @asynccontextmanager
    async def holding(self, *key: int) -> AsyncIterator[bool]:
        """Hold an advisory lock (one number of 64 bits, or two of 32) while the block runs; yields whether it was free.

        It dies with the process, so that whoever takes it knows that nobody else is at work.
        """
        async with self.guard() as connection:
            taken = await connection.execute(select(func.pg_try_advisory_lock(*key)))
            yield bool(taken.scalar_one())

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        await self.audit_engine.dispose()
        await self._guards.dispose()


_NAME = text("SELECT set_config('application_name', :name, true)")


def application_of(request_id: str | None) -> str:
    """Return the `application_name` under which the database knows what is done for a request."""
    return "xinyong" if request_id is None else f"xinyong {request_id}"


async def _name(session: AsyncSession, request_id: str | None) -> None:
    if request_id is not None:
        await session.execute(_NAME, {"name": application_of(request_id)})


async def driver(session: AsyncSession) -> Connection:
    """Return the asyncpg connection beneath `session`, inside its transaction; for COPY and other bulk work."""
    raw = await (await session.connection()).get_raw_connection()
    connection = cast("Connection", raw.driver_connection)
    if not connection.is_in_transaction():
        await session.execute(text("SELECT 1"))  # SQLAlchemy sends BEGIN with its first statement only
    return connection


def violated_constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint that `error` is about, or None where the server did not say it."""
    cause = getattr(error.orig, "__cause__", None)
    return getattr(cause, "constraint_name", None)
