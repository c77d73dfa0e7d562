"""Making sure that no process of a former server lives before its files are touched."""

import contextlib
import signal
import time
from collections.abc import Callable

import psutil  # type: ignore[import-untyped]  # stubs are not among the dependencies

from service.embedded import locks
from service.embedded.place import Place
from service.embedded.problems import EmbeddedProblem, already_running
from service.embedded.server import processes_of

# Seconds each means is given: the fast shutdown writes a checkpoint, the others only have to be noticed.
_STEPS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))


def claim(place: Place, say: Callable[[str], None]) -> int:
    """Return the lock handed down to the next server, once nothing of a former one lives, and clear what it left.

    The caller holds the owner's lock, so a server that still runs has lost its owner and is ended. A server that
    somebody started by hand on this directory is left alone.

    Raises:
        EmbeddedProblem: `already_running`, for a server started by hand or one that does not end.
    """
    lock = place.home / "server.lock"
    descriptor = locks.take(lock)
    if descriptor is None:
        say("waiting for the end of a database server whose owner is gone")
        for number, seconds in _STEPS:
            descriptor = _end(place, number, seconds)
            if descriptor is not None:
                break
        else:
            raise _in_use(place)
    elif (place.data / "postmaster.pid").exists() and processes_of(place.data):
        locks.release(descriptor)
        raise _in_use(place)
    _clear(place)
    return descriptor


def _end(place: Place, number: signal.Signals, seconds: float) -> int | None:
    left = processes_of(place.data)
    if number == signal.SIGINT:
        # Only a postmaster passes a shutdown on; to a backend SIGINT means "cancel the query". A backend without
        # postmaster ends by itself as soon as it is idle, and is not waited for as long.
        left = [process for process in left if process.pid == _signed(place)]
        seconds = seconds if left else 1.0
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    end = time.monotonic() + seconds
    while True:
        descriptor = locks.take(place.home / "server.lock")
        if descriptor is not None or time.monotonic() > end:
            return descriptor
        time.sleep(0.02)


def _signed(place: Place) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int((place.data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()[0])
    return 0


def _in_use(place: Place) -> EmbeddedProblem:
    numbers = ", ".join(str(process.pid) for process in processes_of(place.data)[:3])
    return already_running(
        place.home,
        f"a PostgreSQL server that this program did not start or cannot end (process {numbers or 'unknown'})",
    )


def _clear(place: Place) -> None:
    # With the lock in hand and no process in the directory these can only be left-overs. PostgreSQL itself would
    # believe postmaster.pid when its number is a zombie's or has been given to another program.
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    for left in place.socket_dir.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)
