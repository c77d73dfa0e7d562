"""The sender as a process that may die before any statement: `python -m tests.service.webhooks.killed` (see tests.killing)."""

from datetime import timedelta

from service.clock import system_clock
from service.db import Database
from service.webhooks.calling import Caller
from service.webhooks.sending import Sender
from tests.killing import serve


async def work(database: Database, _what: str) -> None:
    async with Caller(loopback=True) as caller:
        sender = Sender(database, system_clock, caller, timedelta(hours=24))
        while await sender.turn():
            await sender.finish()


if __name__ == "__main__":
    serve(work)
