"""An export leaves room for those who ask: it rests after every piece of work, so that it takes a share of the time only.

While it rests nothing is read from the database either: COPY stands still once what is on its way is not taken, so that the
database's process rests with it.
"""

import asyncio
from time import monotonic
from typing import Final

#: Rests shorter than this cost more than they give.
SHORTEST: Final = 0.01


class Pace:
    """Keeps work to `share` of the time (1: no rest); `rest` is called after each piece."""

    def __init__(self, share: float = 1.0) -> None:
        if not 0 < share <= 1:
            raise ValueError("a share lies above 0 and is at most 1")
        self._share = share
        self.begin()

    def begin(self) -> None:
        """Count from now: what went before (an upload, a wait) was no work that asks for rest."""
        self._began, self._owed = monotonic(), 0.0

    async def rest(self) -> None:
        """Rest for as long as the work since the last rest asks for, once that is worth it."""
        if self._share == 1:
            return
        now = monotonic()
        self._owed += (now - self._began) * (1 / self._share - 1)
        self._began = now
        if self._owed >= SHORTEST:
            await asyncio.sleep(self._owed)
            self.begin()
