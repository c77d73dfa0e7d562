"""Which errors mean that the database is away for a while, and which that something is wrong with what it was asked."""

from errno import EDQUOT, ENOSPC
from socket import gaierror
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
    asyncpg.InternalClientError,  # what the driver says of a connection that is lost at the wrong moment
    ConnectionError,
    TimeoutError,
)

#: The same, and what opening a connection may raise besides: no such socket, no such host.
CONNECTION_ERRORS: Final = (*DATABASE_ERRORS, OSError)

#: Beginnings of SQLSTATEs after which the same request may well succeed: connection (08), access and absence of the database
#: (28, 3D), serialization and deadlock (40), resources (53), closed or locked (55000, 55P03), operator and time-out (57).
_PASSING: Final = ("08", "28", "3D", "40", "53", "55000", "55P03", "57")


def is_outage(error: BaseException) -> bool:
    """Return whether `error`, one of `CONNECTION_ERRORS`, may pass by itself, so that asking again makes sense."""
    if isinstance(error, DBAPIError):
        cause = getattr(error.orig, "__cause__", None)
        return (
            error.connection_invalidated or cause is None or (isinstance(cause, CONNECTION_ERRORS) and is_outage(cause))
        )
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "").startswith(_PASSING)
    if isinstance(error, FileNotFoundError | PermissionError):
        return error.filename is None  # a socket's; what goes wrong with a file names it
    if isinstance(error, OSError):
        return isinstance(error, ConnectionError | TimeoutError | gaierror)
    return isinstance(error, DATABASE_ERRORS)


def outage_reason(error: BaseException) -> str:
    """Return the first line of what the driver or the server said, for the log."""
    cause = getattr(getattr(error, "orig", None), "__cause__", None) or error
    return f"{type(cause).__name__}: {cause}".splitlines()[0]


def is_disk_full(error: BaseException | None) -> bool:
    """Return whether the disk of the database, or of this process, had no room: the error itself or what it came from says so."""
    while error is not None:
        if isinstance(error, asyncpg.DiskFullError) or getattr(error, "errno", None) in {ENOSPC, EDQUOT}:
            return True
        # A server that has no room for its log ends at once, and the driver is left with what it said last.
        of_database = isinstance(error, asyncpg.InterfaceError | asyncpg.PostgresError)
        if of_database and "No space left on device" in str(error):
            return True
        error = getattr(error, "orig", None) or error.__cause__ or error.__context__
    return False
