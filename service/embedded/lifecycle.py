"""Start and stop of the embedded cluster."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil  # type: ignore[import-untyped]  # stubs are not among the dependencies

from service.embedded import former, locks, problems
from service.embedded.binaries import Binaries, find_binaries
from service.embedded.configuration import HBA, MEGABYTE, OWNER, SERVER, postgresql_conf
from service.embedded.initial import check_format, create, make_sure, written_by
from service.embedded.place import Place, find_place, make_private, open_kept, replace_text
from service.embedded.server import Server

# Recovery after a crash replays the log before the server is ready; a large one takes minutes.
_READY_SECONDS = 300.0
_LOG_BYTES = 8 * MEGABYTE
_SOCKET_PORT = 5432


class OwnerLock:
    """The lock of a running cluster, given up once however often it is stopped."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let others start the cluster."""
        if self._descriptor is not None:
            locks.release(self._descriptor)
            self._descriptor = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running embedded PostgreSQL, owned by the process that started it.

    `url` is for SQLAlchemy with asyncpg, `dsn` for asyncpg itself, psql and other libpq programs; both name the role that
    owns the database `xinyong`, while `server_url` names the one that may not alter the audit. All go through the Unix socket in `socket_dir`. `data_dir` is PostgreSQL's own directory, `pid` the
    postmaster, `version` for example `18.6`. `server` and `owner_lock` are for `stop` and its neighbours alone.
    """

    url: str
    server_url: str
    dsn: str
    data_dir: Path
    socket_dir: Path
    bin_dir: Path
    version: str
    pid: int
    server: Server = field(repr=False, compare=False)
    owner_lock: OwnerLock = field(repr=False, compare=False)


def start(
    data_dir: Path, *, durable: bool = True, port: int | None = None, log: Callable[[str], None] | None = None
) -> Cluster:
    """Start the cluster of `data_dir`, made on the first call, and return it when it answers.

    The caller owns it: when its process ends in any way, kill -9 included, the server ends too. Any thread may call.
    `durable=False` trades safety against power failure for speed (tests). With `port` the server also listens there on
    127.0.0.1, for roles that have been given a password. `log` gets a sentence about each step that takes time.

    Raises:
        EmbeddedProblem: with a `code`; nothing is left running.
    """
    try:
        return _start(data_dir, durable=durable, port=port, say=log or _silent)
    except OSError as error:
        raise problems.from_os_error(error, data_dir) from error


def stop(cluster: Cluster, *, timeout: float = 30) -> None:
    """End the cluster and return when it has ended; open transactions are rolled back. Stopping twice does no harm.

    `timeout` is in seconds; a server that takes longer is cut off, and its next start recovers.
    """
    cluster.server.end(timeout, _silent)
    cluster.owner_lock.release()


def is_running(cluster: Cluster) -> bool:
    """Say whether the cluster's postmaster lives: the owner should end, or start again, when it does not."""
    return cluster.server.is_running()


def remove(cluster: Cluster) -> None:
    """Stop the cluster and delete it with all its data, wherever it lives (for root perhaps not below the data directory)."""
    cluster.server.end(30, _silent)
    shutil.rmtree(cluster.data_dir.parent)
    if cluster.socket_dir.is_dir():
        cluster.socket_dir.rmdir()
    cluster.owner_lock.release()


def _silent(_: str) -> None:
    return


def _start(data_dir: Path, *, durable: bool, port: int | None, say: Callable[[str], None]) -> Cluster:
    place = find_place(data_dir)
    if place.home.parent != place.asked:
        say(f"the database lives in {place.home}, since the account that runs it cannot enter {place.asked}")
    owner_lock = locks.take(place.home / "owner.lock")
    if owner_lock is None:
        raise problems.already_running(place.home, locks.holder(place.home / "owner.lock"))
    with contextlib.ExitStack() as undo:
        undo.callback(locks.release, owner_lock)
        locks.sign(owner_lock)
        make_private(place.socket_dir, place.account)
        check_format(place.home)
        binaries = find_binaries(place.account, written_by(place.data), place.home, say)
        server_lock = former.claim(place, say)
        try:
            if not place.data.exists():
                say(f"making the database in {place.home}")
                create(place, binaries, durable=durable, inherit=server_lock)
            _configure(place, port=port, durable=durable)
            server = _launch(place, binaries, server_lock, undo, say)
        finally:
            # From here on the postmaster alone holds it.
            locks.release(server_lock)
        make_sure(place, binaries, port or _SOCKET_PORT)
        undo.pop_all()
    query = f"host={quote(str(place.socket_dir), safe='/')}&port={port or _SOCKET_PORT}"
    return Cluster(
        url=f"postgresql+asyncpg://{OWNER}@/xinyong?{query}",
        server_url=f"postgresql+asyncpg://{SERVER}@/xinyong?{query}",
        dsn=f"postgresql://{OWNER}@/xinyong?{query}",
        data_dir=place.data,
        socket_dir=place.socket_dir,
        bin_dir=binaries.bin_dir,
        version=binaries.version,
        pid=server.pid,
        server=server,
        owner_lock=OwnerLock(owner_lock),
    )


def _configure(place: Place, *, port: int | None, durable: bool) -> None:
    hba = place.home / "pg_hba.conf"
    replace_text(hba, HBA)
    text = postgresql_conf(
        socket_dir=str(place.socket_dir),
        hba_file=str(hba),
        port=port or _SOCKET_PORT,
        tcp=port is not None,
        durable=durable,
        memory=_memory(),
        disk=shutil.disk_usage(place.home).free,
    )
    replace_text(place.home / "postgresql.conf", text)


def _memory() -> int:
    # A container's limit counts where there is one (cgroup 2); its file says "max" where there is none.
    total = int(psutil.virtual_memory().total)
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text(encoding="ascii").strip() if limit.exists() else "max"
    return min(total, int(text)) if text.isdecimal() else total


def _launch(
    place: Place, binaries: Binaries, server_lock: int, undo: contextlib.ExitStack, say: Callable[[str], None]
) -> Server:
    log = place.home / "server.log"
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(place.home / "server.log.1")
    output = open_kept(log, os.O_WRONLY | os.O_APPEND)
    said_before = log.stat().st_size
    words: list[str | Path] = [
        binaries.bin_dir / "postgres",
        "-D",
        place.data,
        "-c",
        f"config_file={place.home / 'postgresql.conf'}",
    ]
    try:
        server = Server(words, place.account, output=output, inherit=[server_lock])
    finally:
        os.close(output)
    undo.callback(server.end, 30, say)
    end = time.monotonic() + _READY_SECONDS
    patience = time.monotonic() + 5
    while not _is_ready(place.data, server.pid):
        if server.wait(0.005) or time.monotonic() > end:
            with log.open("rb") as lines:
                lines.seek(said_before)
                raise problems.from_output(lines.read().decode(errors="replace"), place.home, log=log)
        if time.monotonic() > patience:
            say("waiting for the database: after a crash it first replays its log")
            patience = end
    return server


def _is_ready(data: Path, pid: int) -> bool:
    # postmaster.pid: line 1 the number, line 8 the state, padded with blanks.
    with contextlib.suppress(OSError):
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
    return False
