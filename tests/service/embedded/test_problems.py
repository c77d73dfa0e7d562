"""What an operator is told: full disk, newer versions, taken port, unusable directories, damaged logs."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from service import embedded
from service.embedded.configuration import postgresql_conf
from service.embedded.problems import from_output
from tests.service.embedded.owners import needs_root, query


@pytest.fixture
def small_disk(room: Path) -> Iterator[Path]:
    needs_root()
    disk = room / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100m,mode=0755", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


async def test_full_disk(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(80_000_000))
    with pytest.raises(embedded.EmbeddedProblem) as refused:
        embedded.start(small_disk / "data", durable=False)
    assert refused.value.code == "disk_full"
    assert "Free at least 200 MB" in str(refused.value)
    assert not list((small_disk / "data" / "postgres").glob("data*"))

    ballast.unlink()
    cluster = embedded.start(small_disk / "data", durable=False)
    await query(cluster.dsn, "CREATE TABLE kept AS SELECT 1 AS one")
    embedded.stop(cluster)
    fill(ballast)
    with pytest.raises(embedded.EmbeddedProblem) as refused:
        embedded.start(small_disk / "data", durable=False)
    assert refused.value.code == "disk_full"

    ballast.unlink()
    cluster = embedded.start(small_disk / "data", durable=False)
    try:
        assert await query(cluster.dsn, "SELECT one FROM kept") == 1
    finally:
        embedded.stop(cluster)


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("data/PG_VERSION", "99", "newer_version", "written by PostgreSQL 99"),
        ("data/PG_VERSION", "9", "older_version", "written by PostgreSQL 9,"),
        ("data/PG_VERSION", "", "start_failed", "no PostgreSQL cluster"),
        ("format", "2", "newer_version", "written by a newer Xinyong (format 2; this one knows 1)"),
        ("format", "x", "start_failed", "should hold a number and holds 'x'"),
    ],
)
def test_other_versions_are_refused_and_left_alone(
    lasting: Path, name: str, content: str, code: str, words: str
) -> None:
    file = lasting / "postgres" / name
    right = file.read_text()
    file.write_text(content)
    try:
        with pytest.raises(embedded.EmbeddedProblem) as refused:
            embedded.start(lasting)
        assert (refused.value.code, words in str(refused.value)) == (code, True)
        assert file.read_text() == content
    finally:
        file.write_text(right)
    embedded.stop(embedded.start(lasting, durable=False))


def test_a_file_in_the_way(room: Path) -> None:
    (room / "file").touch()
    for asked in (room / "file", room / "file" / "below"):
        with pytest.raises(embedded.EmbeddedProblem, match="a file is in the way") as refused:
            embedded.start(asked)
        assert refused.value.code == "not_writable"


async def test_port_for_roles_with_a_password_only(lasting: Path, unused_tcp_port: int) -> None:
    cluster = embedded.start(lasting, durable=False, port=unused_tcp_port)
    address = f"127.0.0.1:{unused_tcp_port}/xinyong"
    try:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await query(f"postgresql://xinyong:guess@{address}", "SELECT 1")
        await query(cluster.dsn, "ALTER ROLE xinyong PASSWORD 'made up'")
        assert await query(f"postgresql://xinyong:made%20up@{address}", "SELECT 1") == 1
    finally:
        embedded.stop(cluster)


def test_taken_port(lasting: Path, room: Path, unused_tcp_port: int) -> None:
    cluster = embedded.start(lasting, durable=False, port=unused_tcp_port)
    try:
        with pytest.raises(embedded.EmbeddedProblem, match="Choose another port") as refused:
            embedded.start(room / "other", durable=False, port=unused_tcp_port)
        assert refused.value.code == "port_taken"
    finally:
        embedded.stop(cluster)


def test_damaged_cluster_says_where_the_log_is(room: Path) -> None:
    cluster = embedded.start(room / "data", durable=False)
    embedded.stop(cluster)
    (cluster.data_dir / "global" / "pg_control").unlink()
    with pytest.raises(embedded.EmbeddedProblem) as refused:
        embedded.start(room / "data", durable=False)
    assert refused.value.code == "start_failed"
    assert "could not find the database system" in str(refused.value)
    assert str(room / "data" / "postgres" / "server.log") in str(refused.value)
    assert not (cluster.data_dir / "postmaster.pid").exists()


async def test_database_without_chinese_trigrams_is_refused(room: Path) -> None:
    cluster = embedded.start(room / "data", durable=False)
    superuser = cluster.dsn.replace("xinyong@/xinyong", "postgres@/postgres")
    try:
        await query(superuser, "DROP DATABASE xinyong")
        await query(superuser, "CREATE DATABASE xinyong TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'")
    finally:
        embedded.stop(cluster)
    with pytest.raises(embedded.EmbeddedProblem, match="has LC_CTYPE C, under which Chinese names") as refused:
        embedded.start(room / "data", durable=False)
    assert refused.value.code == "wrong_locale"
    assert not (cluster.data_dir / "postmaster.pid").exists()


def test_large_log_is_put_aside(lasting: Path) -> None:
    log = lasting / "postgres" / "server.log"
    with log.open("ab") as file:
        file.truncate(9_000_000)
    embedded.stop(embedded.start(lasting, durable=False))
    assert log.stat().st_size < 100_000
    assert log.with_name("server.log.1").stat().st_size == 9_000_000


async def test_the_log_holds_no_data(lasting: Path) -> None:
    cluster = embedded.start(lasting, durable=False)
    try:
        await query(cluster.dsn, "CREATE TABLE person (name text PRIMARY KEY CHECK (name <> 'secret'))")
        with pytest.raises(asyncpg.CheckViolationError):
            await query(cluster.dsn, "INSERT INTO person VALUES ('secret')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await query(cluster.dsn, "INSERT INTO person VALUES ('hidden'), ('hidden')")
    finally:
        embedded.stop(cluster)
    log = (lasting / "postgres" / "server.log").read_text()
    assert "person_name_check" in log
    assert "secret" not in log
    assert "hidden" not in log


@pytest.mark.parametrize(
    ("output", "code", "words"),
    [
        ("initdb: error: could not write: No space left on device", "disk_full", "The disk is full"),
        ("x: Disk quota exceeded", "disk_full", "The disk is full"),
        ("initdb: error: could not look up effective user ID 4711: user does not exist", "no_account", "/etc/passwd"),
        ('ERROR:  could not open extension control file "x"', "no_binaries", "postgresql-contrib"),
        ("LOG: a\nFATAL:  b is wrong\nLOG: c", "start_failed", "it said 'FATAL:  b is wrong'"),
        ("only this", "start_failed", "it said 'only this'"),
        ("", "start_failed", "it said 'nothing'"),
        ("FATAL:  Permission denied", "not_writable", "as the user who owns it"),
    ],
)
def test_what_programs_say_becomes_a_sentence(output: str, code: str, words: str) -> None:
    problem = from_output(output, Path("/nowhere/at all"))
    assert (problem.code, words in str(problem)) == (code, True)


@pytest.mark.parametrize(
    ("memory_mb", "buffers", "free_mb", "log"),
    [(64, "32MB", 500, "1024MB"), (2048, "256MB", 20_480, "2048MB"), (500_000, "512MB", 500_000, "4096MB")],
)
def test_buffers_follow_memory_and_the_log_the_free_disk_within_limits(
    memory_mb: int, buffers: str, free_mb: int, log: str
) -> None:
    conf = postgresql_conf(
        socket_dir="/s", hba_file="/it's", port=1, tcp=False, durable=True,
        memory=memory_mb * 1024**2, disk=free_mb * 1024**2,
    )  # fmt: skip
    assert f"shared_buffers = '{buffers}'" in conf
    assert f"max_wal_size = '{log}'" in conf
    assert "hba_file = '/it''s'" in conf
    assert "fsync" not in conf
