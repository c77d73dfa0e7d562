"""API processes of this program, started on a database for a test and ended by it."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def api_process(database_url: str, folder: Path, **settings: str) -> AsyncIterator[str]:
    """Run `xinyong serve` on a database; yields its address once it answers, and ends it in order."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINYONG_")}
    named = {
        "XINYONG_DATABASE_URL": database_url, "XINYONG_DATA_DIR": str(folder), "XINYONG_PORT": str(port),
        "XINYONG_RATE_ADDRESS": "off", "XINYONG_RATE_KEY": "off", "XINYONG_RATE_REFUSED": "off",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service", "serve", cwd=ROOT, env=kept | named | settings
    )
    address = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as client:
            give_up = time.monotonic() + 60
            while True:
                assert process.returncode is None, "the process ended by itself"
                assert time.monotonic() < give_up, "the process does not answer"
                try:
                    if (await client.get(f"{address}/readyz")).status_code == 200:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 30)
