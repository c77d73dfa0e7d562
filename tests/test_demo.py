"""`xinyong demo` (what `make run` calls) as a person meets it: first answers, failure messages, and an end that leaves nothing."""

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import httpx
import psutil  # type: ignore[import-untyped] # has no stubs of its own
import pytest

from service import embedded

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(folder: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINYONG_")}
    return kept | {"XINYONG_DATA_DIR": str(folder), "XINYONG_PORT": str(port), "COLUMNS": "200"}


# The terminal becomes that of the process, as in a window of its own.
IN_TERMINAL = "import os, sys; os.login_tty(0); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"


@contextmanager
def demo(folder: Path, port: int, terminal: int | None = None) -> Iterator[subprocess.Popen[str]]:
    words = ["-m", "service", "demo"]
    process = subprocess.Popen(
        [sys.executable, *(words if terminal is None else ["-c", IN_TERMINAL, *words])],
        cwd=ROOT,
        env=environment(folder, port),
        text=True,
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.STDOUT,
    )
    family = [psutil.Process(process.pid)]
    try:
        give_up = time.monotonic() + 180  # a busy machine takes long
        while True:
            assert time.monotonic() < give_up, "the demo did not answer"
            assert process.poll() is None, process.stdout.read() if process.stdout else ""
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        family += family[0].children(recursive=True)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(30)
        _, alive = psutil.wait_procs(family, timeout=10)
        if process.stdout:
            process.stdout.close()
        assert alive == [], f"a process outlived the demo: {[one.cmdline() for one in alive]}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    with demo(folder, port):
        yield folder, port


def test_the_first_commands_of_the_readme_give_the_four_outcomes(running: tuple[Path, int]) -> None:
    _, port = running
    codes = re.findall(r"curl http://127\.0\.0\.1:8000/v1/status/(\w+)", README)
    answers = [httpx.get(f"http://127.0.0.1:{port}/v1/status/{code}").json() for code in codes]
    assert [answer["outcome"] for answer in answers] == ["listed", "penalised", "clear", "not_covered"]
    found = httpx.get(f"http://127.0.0.1:{port}/v1/subjects?{urlencode({'name': '星屿'})}").json()
    assert all("星屿" in item["name"] for item in found["items"])
    assert found["items"]


PAGES = [ROOT / "README.md", ROOT / "README.zh.md", ROOT / "docs" / "getting-started.md"]
ASKED = sorted({line for page in PAGES for line in page.read_text("utf-8").splitlines() if line.startswith("curl ")})


@pytest.mark.parametrize("line", ASKED)
def test_what_the_pages_ask_is_answered(running: tuple[Path, int], line: str) -> None:
    _, port = running
    words = shlex.split(line.replace("127.0.0.1:8000", f"127.0.0.1:{port}"))
    url = next(word for word in words if word.startswith("http"))
    query = dict(words[place + 1].split("=", 1) for place, word in enumerate(words) if word == "--data-urlencode")
    answer = httpx.get(url, params=query or None)
    expected = {200: {"outcome", "items"}, 422: {"suggestion"}}
    assert expected[answer.status_code] & answer.json().keys()


def test_the_file_of_the_first_steps_is_taken_in(running: tuple[Path, int], tmp_path: Path) -> None:
    folder, port = running
    page = (ROOT / "docs" / "getting-started.md").read_text("utf-8")
    make, bring = re.findall(r"^(printf .*|\.venv/bin/xinyong import .*)$", page, re.MULTILINE)
    subprocess.run(["sh", "-c", make], cwd=tmp_path, check=True)
    words = [sys.executable, "-m", "service", *shlex.split(bring)[1:]]
    environ = environment(folder, port) | {"PYTHONPATH": str(ROOT)}
    for outcome in ("new", "duplicate"):
        done = subprocess.run(words, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert re.search(rf"{outcome} +1", done.stdout), done.stdout


def test_the_keys_are_private_and_work(running: tuple[Path, int]) -> None:
    folder, port = running
    file = folder / "demo-credentials.json"
    assert file.stat().st_mode & 0o777 == 0o600
    keys = json.loads(file.read_text("utf-8"))
    bearer = {"Authorization": f"Bearer {keys['recorder']}"}
    assert httpx.get(f"http://127.0.0.1:{port}/v1/imports", headers=bearer).status_code == 200
    assert httpx.get(f"http://127.0.0.1:{port}/v1/imports").status_code == 401


def test_a_file_sent_by_http_is_taken_in(running: tuple[Path, int]) -> None:
    folder, port = running
    keys = json.loads((folder / "demo-credentials.json").read_text("utf-8"))
    bearer = {"Authorization": f"Bearer {keys['registrar']}"}
    sample = folder / "again.csv"
    sample.write_text("企业名称,统一社会信用代码\n重庆新来贸易有限公司,91500000XY0009009\n", encoding="utf-8")
    query = "kind=subjects&authority=cq-market-regulation&source=sample-registry"
    sent = httpx.post(
        f"http://127.0.0.1:{port}/v1/imports?{query}", headers=bearer, files={"file": sample.read_bytes()}
    )
    assert sent.status_code == 202, sent.text
    for _ in range(900):  # a busy machine takes long
        job = httpx.get(f"http://127.0.0.1:{port}{sent.headers['location']}", headers=bearer).json()
        if job["state"] in {"finished", "failed"}:
            break
        time.sleep(0.1)
    assert job["counts"]["outcomes"] == {"quarantined": 1}
    rows = httpx.get(
        f"http://127.0.0.1:{port}{sent.headers['location']}/rows?outcome=quarantined", headers=bearer
    ).json()
    assert rows["items"][0]["reasons"][0]["code"] == "malformed_code"
    assert rows["items"][0]["line"] == 2


def test_a_second_start_on_the_same_folder_and_a_taken_port_are_sentences(
    running: tuple[Path, int], tmp_path: Path
) -> None:
    folder, port = running
    for where, words in (((folder, free_port()), "runs on"), ((tmp_path, port), "is taken")):
        done = start(*where)
        assert done.returncode == 1
        assert words in done.stdout
        assert "Traceback" not in done.stdout + done.stderr


def test_after_kill_9_the_next_start_works_and_nothing_is_lost(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, port) as process:
        before = status(port)
        process.kill()
        process.wait()
    with demo(tmp_path, port):
        after = status(port)
    _same_state(before, after)


def test_a_signal_or_a_closed_window_ends_all_of_it_and_the_next_start_works(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, port) as process:
        before = status(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    mine, its = os.openpty()
    with demo(tmp_path, port, terminal=its) as process:
        _same_state(before, status(port))
        os.close(its)
        os.close(mine)  # the window is shut
        assert process.wait(60) == 0


@pytest.mark.proof
def test_a_killed_api_or_jobs_process_ends_all_of_it_and_the_next_start_works(tmp_path: Path) -> None:
    port = free_port()
    before = None
    for words in (["serve", "--owned"], ["jobs", "serve", "--owned"]):
        with demo(tmp_path, port) as process:
            now = status(port)
            _same_state(before or now, now)
            before = now
            kill_part(process, "python", *words)


@pytest.mark.proof
def test_a_killed_database_ends_all_of_it_and_the_next_start_works(tmp_path: Path) -> None:
    port = free_port()
    with demo(tmp_path, port) as process:
        before = status(port)
        kill_part(process, "postgres")
    with demo(tmp_path, port):
        _same_state(before, status(port))


def test_data_of_a_newer_version_is_a_sentence(tmp_path: Path) -> None:
    cluster = embedded.start(tmp_path, durable=False)
    asyncio.run(mark_as_newer(cluster.dsn))
    embedded.stop(cluster)
    done = start(tmp_path, free_port())
    assert done.returncode == 1
    assert "The database is of a newer version (revision of later)" in done.stdout + done.stderr
    assert "Run the newer version, or restore a backup from before." in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


async def mark_as_newer(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('of later')"
    )
    await connection.close()


def start(folder: Path, port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", "demo"],
        cwd=ROOT,
        env=environment(folder, port),
        capture_output=True,
        text=True,
        check=False,
    )


def status(port: int) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"http://127.0.0.1:{port}/v1/status/91500000XY0000012K").json()
    return answer


def kill_part(process: subprocess.Popen[str], name: str, *words: str) -> None:
    parts = [part for part in psutil.Process(process.pid).children() if part.name().startswith(name)]
    next(part for part in parts if not words or part.cmdline()[3:] == [*words]).kill()
    assert process.wait(60) == 1
    assert process.stdout is not None
    assert "Nothing committed is lost" in process.stdout.read()


def _same_state(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert after["blacklist_entries"] == before["blacklist_entries"]
    assert after["log_id"] == before["log_id"]
    assert after["position"] >= before["position"]
