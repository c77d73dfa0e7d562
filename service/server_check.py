"""What is asked of an existing PostgreSQL before anything is done on it, and the sentence when it is not so."""

from typing import Final

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from service.db import Database
from service.errors import Unavailable
from service.outages import outage_reason

OLDEST: Final = 15


class DatabaseUnusable(Unavailable):
    """The database that the operator named cannot be reached, does not let the service in, or is none that it can use."""

    code = "database_unusable"


def refuse_server(where: str, *, major: int, encoding: str) -> None:
    """Refuse a server that this version cannot work on: `major` is its version, `encoding` the database's.

    Raises:
        DatabaseUnusable: it is too old, or does not store UTF-8.
    """
    if major < OLDEST:
        raise DatabaseUnusable(
            f"{where} runs PostgreSQL {major}; Xinyong needs {OLDEST} or newer. Upgrade it, or name another one.",
            detail_zh=f"数据库版本过低，需要 PostgreSQL {OLDEST} 及以上。",
        )
    if encoding != "UTF8":
        raise DatabaseUnusable(
            f"{where} stores text as {encoding}; Chinese names need UTF8. Make a database with ENCODING 'UTF8'.",
            detail_zh="数据库的编码应为 UTF8。",
        )


async def check_server(url: str, *, setting: str) -> None:
    """Connect once to the database at `url` (SQLAlchemy's form; `setting` named it), and refuse it when it cannot be used.

    Raises:
        DatabaseUnusable: with what was found and what to do; the password is never in it.
    """
    try:
        named = make_url(url)
        if (named.port or 0) not in range(2**16):
            raise ValueError(named.port)
    except (ArgumentError, ValueError):
        raise DatabaseUnusable(
            f"{setting} cannot be read. It looks like postgresql://user:password@host:5432/xinyong, where signs such as @"
            " in the password are written %40.",
            detail_zh="数据库地址格式有误。",
        ) from None
    where = f"The database {named.database} at {named.host or named.query.get('host')}:{named.port or 5432}"
    database = Database(url, application="xinyong check", pool_size=1)
    try:
        async with database.statement() as connection:
            major = connection.get_server_version().major
            encoding = await connection.fetchval("SHOW server_encoding")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError) as error:
        raise _unusable(where, str(named.username), setting, error) from None
    finally:
        await database.dispose()
    refuse_server(where, major=major, encoding=encoding)


def _unusable(where: str, user: str, setting: str, error: BaseException) -> DatabaseUnusable:
    cause = error
    while not isinstance(cause, asyncpg.PostgresError) and (below := getattr(cause, "orig", None) or cause.__cause__):
        cause = below
    if isinstance(cause, asyncpg.InvalidAuthorizationSpecificationError):
        what, do = f"does not let {user} in", f"Check user and password in {setting}"
    elif isinstance(cause, asyncpg.InvalidCatalogNameError):
        what, do = "does not exist", "Make it with CREATE DATABASE"
    elif isinstance(cause, asyncpg.PostgresError):
        what, do = "does not take us", "Ask again, or look into its log"
    else:
        what, do = "cannot be reached", f"Check that it runs, and host and port in {setting}"
    return DatabaseUnusable(
        f"{where} {what} ({outage_reason(cause)}). {do}.",
        detail_zh="无法使用所配置的数据库，请检查地址、用户名和密码。",
    )
