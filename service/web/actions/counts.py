"""Counts that cost too much to take for every visitor, kept in each process."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from asyncpg import Connection

from service.clock import legal_day
from service.db import ReadSession, driver
from service.web.actions.shared import Facts
from service.web.queries import count_facets, count_public

#: How long counts of the home page are used before they are taken again.
COUNTS_FOR: Final = timedelta(seconds=60)


class Counts:
    """The counts of the home page, taken at most once a minute, and those beside the filters of each list."""

    def __init__(self) -> None:
        self._taken: tuple[datetime, Facts] | None = None
        self._facets: dict[str, tuple[str, Sequence[Mapping[str, Any]]]] = {}

    async def get(self, session: ReadSession, now: datetime) -> Facts:
        """Return the counts of the home page, and `at`, the instant they were taken; never those of another day."""
        if self._taken is not None:
            at, counts = self._taken
            if at <= now < at + COUNTS_FOR and legal_day(at) == legal_day(now):
                return counts
        counts = {**await count_public(await driver(session), legal_day(now)), "at": now}
        self._taken = (now, counts)
        return counts

    async def facets(
        self, connection: Connection, list_id: str, day: date, *, state: str
    ) -> Sequence[Mapping[str, Any]]:
        """Return how many entries each authority and province has on a list; counted again when `state` is another."""
        kept = self._facets.get(list_id)
        if kept is None or kept[0] != state:
            kept = (state, await count_facets(connection, list_id, day))
            self._facets[list_id] = kept
        return kept[1]
