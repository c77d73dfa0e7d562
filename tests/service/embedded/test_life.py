"""First start, second start, and every way in which the owner, the server or an attempt can be killed."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # stubs are not among the dependencies
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from service import embedded
from tests.service.embedded.owners import Measured, OwnerFactory, connected, lives, query, wait_until


async def find_backend(dsn: str, sql: str) -> int:
    """Return the process number of the backend that runs `sql`, as soon as there is one."""
    while True:
        found = await query(dsn, "SELECT pid FROM pg_stat_activity WHERE query = $1", sql)
        if found is not None:
            return int(found)


def without_setpriv(room: Path) -> str:
    folder = room / "path"
    folder.mkdir()
    assert shutil.which("setpriv", path=str(folder)) is None
    return str(folder)


async def test_first_and_second_start(room: Path, measured: Measured) -> None:
    told: list[str] = []
    begin = time.perf_counter()
    first = embedded.start(room / "data", log=told.append)
    first_seconds = time.perf_counter() - begin
    await query(first.dsn, "CREATE TABLE kept AS SELECT '重庆' AS name")
    begin = time.perf_counter()
    embedded.stop(first)
    stop_seconds = time.perf_counter() - begin
    assert not embedded.is_running(first)
    assert not psutil.pid_exists(first.pid)

    begin = time.perf_counter()
    second = embedded.start(room / "data", log=told.append)
    second_seconds = time.perf_counter() - begin
    measured("initdb and start", first_seconds)
    measured("stop", stop_seconds)
    measured("second start", second_seconds)
    try:
        engine = create_async_engine(second.url)
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT name FROM kept")) == "重庆"
            assert await connection.scalar(text("SHOW fsync")) == "on"
            assert await connection.scalar(text("SHOW listen_addresses")) == ""
            assert await connection.scalar(text("SHOW timezone")) == "UTC"
            assert await connection.scalar(text("SELECT cardinality(show_trgm('重庆'))")) == 3
            assert not await connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
        await engine.dispose()
        assert second.version == (await query(second.dsn, "SHOW server_version")).split()[0]
        assert os.getsid(second.pid) != os.getsid(0)  # Ctrl-C at the terminal reaches the owner only
        assert second.data_dir.stat().st_mode & 0o777 == 0o700
        assert second.socket_dir.stat().st_mode & 0o777 == 0o700
        assert [said for said in told if "making the database" in said] == told[:1] == told
    finally:
        embedded.stop(second)
    embedded.stop(second)


async def test_clones_of_a_template_are_cheap(lasting: Path, measured: Measured) -> None:
    cluster = embedded.start(lasting, durable=False)
    try:
        assert await query(cluster.dsn, "SHOW fsync") == "off"
        await query(cluster.dsn, "CREATE DATABASE template_one")
        begin = time.perf_counter()
        for number in range(2):
            await query(cluster.dsn, f"CREATE DATABASE clone_{number} TEMPLATE template_one")
        measured("one clone of a template", (time.perf_counter() - begin) / 2)
        assert await query(cluster.dsn, "SELECT count(*) FROM pg_database WHERE datname ^@ 'clone_'") == 2
    finally:
        embedded.stop(cluster)


def test_second_owner_is_refused_and_told_who_the_first_is(lasting: Path, new_owner: OwnerFactory) -> None:
    first = new_owner(lasting)
    assert "pid" in first.said
    second = new_owner(lasting)
    assert second.said["code"] == "already_running"
    assert f"process {first.process.pid}" in second.said["message"]
    assert second.end() == 1
    assert first.postmaster.is_running()


def test_second_start_in_the_same_process_is_refused(lasting: Path) -> None:
    cluster = embedded.start(lasting, durable=False)
    try:
        with pytest.raises(embedded.EmbeddedProblem, match=f"process {os.getpid()}") as refused:
            embedded.start(lasting)
        assert refused.value.code == "already_running"
        assert embedded.is_running(cluster)
    finally:
        embedded.stop(cluster)


def test_of_many_first_starts_at_once_one_wins(room: Path, new_owner: OwnerFactory) -> None:
    owners = [new_owner(room / "data") for _ in range(4)]
    outcomes = sorted(owner.said.get("code", "started") for owner in owners)
    assert outcomes == ["already_running"] * 3 + ["started"]


def test_server_survives_the_thread_that_started_it(lasting: Path) -> None:
    clusters: list[embedded.Cluster] = []
    thread = threading.Thread(target=lambda: clusters.append(embedded.start(lasting, durable=False)))
    thread.start()
    thread.join()
    time.sleep(0.3)
    assert embedded.is_running(clusters[0])
    embedded.stop(clusters[0])


@pytest.mark.parametrize("means", ["death signal", "watcher"])
async def test_killed_owner_takes_the_server_along(
    lasting: Path, tmp_path: Path, new_owner: OwnerFactory, measured: Measured, means: str
) -> None:
    if means == "death signal" and shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed: only the watcher can be tested")
    owner = new_owner(lasting, path=None if means == "death signal" else without_setpriv(tmp_path), durable=True)
    await query(owner.said["dsn"], "DROP TABLE IF EXISTS owned")
    await query(owner.said["dsn"], "CREATE TABLE owned AS SELECT 1 AS one")
    postmaster = owner.postmaster
    watchers = [one for one in psutil.Process(owner.process.pid).children() if "watcher.py" in " ".join(one.cmdline())]
    assert len(watchers) == (1 if means == "watcher" else 0)
    family = [postmaster, *postmaster.children(), *watchers]
    with connected(owner.said["bin_dir"], owner.said["dsn"]):
        owner.kill()
        seconds = wait_until(lambda: not any(lives(process) for process in family))
    measured(f"end of the server after its owner was killed, by {means}", seconds)
    again = new_owner(lasting)
    assert await query(again.said["dsn"], "SELECT one FROM owned") == 1


def test_owner_that_forgets_to_stop(lasting: Path) -> None:
    program = "import sys, pathlib; from service import embedded; print(embedded.start(pathlib.Path(sys.argv[1])).pid)"
    owner = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, lasting], capture_output=True, check=True, timeout=30
    )
    assert owner.stderr == b""
    wait_until(lambda: not (lasting / "postgres" / "data" / "postmaster.pid").exists())


async def test_start_right_after_the_owner_was_killed(lasting: Path, new_owner: OwnerFactory) -> None:
    owner = new_owner(lasting)
    for _ in range(3):
        assert "pid" in owner.said
        owner.kill()
        owner = new_owner(lasting)
    assert await query(owner.said["dsn"], "SELECT 1") == 1


def test_forked_child_of_a_killed_owner_does_not_keep_the_lock(lasting: Path, new_owner: OwnerFactory) -> None:
    forking = """
import os, threading, time
def fork_later():
    import sys
    while "service.embedded.lifecycle" not in sys.modules or not os.path.exists(os.path.join(sys.argv[1], "forks")):
        time.sleep(0.01)
    if os.fork() == 0:
        os.close(1)
        print(os.getpid(), file=open(os.path.join(sys.argv[1], "child"), "w"), flush=True)
        time.sleep(60)
        os._exit(0)
threading.Thread(target=fork_later, daemon=True).start()
"""
    owner = new_owner(lasting, before=forking)
    assert "pid" in owner.said
    (lasting / "forks").touch()
    child_file = lasting / "child"
    wait_until(lambda: child_file.exists() and child_file.read_text().endswith("\n"))
    child = psutil.Process(int(child_file.read_text()))
    owner.kill()
    try:
        assert "pid" in new_owner(lasting).said
        assert child.is_running()
    finally:
        child.kill()


async def test_killed_postmaster_leaves_backends_and_nothing_is_lost(lasting: Path, measured: Measured) -> None:
    cluster = embedded.start(lasting)
    await query(cluster.dsn, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    endless = "DO $$ BEGIN LOOP END LOOP; END $$"
    with connected(cluster.bin_dir, cluster.dsn), connected(cluster.bin_dir, cluster.dsn, endless) as busy_client:
        busy = psutil.Process(await find_backend(cluster.dsn, endless))
        await query(cluster.dsn, "INSERT INTO kept VALUES (1001)")
        os.kill(cluster.pid, signal.SIGKILL)
        wait_until(lambda: not embedded.is_running(cluster))
        embedded.stop(cluster)
        assert lives(busy)

        begin = time.perf_counter()
        again = embedded.start(lasting)
        measured("start over an orphaned backend", time.perf_counter() - begin)
        try:
            assert not lives(busy)
            assert await query(again.dsn, "SELECT count(*) FROM kept") == 1001
            assert busy_client.wait(timeout=10) != 0
        finally:
            embedded.stop(again)


def test_owner_killed_while_the_cluster_is_made(room: Path, new_owner: OwnerFactory) -> None:
    owner = new_owner(room / "data", durable=True)
    half = room / "data" / "postgres" / "data.unfinished" / "base"
    wait_until(half.exists)
    owner.kill()
    assert not (room / "data" / "postgres" / "data").exists()
    again = new_owner(room / "data")
    assert "pid" in again.said
    assert not half.exists()


@pytest.mark.parametrize("occupant", ["another program", "a zombie"])
def test_stale_pid_file_is_not_believed(lasting: Path, occupant: str) -> None:
    cluster = embedded.start(lasting, durable=False)
    pid_file = cluster.data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    embedded.stop(cluster)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)" if occupant != "a zombie" else ""])
    if occupant == "a zombie":
        wait_until(lambda: psutil.Process(other.pid).status() == psutil.STATUS_ZOMBIE)
    pid_file.write_text("\n".join([str(other.pid), *lines[1:], ""]))
    pid_file.chmod(0o644)
    lock = cluster.socket_dir / ".s.PGSQL.5432.lock"
    lock.write_text(f"{other.pid}\n")
    try:
        embedded.stop(embedded.start(lasting, durable=False))
        if occupant != "a zombie":
            assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_server_started_by_hand_is_left_alone(lasting: Path) -> None:
    cluster = embedded.start(lasting, durable=False)
    embedded.stop(cluster)
    owner = cluster.data_dir.stat()
    settings = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={cluster.socket_dir}"]
    by_hand = subprocess.Popen(
        [cluster.bin_dir / "postgres", "-D", cluster.data_dir, *settings],
        user=owner.st_uid if os.geteuid() == 0 else None,
        group=owner.st_gid if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        stderr=subprocess.DEVNULL,
    )
    try:
        pid_file = cluster.data_dir / "postmaster.pid"
        wait_until(lambda: pid_file.exists() and "ready" in pid_file.read_text())
        with pytest.raises(embedded.EmbeddedProblem, match=f"process {by_hand.pid}") as refused:
            embedded.start(lasting)
        assert refused.value.code == "already_running"
        assert by_hand.poll() is None
        assert pid_file.exists()
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait(timeout=20)


async def test_stop_cuts_off_a_server_that_does_not_end(lasting: Path) -> None:
    cluster = embedded.start(lasting)
    await query(cluster.dsn, "CREATE TABLE cut_off AS SELECT 1 AS one")
    os.kill(cluster.pid, signal.SIGSTOP)
    threading.Timer(0.8, os.kill, (cluster.pid, signal.SIGCONT)).start()
    embedded.stop(cluster, timeout=0.3)
    assert not embedded.is_running(cluster)
    again = embedded.start(lasting)
    try:
        assert await query(again.dsn, "SELECT one FROM cut_off") == 1
    finally:
        embedded.stop(again)
