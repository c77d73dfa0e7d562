"""What an API process sees of the status store: entries and what they are true of, as long as they are fresh."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Final, cast

import lmdb
import structlog

from service.db import Database
from service.status.entries import is_plain
from service.status.queries import Log
from service.store.files import BEAT, STATE, State, Unusable, open_store, read_beat, read_pointer, read_state

#: How often the pointer is looked at, in seconds; and how long a store that could not be used is left alone.
LOOK_SECONDS: Final = 0.25

#: A beat may be this much ahead of the reader's clock, which is the same one: anything more is another machine's.
AHEAD_SECONDS: Final = 0.01

log: structlog.stdlib.BoundLogger = structlog.get_logger("store")


@dataclass(frozen=True, slots=True)
class Found:
    """Entries of one snapshot of the store, in the order asked, and the head of the log of which they are true."""

    log: Log
    entries: Sequence[bytes | None]


@dataclass(frozen=True, slots=True)
class Held:
    """One state of the store, whatever it moves on to meanwhile, and the head of the log of which it is true."""

    log: Log
    transaction: lmdb.Transaction

    def find(self, codes: Sequence[str]) -> Sequence[bytes | None]:
        """Return the entries of `codes`, in their order."""
        return _many(self.transaction, codes)


class StoreReader:
    """Reads the store of one machine for one process; `find` gives None where the database has to be asked.

    A store counts only while the updater found it equal to the database no longer than `max_staleness` seconds ago, and only
    where its log is the one that this process's database has.
    """

    def __init__(self, folder: Path, database: Database, *, max_staleness: float) -> None:
        self._folder = folder
        self._database = database
        self._max_staleness = max_staleness
        self._environment: lmdb.Environment | None = None
        self._name: str | None = None
        self._refused: str | None = None
        self._generation = -1
        self._log: Log | None = None
        self._state: State | None = None
        self._look_at = 0.0
        self.counts: Counter[str] = Counter()

    @property
    def position(self) -> int:
        """The position of the store when it was last read, 0 before."""
        return 0 if self._state is None else self._state.position

    def find(self, codes: Sequence[str], *, day: date, least: int = 0) -> Found | None:
        """Return what is known of `codes`, or None where the store cannot say it for the day and from position `least` on."""
        now = monotonic()
        environment = self._environment
        if environment is None or (now >= self._look_at and not self._is_in_use(now)):
            return None
        try:
            with environment.begin() as transaction:
                found = self._true_of(transaction, now, day=day, least=least)
                if found is None:
                    return None
                if len(codes) == 1:
                    return Found(found, (transaction.get(codes[0].encode()),))
                return Found(found, _many(transaction, codes))
        except (lmdb.Error, Unusable) as error:
            self._give_up(str(error))
            return None

    def _true_of(self, transaction: lmdb.Transaction, now: float, *, day: date, least: int) -> Log | None:
        """Return what a transaction of the store is true of, or None where that is too old for the question."""
        checked_at, generation = read_beat(cast("bytes | None", transaction.get(BEAT)))
        if not -AHEAD_SECONDS <= now - checked_at <= self._max_staleness:
            return None
        if generation != self._generation:
            self._take(read_state(cast("bytes | None", transaction.get(STATE))))
        state = self._state
        return None if state is None or state.position < least or day < state.first_day else self._log

    @contextmanager
    def holding(self, *, day: date) -> Iterator["Held | None"]:
        """Hold the store as it is now, however much it moves on, for questions about the day; None where it cannot say it.

        Call `look` before. What is held takes room on the disk as long as it is.
        """
        held: Held | None = None
        environment, now = self._environment, monotonic()
        transaction: lmdb.Transaction | None = None
        if environment is not None and self._is_in_use(now):
            try:
                transaction = environment.begin()
                log = self._true_of(transaction, now, day=day, least=0)
                held = None if log is None else Held(log, transaction)
            except (lmdb.Error, Unusable) as error:
                self._refuse(self._name or "", str(error))
        try:
            yield held
        finally:
            if transaction is not None:
                transaction.abort()

    def find_plain(self, code: str, *, day: date) -> Found | None:
        """Return what is known of a subject whose code is written as it should be and is odd in no way; else None."""
        found = self.find((code,), day=day)
        return found if found is not None and is_plain(found.entries[0]) else None

    async def look(self) -> None:
        """Open the store that the pointer names, at most every `LOOK_SECONDS`; call it before `find`.

        Whether its log is this database's is asked of the database once for every store.
        """
        if monotonic() < self._look_at:
            return
        if self._is_in_use(monotonic()):
            return
        self._look_at = monotonic() + LOOK_SECONDS
        name = read_pointer(self._folder)
        self._close()
        if name is None or name == self._refused:
            return
        async with self._database.statement() as connection:
            log_id = await connection.fetchval("SELECT log_id::text FROM change_log")
        if self._environment is not None:  # another request was faster
            return
        try:
            environment = open_store(self._folder / name, writing=False)
        except Unusable as error:
            self._refuse(name, str(error))
            return
        try:
            with environment.begin() as transaction:
                state = read_state(transaction.get(STATE))
        except (lmdb.Error, Unusable) as error:
            environment.close()
            self._refuse(name, str(error))
            return
        if state.log_id != log_id:
            environment.close()
            self._refuse(name, "a store of another log")
            return
        self._environment, self._name = environment, name
        self._take(state)

    def close(self) -> None:
        """Let go of the store."""
        self._close()

    def _is_in_use(self, now: float) -> bool:
        """Return whether the store that is open is the one that the pointer names; it is not looked at again for a while."""
        if self._environment is None or read_pointer(self._folder) != self._name:
            return False
        self._look_at = now + LOOK_SECONDS
        return True

    def _take(self, state: State) -> None:
        if self._state is not None and state.log_id != self._state.log_id:
            raise Unusable("a store whose log has changed")
        self._state = state
        self._generation = state.generation
        self._log = Log(
            log_id=state.log_id,
            position=state.position,
            at=state.at,
            pending=frozenset(),
            sources=state.sources,
            catalog_version=state.catalog_version,
        )

    def _give_up(self, reason: str) -> None:
        name = self._name
        self._close()
        if name is not None:
            self._refuse(name, reason)

    def _refuse(self, name: str, reason: str) -> None:
        self._refused = name
        log.warning("store.not_used", store=name, reason=reason)

    def _close(self) -> None:
        environment, self._environment = self._environment, None
        self._name, self._state, self._log, self._generation = None, None, None, -1
        if environment is not None:
            environment.close()


def _many(transaction: lmdb.Transaction, codes: Sequence[str]) -> list[bytes | None]:
    keys = [code.encode() for code in codes]
    with transaction.cursor() as cursor:
        known = cast("dict[bytes, bytes]", dict(cursor.getmulti(keys)))
    return [known.get(key) for key in keys]
