"""The chainer of the audit: one process links and signs, others stand by.

As with the sequencer a session advisory lock picks the one that works and is a courtesy only: the number of a block is its
primary key, so two chainers cannot write two different blocks of one number.
"""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import text

from service.audit.chain.actions import Chain, link_pending, make_partitions, sign_head
from service.audit.chain.files import Outside
from service.clock import Clock
from service.db import Database
from service.outages import CONNECTION_ERRORS, is_outage, outage_reason
from service.signing.keys import SigningKeys
from service.signing.rules import SigningKeyUnusable

LOCK: Final = 0x5859415544  # "XYAUD"
LINK_EVERY: Final = 1.0
SIGN_EVERY: Final = timedelta(minutes=1)
PARTITIONS_EVERY: Final = timedelta(hours=1)
AFTER_OUTAGE: Final = 2.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("audit_chain")


async def run_chainer(
    database: Database,
    clock: Clock,
    stop: asyncio.Event,
    *,
    keys: SigningKeys,
    folder: Path,
    link_every: float = LINK_EVERY,
    sign_every: timedelta = SIGN_EVERY,
) -> None:
    """Link and sign until `stop` is set, and once more then; outlive restarts of the database."""
    while not stop.is_set():
        try:
            async with database.guard() as guard:
                while not stop.is_set() and not await guard.scalar(
                    text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LOCK}
                ):
                    await _sleep(stop, link_every)
                if not stop.is_set():
                    # The files are read anew: another process added to them while this one stood by.
                    await _work(Chain(database, keys, Outside(folder)), clock, stop, link_every, sign_every)
        except CONNECTION_ERRORS as error:
            if not is_outage(error):
                raise
            log.warning("audit_chain.lost_database", reason=outage_reason(error))
            await _sleep(stop, AFTER_OUTAGE)


async def _work(chain: Chain, clock: Clock, stop: asyncio.Event, link_every: float, sign_every: timedelta) -> None:
    log.info("audit_chain.working")
    signed_at = partitions_at = None
    while not stop.is_set():
        now = clock()
        if partitions_at is None or now - partitions_at >= PARTITIONS_EVERY:
            partitions_at = now
            await make_partitions(chain.database, now=now)
        await _link(chain, clock)
        if signed_at is None or now - signed_at >= sign_every:
            signed_at = now
            await _sign(chain, now)
        await _sleep(stop, link_every)
    await _link(chain, clock)
    await _sign(chain, clock())


async def _link(chain: Chain, clock: Clock) -> None:
    while await link_pending(chain.database, now=clock()):
        pass


async def _sign(chain: Chain, now: datetime) -> None:
    try:
        head = await sign_head(chain, now=now)
    except (SigningKeyUnusable, OSError) as error:
        # Linking goes on; the unsigned tail grows until somebody mends the key or the disk.
        log.exception("audit_chain.not_signed", reason=str(error))
    else:
        if head is not None:
            log.info("audit_chain.signed", block=head.number, position=head.position)


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
