"""What of a list is public now, as a file: every public record is read once, and those of the list's subjects are kept.

The time goes by the records that are public and not by the length of the list.
"""

from collections.abc import AsyncGenerator
from datetime import date
from uuid import UUID

import orjson

from service.access.rules import Actor
from service.changes.queries import find_head
from service.changes.snapshot import RECORDS, stream_records
from service.db import Database, driver
from service.watching.queries import find_watched, get_watchlist


async def stream_listed(database: Database, *, watchlist_id: UUID, actor: Actor, today: date) -> AsyncGenerator[bytes]:
    """Yield the file in parts of whole lines, all of one snapshot of the database.

    The first line says whose state it is (`log_id`, `position`, `day`, `watchlist_id`, `version_no`), the last one how many lines lie
    between. A line is a record as changes show it, with the list's own `reference`.

    Raises:
        NoSuchWatchlist: the actor has none of this id.
    """
    async with database.reading() as session:
        connection = await driver(session)
        watchlist = await get_watchlist(session, watchlist_id=watchlist_id, actor=actor)
        head = await find_head(connection)
        told = {"log_id": str(head.log_id), "position": head.position, "day": today}
        about = {"watchlist_id": str(watchlist_id), "version_no": watchlist.version_no}
        yield orjson.dumps(told | about) + b"\n"
        count = 0
        for kind in RECORDS:
            async for records in stream_records(connection, kind, position=head.position, day=today):
                codes = sorted({one["uscc"] for one in records})
                watched = await find_watched(connection, number=watchlist.number, codes=codes)
                lines = [
                    orjson.dumps(one | {"reference": watched[one["uscc"]]}, default=str)
                    for one in records
                    if one["uscc"] in watched
                ]
                count += len(lines)
                if lines:
                    yield b"\n".join(lines) + b"\n"
        yield orjson.dumps({"count": count}) + b"\n"
