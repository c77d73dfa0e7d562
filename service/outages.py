"""Which errors mean that the database is away for a while, and which that something is wrong with what it was asked."""

from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

#: Errors that a statement, a commit or a new connection may raise; `is_outage` tells them apart.
DATABASE_ERRORS: Final = (
    DBAPIError,
    PoolTimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    ConnectionError,
    TimeoutError,
)

#: Beginnings of SQLSTATEs after which the same request may well succeed: connection (08), access and absence of the database
#: (28, 3D), serialization and deadlock (40), resources (53), closed or locked (55000, 55P03), operator and time-out (57).
_PASSING: Final = ("08", "28", "3D", "40", "53", "55000", "55P03", "57")


def is_outage(error: BaseException) -> bool:
    """Return whether `error`, one of `DATABASE_ERRORS`, may pass by itself, so that asking again makes sense."""
    if isinstance(error, DBAPIError):
        cause = getattr(error.orig, "__cause__", None)
        return (
            error.connection_invalidated or cause is None or (isinstance(cause, DATABASE_ERRORS) and is_outage(cause))
        )
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "").startswith(_PASSING)
    return isinstance(error, DATABASE_ERRORS)
