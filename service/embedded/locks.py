"""Two locks kept by the kernel, so that no pid in a file ever has to be believed.

`owner.lock` is held by the process that called `start`, until it stops or dies. `server.lock` is handed down to the
postmaster, which hands it to every backend: whoever obtains it knows that not one process of the former server lives,
whatever `postmaster.pid` says.
"""

import fcntl
import os
from pathlib import Path

from service.embedded.place import open_kept

_held: set[int] = set()


def keep_from_forks(descriptor: int) -> None:
    """Close `descriptor` in every forked child: it says that this process lives, and a child may outlive it."""
    _held.add(descriptor)


def forget(descriptor: int) -> None:
    """Undo `keep_from_forks`, before `descriptor` is closed."""
    _held.discard(descriptor)


def take(path: Path) -> int | None:
    """Lock `path` (made where missing) and return its descriptor, or None while another process holds it."""
    descriptor = open_kept(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    keep_from_forks(descriptor)
    return descriptor


def release(descriptor: int) -> None:
    """Give up this process's hold; a lock handed down to children stays until the last of them ends."""
    forget(descriptor)
    os.close(descriptor)


def sign(descriptor: int) -> None:
    """Write this process's number into the lock file, for the message of whoever is refused."""
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def holder(path: Path) -> str:
    """Name the process that signed `path`, as words for a message."""
    number = path.read_text(encoding="ascii", errors="replace").strip()
    return f"process {number}" if number.isdigit() else "another process"


def _let_go_after_fork() -> None:
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_let_go_after_fork)
