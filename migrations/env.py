"""Runs migrations over an async engine, one transaction each, under an advisory lock so that two runs take turns."""

import asyncio
from logging.config import fileConfig

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from service.models import Base
from service.settings import Settings

LOCK = 0x58494E59  # "XINY"


def _is_ours(name: str | None, type_: str, parents: object) -> bool:
    # Partitions are made as months come; they are no tables of the metadata.
    del parents
    return type_ != "table" or not str(name).startswith("audit_entry_")


def _run(connection: Connection) -> None:
    connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
    connection.execute(text("SET statement_timeout = '15min'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        include_name=_is_ours,
        compare_type=True,
        compare_server_default=False,
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
        connection.commit()


async def _run_online(url: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


shared = context.config.attributes.get("connection")
if shared is not None:
    _run(shared)
else:
    url = context.config.attributes.get("url") or Settings().owner_url()
    if not url:
        raise SystemExit("Set XINYONG_DATABASE_URL, or use `xinyong migrate`, which also knows the embedded database.")
    if context.config.config_file_name and context.config.attributes.get("url") is None:
        fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    asyncio.run(_run_online(url))
