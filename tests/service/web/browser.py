"""A real browser before a real server: Chromium of the distribution, driven by Playwright."""

import asyncio
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

from service.db import Database
from service.settings import Settings
from tests.clients import make_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",  # the tests also run as root, where Chromium's sandbox cannot
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def need_chromium() -> None:
    """Skip where no Chromium is installed; in CI it must be there."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Chromium: .ci/run installs it")
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium fonts-noto-cjk)")


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@contextmanager
def served(url: str, *, settings: Callable[[str], Settings] | None = None) -> Iterator[str]:
    """Serve the application on the database at `url`, in a thread and event loop of its own, and give its address.

    `settings` are made for that address.
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        database = Database(url, application="test", pool_size=4)
        app = make_app(database, settings=None if settings is None else settings(address))
        config = uvicorn.Config(app, log_level="warning", lifespan="off")
        servers.append(uvicorn.Server(config))
        await servers[0].serve(sockets=[listener])
        await database.dispose()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    while not (servers and servers[0].started):
        time.sleep(0.01)
    yield address
    servers[0].should_exit = True
    thread.join()
    listener.close()
