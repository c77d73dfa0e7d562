"""`make run`: everything on one machine, in the foreground, and nothing left behind."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil  # type: ignore[import-untyped] # has no stubs of its own
from rich.console import Console

from service.changes.actions import drain
from service.clock import system_clock
from service.connection import Urls, database_urls, is_running, write_private
from service.db import Database
from service.sample_people import make_people
from service.samples import firms, load_samples
from service.settings import Settings

KEY_FILE = "demo-credentials.json"
OWNER_FILE = "demo.pid"
START_SECONDS = 60


def run_demo(settings: Settings, out: Console, prepare: Callable[[Urls], Coroutine[Any, Any, object]]) -> int:
    """Start database, sample data, API and jobs; return the exit code when they have ended."""
    if is_running(settings) and _owner_alive(settings):
        out.print(
            f"Xinyong runs on {settings.data_dir} already. Stop that one first, or set XINYONG_DATA_DIR to another folder.",
            soft_wrap=True,
        )
        return 1
    if not _port_free(settings):
        out.print(
            f"Port {settings.port} on {settings.host} is taken. Stop the other program, or set XINYONG_PORT to a free one.",
            soft_wrap=True,
        )
        return 1
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    terminals = [stream for stream in (1, 2) if os.isatty(stream)]

    def hang_up(*_: object) -> None:
        # Nobody reads any more, and what is written to a closed terminal is an error.
        with Path(os.devnull).open("wb") as nowhere:
            for stream in terminals:
                os.dup2(nowhere.fileno(), stream)
        stop.set()

    signal.signal(signal.SIGHUP, hang_up)
    out.print("Starting the database …", style="dim")
    with database_urls(settings) as urls:
        asyncio.run(prepare(urls))
        url = urls.server
        asyncio.run(_fill(url, settings))
        children = [_child(settings, url, "serve"), _child(settings, url, "jobs", "serve")]
        try:
            if not _wait_until_ready(settings, children, stop):
                if not stop.is_set():
                    out.print("The API did not start; its messages stand above.", style="red")
                return 0 if stop.is_set() else 1
            _welcome(settings, out)
            while not stop.wait(0.3):
                if not urls.is_up() or any(child.poll() is not None for child in children):
                    out.print(
                        "One of the processes ended by itself; stopping the others. Nothing committed is lost: start again.",
                        style="red",
                        soft_wrap=True,
                    )
                    return 1
            out.print("Stopping …", style="dim")
            return 0
        finally:
            _end(children)


def _owner_alive(settings: Settings) -> bool:
    try:
        pid, made_at = (settings.data_dir / OWNER_FILE).read_text("utf-8").split()
        # The time tells a process apart from a later one of the same number.
        return int(pid) != os.getpid() and psutil.Process(int(pid)).create_time() == float(made_at)
    except (OSError, ValueError, psutil.Error):
        return False


def _port_free(settings: Settings) -> bool:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return False
    return True


async def _fill(url: str, settings: Settings) -> None:
    """Load the sample data once, and make fresh keys at every start."""
    write_private(settings.data_dir / OWNER_FILE, f"{os.getpid()} {psutil.Process().create_time()}")
    database = Database(url, application="xinyong demo", pool_size=4)
    try:
        await load_samples(database, settings.data_dir / "sample", clock=system_clock)
        await drain(database, system_clock)
        async with database.transaction() as session:
            keys = await make_people(session, now=system_clock())
        write_private(settings.data_dir / KEY_FILE, json.dumps(keys, indent=2) + "\n")
    finally:
        await database.dispose()


def _child(settings: Settings, url: str, *command: str) -> subprocess.Popen[bytes]:
    environment = (
        {"XINYONG_LOG_LEVEL": "warning", "XINYONG_WEBHOOK_LOOPBACK": "true"}
        | os.environ
        | {"XINYONG_DATABASE_URL": url, "XINYONG_DATA_DIR": str(settings.data_dir)}
    )
    # A session of its own, so that Ctrl-C reaches this process alone, which then ends the others in order. The pipe to its
    # standard input tells a child that its owner is gone, however it went.
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "service", *command, "--owned"],
        stdin=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )


def _wait_until_ready(settings: Settings, children: list[subprocess.Popen[bytes]], stop: threading.Event) -> bool:
    give_up = time.monotonic() + START_SECONDS
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104 - compared, not bound
    while time.monotonic() < give_up and not stop.wait(0.1):
        if any(child.poll() is not None for child in children):
            return False
        try:
            with urlopen(f"http://{host}:{settings.port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return True
        except (URLError, OSError):
            continue
    return False


def _welcome(settings: Settings, out: Console) -> None:
    base = f"http://{settings.host}:{settings.port}"
    keys = settings.data_dir / KEY_FILE
    out.print()
    out.print("  [bold]Xinyong[/bold] 信用 is running, with fictitious sample data.")
    out.print()
    out.print(f"  site         {base}/")
    out.print(f"  console      {base}/console  (for authorities: sign in with a key of recorder, reviewer …)")
    out.print(f"  API          {base}/v1")
    out.print(f"  API docs     {base}/docs")
    out.print(f"  data         {settings.data_dir}")
    out.print(f"  keys         {keys}  (one per role)")
    out.print()
    out.print("  Try:")
    for code, outcome in firms():
        out.print(f"    curl {base}/v1/status/{code}   [dim]# {outcome}[/dim]", soft_wrap=True)
    out.print(
        f"    curl -G {base}/v1/subjects --data-urlencode name=星屿   [dim]# search by name[/dim]", soft_wrap=True
    )
    out.print()
    out.print("  Ctrl-C ends all of it.")
    out.print()


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
