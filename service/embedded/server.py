"""The running server: a child that ends with its owner, whatever ends the owner."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # stubs are not among the dependencies

from service.embedded import children, locks
from service.embedded.children import Account

WATCHER = Path(__file__).with_name("watcher.py")


class Server:
    """A postmaster and the thread that started it and waits for its end.

    The kernel sends the death signal when the *thread* that started the child ends. That thread is therefore made here
    and lives exactly as long as the server, so `start` may be called from any thread.
    """

    def __init__(self, argv: Sequence[str | Path], account: Account, *, output: int, inherit: Sequence[int]) -> None:
        self._started = threading.Event()
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._process: psutil.Process | None = None
        self._thread = threading.Thread(
            target=self._live, args=(argv, account, output, inherit), name="embedded-postgres", daemon=True
        )
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    @property
    def pid(self) -> int:
        """The postmaster's process number."""
        return self._process.pid if self._process is not None else 0

    def is_running(self) -> bool:
        """Say whether the postmaster lives."""
        return not self._ended.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until the postmaster has ended, at most `seconds`; return whether it has."""
        ended = self._ended.wait(seconds)
        if ended:
            self._thread.join()
        return ended

    def end(self, timeout: float, say: Callable[[str], None]) -> None:
        """End the server: open transactions are rolled back and the rest is written out, for at most `timeout` seconds.

        After that it is ended at once, and its next start recovers from the log.
        """
        self._signal(signal.SIGINT)
        if self.wait(timeout):
            return
        say(f"the database did not end within {timeout:.0f} seconds and is cut off; its next start recovers")
        self._signal(signal.SIGQUIT)
        # The postmaster itself kills backends that ignore SIGQUIT for five seconds.
        if not self.wait(10):
            self._signal(signal.SIGKILL)
            self.wait(10)

    def _signal(self, number: signal.Signals) -> None:
        # psutil compares the time the process was made: a pid that was used again gets no signal.
        if self._process is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._process.send_signal(number)

    def _live(self, argv: Sequence[str | Path], account: Account, output: int, inherit: Sequence[int]) -> None:
        watcher = None
        try:
            prefix = children.death_signal()
            process = children.spawn(
                [*prefix, *argv], account, stdin=subprocess.DEVNULL, output=output, inherit=inherit
            )
            self._process = psutil.Process(process.pid)
            if not prefix:
                watcher = _watch(process)
        except Exception as failure:  # noqa: BLE001 - carried to the thread that asked
            self._failure = failure
            return
        finally:
            self._started.set()
        process.wait()
        if watcher is not None and watcher.stdin is not None:
            locks.forget(watcher.stdin.fileno())
            watcher.communicate()
        self._ended.set()


def _watch(server: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    me = Account(os.geteuid(), os.getegid(), switch=False)
    try:
        watcher = children.spawn(
            [sys.executable, "-I", WATCHER, str(server.pid)], me, stdin=subprocess.PIPE, output=subprocess.DEVNULL
        )
    except BaseException:
        server.kill()
        server.wait()
        raise
    if watcher.stdin is not None:
        locks.keep_from_forks(watcher.stdin.fileno())
    return watcher


def processes_of(data: Path) -> list[psutil.Process]:
    """Return the PostgreSQL processes, of this and of other owners, whose data directory is `data`.

    Every one of them has it as its working directory, which a process that only got an old pid has not.
    """
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() == "postgres" and process.cwd() == str(data):
                found.append(process)
    return found
