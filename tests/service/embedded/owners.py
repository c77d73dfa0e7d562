"""Owners are real processes: a small program that starts a cluster, says so in one JSON line and waits for its input to end."""

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import psutil  # type: ignore[import-untyped]  # stubs are not among the dependencies
import pytest

Measured = Callable[[str, float], None]
ROOT = Path(__file__).parents[3]
PYTHONPATH = os.pathsep.join([str(ROOT), str(Path(psutil.__file__).parents[1])])
PROGRAM = """
import json, sys
from pathlib import Path
from service import embedded
try:
    cluster = embedded.start(Path(sys.argv[1]), durable=sys.argv[2] == "durable")
except embedded.EmbeddedProblem as problem:
    print(json.dumps({"code": problem.code, "message": str(problem)}), flush=True)
    sys.exit(1)
names = ("url", "dsn", "data_dir", "socket_dir", "bin_dir", "version", "pid")
print(json.dumps({name: str(getattr(cluster, name)) for name in names}), flush=True)
sys.stdin.read()
embedded.stop(cluster)
"""


class Owner:
    """A process that owns a cluster, or was refused one: `said` holds what it printed."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._said: dict[str, str] | None = None

    @property
    def said(self) -> dict[str, str]:
        if self._said is None:
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            assert line, "the owner ended without a word"
            self._said = json.loads(line)
        return self._said

    @property
    def postmaster(self) -> Any:
        return psutil.Process(int(self.said["pid"]))

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> int:
        if self.process.returncode is None:
            self.process.communicate(timeout=40)
        return int(self.process.returncode)


class OwnerFactory(Protocol):
    def __call__(
        self,
        data_dir: Path,
        *,
        before: str = "",
        user: str | None = None,
        path: str | None = None,
        python: str = sys.executable,
        durable: bool = False,
    ) -> Owner: ...


def launch(
    data_dir: Path,
    *,
    before: str = "",
    user: str | None = None,
    path: str | None = None,
    python: str = sys.executable,
    durable: bool = False,
) -> Owner:
    account = pwd.getpwnam(user) if user else None
    process = subprocess.Popen(
        [python, "-B", "-c", before + PROGRAM, data_dir, "durable" if durable else "fast"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd="/",
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        env={"PATH": os.environ["PATH"] if path is None else path, "PYTHONPATH": PYTHONPATH},
    )
    return Owner(process)


def wait_until(true: Callable[[], bool], *, seconds: float = 10) -> float:
    """Wait until `true` and return how many seconds that took."""
    begin = time.monotonic()
    while not true():
        assert time.monotonic() - begin < seconds, f"not within {seconds} seconds"
        time.sleep(0.005)
    return time.monotonic() - begin


def lives(process: Any) -> bool:
    """Say whether a process can still do something: one that nobody has waited for is dead all the same."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def connected(bin_dir: Path | str, dsn: str, sql: str = "") -> "Iterator[subprocess.Popen[bytes]]":
    """A client of its own process: idle for as long as the block lasts, or busy with `sql`."""
    client = subprocess.Popen(
        [Path(bin_dir) / "psql", "-XAtqc", sql, dsn] if sql else [Path(bin_dir) / "psql", "-XAtq", dsn],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    if not sql:
        client.stdin.write(b"SELECT 'here';\n")
        client.stdin.flush()
        assert client.stdout.readline() == b"here\n"
    try:
        yield client
    finally:
        client.kill()
        client.communicate()


async def query(dsn: str, sql: str, *values: Any) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql, *values)
    finally:
        await connection.close()


def needs_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can start processes as somebody else")


def python_of(user: str) -> str:
    """Return a Python that `user` can run Xinyong with: this one may live below a closed home."""
    needs_root()
    account = pwd.getpwnam(user)
    for python in (
        sys.executable,
        *filter(None, [shutil.which(f"python3.{minor}", path=os.defpath) for minor in range(11, 15)]),
    ):
        with contextlib.suppress(PermissionError):
            seen = subprocess.run(
                [python, "-B", "-c", "import psutil; from service import embedded"],
                user=account.pw_uid,
                group=account.pw_gid,
                extra_groups=[],
                cwd="/",
                env={"PYTHONPATH": PYTHONPATH},
                capture_output=True,
                check=False,
            )
            if seen.returncode == 0:
                return python
    pytest.skip(f"no Python here with which the account {user} can read this checkout")
