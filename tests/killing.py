"""A process that dies before its k-th statement: a server that has everything imported forks one child a trial.

`Killer` speaks to the server; `before` says before which statement or commit the child is killed, 0: never.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Coroutine
from typing import Any, Final, Self

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import Engine

from service.db import Database
from tests.conftest import ROOT

Work = Callable[[Database, str], Coroutine[Any, Any, None]]
_RAW: Final = ("fetch", "fetchrow", "fetchval", "execute", "executemany", "copy_records_to_table", "copy_to_table")


class Killer:
    """The server of a module's `serve(work)`; as a context it ends with the block."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, stdin=PIPE, stdout=PIPE, env=environment, cwd=ROOT
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    async def run(self, url: str, what: str, *, before: int) -> bool:
        """Let a child do `what` on the database at `url`; return whether it came to its end alive.

        Raises:
            AssertionError: it failed by itself.
        """
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{url}\t{what}\t{before}\n".encode())
        await process.stdin.drain()
        told = (await process.stdout.readline()).decode().strip()
        assert told in {"0", str(-signal.SIGKILL)}, f"{what}, to be killed before {before}: {told}"
        return told == "0"


def serve(work: Work) -> None:
    """Fork a child for every line of standard input, and tell how each ended."""
    for line in sys.stdin:
        url, what, before = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # standard output is for the answers
            _arm(int(before))
            asyncio.run(_work(work, url, what))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - how this process answers


async def _work(work: Work, url: str, what: str) -> None:
    database = Database(url, application="to be killed", pool_size=4)
    await work(database, what)
    await database.dispose()


def _arm(before: int) -> None:
    left = before

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    for name in _RAW:
        setattr(asyncpg.Connection, name, _counted(getattr(asyncpg.Connection, name), count))


def _counted(method: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    async def counted(*args: Any, **named: Any) -> Any:
        count()
        return await method(*args, **named)

    return counted
