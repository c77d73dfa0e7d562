"""`XINYONG_DATABASE_URL`: all of it on a PostgreSQL that somebody else started, with a password (scram-sha-256)."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from service import embedded
from service.samples import sample_code
from service.server_check import DatabaseUnusable, check_server, refuse_server

ROOT = Path(__file__).parents[1]
PASSWORD = "made up p@ss/word"  # noqa: S105 - of a server that lives as long as the test
ENCODED = "made%20up%20p%40ss%2Fword"
HEADER = "企业名称,统一社会信用代码,注册日期,企业状态,所在省份\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Named:
    """A database on the second server, and a folder for uploads."""

    folder: Path
    port: int

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XINYONG_")}
        url = f"postgresql://keeper:{ENCODED}@127.0.0.1:{self.port}/credit"
        named = {"XINYONG_DATABASE_URL": url, "XINYONG_DATA_DIR": str(self.folder), "COLUMNS": "200"}
        return kept | named | changes

    def xinyong(self, *words: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "service", *words],
            cwd=ROOT, env=self.environment(**changes), capture_output=True, text=True, check=False,
        )  # fmt: skip

    def start(self, *words: str, **changes: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "service", *words], cwd=ROOT, env=self.environment(**changes),
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


async def _make_database(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET password_encryption = 'scram-sha-256'")
        await connection.execute(f"CREATE ROLE keeper LOGIN PASSWORD '{PASSWORD}'")
        await connection.execute("GRANT keeper TO CURRENT_USER")
        await connection.execute("CREATE DATABASE credit OWNER keeper")
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Named]:
    folder, port = tmp_path_factory.mktemp("second"), free_port()
    cluster = embedded.start(folder / "server", durable=False, port=port)
    try:
        asyncio.run(_make_database(cluster.dsn.replace("/xinyong?", "/postgres?")))
        yield Named(folder / "data", port)
    finally:
        embedded.remove(cluster)


def test_all_of_it_works_on_the_named_database(named: Named) -> None:
    migrated = named.xinyong("migrate")
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    assert named.xinyong("sample").returncode == 0
    typed, sent = sample_code(901), sample_code(902)
    file = named.folder.parent / "one.csv"
    file.write_text(f"{HEADER}重庆新来贸易有限公司,{typed},2020-01-05,存续,重庆\n", encoding="utf-8")
    origin = ["--authority", "cq-market-regulation", "--source", "sample-registry"]
    taken = named.xinyong("import", str(file), "--kind", "subjects", *origin)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    made = named.xinyong("keys", "create", "--name", "k", "--role", "registrar", "--authority", "cq-market-regulation")
    key = re.findall(r"xy_\w+", made.stdout)[0]
    port = free_port()
    serve, jobs = named.start("serve", XINYONG_PORT=str(port)), named.start("jobs", "serve")
    try:
        assert _status_when_numbered(port, typed)["name"] == "重庆新来贸易有限公司"
        body = f"{HEADER}重庆后来贸易有限公司,{sent},2020-01-05,存续,重庆\n".encode()
        accepted = httpx.post(
            f"http://127.0.0.1:{port}/v1/imports?kind=subjects&authority=cq-market-regulation&source=sample-registry",
            headers={"Authorization": f"Bearer {key}"},
            files={"file": body},
        )
        assert accepted.status_code == 202, accepted.text
        assert _status_when_numbered(port, sent)["name"] == "重庆后来贸易有限公司"
    finally:
        for process in (serve, jobs):
            process.send_signal(signal.SIGTERM)
        ends = serve.wait(20), jobs.wait(20)
    assert ends == (-signal.SIGTERM, 0)
    assert not (named.folder / "postgres").exists(), "no embedded server was made beside it"


def _status_when_numbered(port: int, code: str) -> dict[str, object]:
    for _ in range(300):
        try:
            answer: dict[str, object] = httpx.get(f"http://127.0.0.1:{port}/v1/status/{code}").json()
        except httpx.TransportError:
            answer = {}
        if answer.get("outcome") == "clear":
            break
        time.sleep(0.1)
    return answer


REFUSALS = {
    "password": (("made%20up", "guessed"), "does not let keeper in"),
    "user": (("keeper:", "nobody:"), "does not let nobody in"),
    "database": (("/credit", "/nothing"), "does not exist"),
    "port of six digits": (("127.0.0.1:", "127.0.0.1:1"), "cannot be read"),
    "no address": (("127.0.0.1:", "127.0.0.1:x"), "cannot be read"),
    "host": (("@127.0.0.1", "@nowhere.invalid"), "cannot be reached"),
    "nobody listens": (("127.0.0.1:", "127.0.0.2:"), "cannot be reached"),
}


@pytest.mark.parametrize("change", REFUSALS)
async def test_a_database_that_cannot_be_used_is_a_sentence(named: Named, change: str) -> None:
    instead, words = REFUSALS[change]
    url = named.environment()["XINYONG_DATABASE_URL"].replace(*instead).replace("://", "+asyncpg://")
    with pytest.raises(DatabaseUnusable, match=words) as refused:
        await check_server(url, setting="XINYONG_DATABASE_URL")
    assert PASSWORD not in str(refused.value)
    assert ENCODED not in str(refused.value)
    assert "XINYONG_DATABASE_URL" in str(refused.value) or "CREATE DATABASE" in str(refused.value)


def test_a_command_says_it_and_ends(named: Named) -> None:
    url = named.environment()["XINYONG_DATABASE_URL"].replace("made%20up", "guessed")
    done = named.xinyong("serve", XINYONG_DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch("database_unusable: The database credit at .* does not let keeper in .*\n", done.stderr)


def test_an_old_server_is_refused() -> None:
    with pytest.raises(DatabaseUnusable, match="runs PostgreSQL 14; Xinyong needs 15 or newer"):
        refuse_server("The database credit at db:5432", major=14, encoding="UTF8")
    refuse_server("The database credit at db:5432", major=15, encoding="UTF8")


def test_a_database_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(DatabaseUnusable, match="stores text as SQL_ASCII"):
        refuse_server("The database credit at db:5432", major=18, encoding="SQL_ASCII")
