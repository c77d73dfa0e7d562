"""Revocations that should have opened and did not: a penalty fell by another way than its own withdrawal here."""

from datetime import datetime
from typing import Final

import structlog

from service.blacklist.actions.leaving import open_revocations
from service.blacklist.queries import list_unsupported
from service.catalog.queries import load_catalog
from service.changes.rules import ChangeKind
from service.db import Database
from service.records.queries import lock_current

log: structlog.stdlib.BoundLogger = structlog.get_logger("blacklist")
#: Most penalties that one run looks at; the next run goes on.
MOST: Final = 1000


async def open_missed_revocations(database: Database, *, now: datetime) -> int:
    """Ask the test of the list again for entries whose penalty fell unseen; return how many revocations were opened.

    A penalty falls also when its source states it, or when an import is reverted. Each in its own transaction; one that fails is
    logged and the others go on.

    Source: SAMR令44号 art. 19 (D10).
    """
    async with database.reading() as session:
        catalog = await load_catalog(session)
        fallen = await list_unsupported(session, limit=MOST)
    opened, failed = 0, 0
    for uscc, penalty_id, fell_on in fallen:
        try:
            async with database.transaction() as session:
                await lock_current(session, ChangeKind.PENALTY, uscc=uscc, record_id=penalty_id)
                opened += await open_revocations(
                    session, catalog, uscc=uscc, penalty_id=penalty_id, fell_on=fell_on, now=now
                )
        except Exception:
            log.exception("revocation.failed", penalty=str(penalty_id))
            failed += 1
    if failed:
        raise RuntimeError(f"{failed} of {len(fallen)} penalties that fell could not be looked at")
    return opened
