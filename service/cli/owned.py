"""What the long-running processes have in common: how they end."""

import asyncio
import os
import signal
import threading
from typing import Annotated

import typer

OwnedOption = Annotated[bool, typer.Option("--owned", hidden=True)]


def end_with_owner() -> None:
    """End this process when the one that started it is gone: its end of our standard input closes then."""

    def watch() -> None:
        # Not through the buffer of `sys.stdin`: its lock, held here for ever, would be an error when the process ends.
        while os.read(0, 4096):
            pass
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def stop_signal() -> asyncio.Event:
    """Return an event that is set when this process is told to stop; inside a running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop
