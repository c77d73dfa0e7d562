"""The API as a process of its own, on a free port, for tests in which sockets, signals and processes matter."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conftest import ROOT

START_SECONDS = 60


@dataclass(frozen=True)
class Serving:
    """A running API process."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """Open a bare connection; reading from it gives up after a minute."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(url: str, data_dir: Path, **settings: str) -> Iterator[Serving]:
    """Yield an API process on the database at `url`; it ends with the block, however that ends."""
    named = {"database_url": url, "data_dir": str(data_dir), "log_level": "error"} | settings
    served = started(named)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.send_signal(signal.SIGKILL)
        served.process.wait(30)


def started(settings: dict[str, str]) -> Serving:
    """Start the process and wait until it answers; a port that another program was faster to take is given up for the next."""
    give_up = time.monotonic() + START_SECONDS
    for _ in range(3):
        port = free_port()
        environment = os.environ | {f"XINYONG_{name.upper()}": value for name, value in settings.items()}
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve"], env=environment | {"XINYONG_PORT": str(port)}, cwd=ROOT
        )
        served = Serving(process, port)
        while process.poll() is None:
            if served.is_ready():
                return served
            if time.monotonic() > give_up:
                process.kill()
                process.wait()
                raise AssertionError("the API did not start")
            time.sleep(0.1)
    raise AssertionError("the API ended by itself three times")
