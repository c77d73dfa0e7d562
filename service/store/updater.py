"""The one process of a machine that writes the status store: it builds it, and keeps it equal to the change log."""

import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from time import monotonic
from typing import Final
from uuid import uuid4

import asyncpg
import lmdb
import orjson
import polars as pl
import structlog

from service.clock import Clock, legal_day
from service.outages import CONNECTION_ERRORS, is_outage, outage_reason
from service.status.entries import pack
from service.status.queries import find_facts, find_pending, list_other_names, use_index
from service.store.files import (
    LOCK,
    PREFIX,
    STATE,
    State,
    Unusable,
    make_store,
    open_store,
    read_pointer,
    read_state,
    write_beat,
    write_pointer,
    write_state,
)
from service.store.queries import CHANNEL, Head, changed_codes, every_code, read_head
from service.uscc.bulk import check_codes
from service.uscc.rules import CodeState

#: Codes that are read and written at a time: what bounds the memory of a build and of a large import.
PART: Final = 5_000

#: Records that had ended so many days before a store was built are left out of it.
KEPT_DAYS: Final = 3

#: A store is built anew, beside the one in use, when it is so many days old: records that ended meanwhile are left out then.
OLD_DAYS: Final = 30

FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 5.0

log: structlog.stdlib.BoundLogger = structlog.get_logger("store")


class Outdated(Exception):
    """The store cannot be led on: its log or its lists are others, it is ahead of the database, or it is gone."""


async def run_updater(url: str, folder: Path, clock: Clock, stop: asyncio.Event, *, poll_ms: int = 100) -> None:
    """Keep the store in `folder` equal to the database at `url` until `stop` is set; outlive restarts of the database.

    It looks every `poll_ms` milliseconds and whenever the sequencer says that it has numbered changes. While another process
    on this machine does the same, it stands by.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wait = FIRST_WAIT
    with _turn(folder) as is_ours:
        while not stop.is_set() and not is_ours():
            await _sleep(stop, poll_ms / 1000)
        while not stop.is_set():
            keeper = Keeper(url, folder, clock)
            try:
                async with connected(url) as (connection, told):
                    while not stop.is_set():
                        told.clear()
                        await keeper.keep(connection)
                        wait = FIRST_WAIT
                        await _sleep(told, poll_ms / 1000)
            except CONNECTION_ERRORS as error:
                if not is_outage(error):
                    raise
                log.warning("store.lost_database", reason=outage_reason(error), wait_seconds=wait)
                await _sleep(stop, wait)
                wait = min(2 * wait, LONGEST_WAIT)
            finally:
                keeper.close()


class Keeper:
    """Leads one store on. `keep` brings it to the head of the log as it is now, building it where that cannot be done."""

    def __init__(self, url: str, folder: Path, clock: Clock) -> None:
        self._url = url
        self._folder = folder
        self._clock = clock
        self._environment: lmdb.Environment | None = None
        self._name = ""
        self._state: State | None = None

    async def keep(self, connection: asyncpg.Connection) -> int:
        """Bring the store to the head of the log; return the position reached."""
        try:
            if self._environment is None:
                self._adopt()
            await self._follow(connection)
        except Outdated as reason:
            log.info("store.building", reason=str(reason))
            self.close()
            await self._build(connection)
        if self._state is not None and legal_day(self._clock()) - self._state.first_day > timedelta(days=OLD_DAYS):
            await self._build(connection)
        return 0 if self._state is None else self._state.position

    def close(self) -> None:
        """Let go of the store; it stays, and the next process goes on with it."""
        if self._environment is not None:
            self._environment.close()
        self._environment, self._state = None, None

    def _adopt(self) -> None:
        name = read_pointer(self._folder)
        if name is None:
            raise Outdated("there is none")
        try:
            environment = open_store(self._folder / name, writing=True)
        except Unusable as error:
            raise Outdated(str(error)) from error
        try:
            environment.reader_check()  # places of readers that were killed
            with environment.begin() as transaction:
                state = read_state(transaction.get(STATE))
        except (Unusable, lmdb.Error) as error:
            environment.close()
            raise Outdated(str(error)) from error
        self._environment, self._name, self._state = environment, name, state

    async def _follow(self, connection: asyncpg.Connection) -> None:
        environment, state = self._environment, self._state
        if environment is None or state is None or read_pointer(self._folder) != self._name:
            raise Outdated("it is gone")
        checked_at = monotonic()
        head = await read_head(connection, delivered_by=self._clock())
        _check(state, head)
        if _is_at(state, head):
            with environment.begin(write=True) as transaction:
                write_beat(transaction, checked_at=checked_at, generation=state.generation)
            return
        self._state = await self._lead(connection, environment, state)

    async def _lead(self, connection: asyncpg.Connection, environment: lmdb.Environment, state: State) -> State:
        checked_at = monotonic()
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await use_index(connection)
            head = await read_head(connection, delivered_by=self._clock())
            _check(state, head)
            after = _state_at(head, first_day=state.first_day, generation=state.generation + 1)
            # One transaction up to the head: what is read are the present versions, which are true of no position between.
            with environment.begin(write=True) as transaction:
                async for codes in changed_codes(connection, after=state.position, upto=head.position, part=PART):
                    for code, entry in await _entries(connection, codes, first_day=state.first_day):
                        if entry is None:
                            transaction.delete(code)
                        else:
                            transaction.put(code, entry)
                write_state(transaction, after, checked_at=checked_at)
        return after

    async def _build(self, connection: asyncpg.Connection) -> None:
        self._clear_away()
        name = f"{PREFIX}{uuid4().hex[:12]}"
        path = self._folder / name
        environment = make_store(path)
        try:
            state = await self._fill(connection, environment)
            while not _is_at(state, await read_head(connection, delivered_by=self._clock())):
                state = await self._lead(connection, environment, state)
        except BaseException:
            environment.close()
            shutil.rmtree(path, ignore_errors=True)
            raise
        self.close()
        write_pointer(self._folder, name)
        self._environment, self._name, self._state = environment, name, state
        self._clear_away()
        log.info("store.built", position=state.position, entries=environment.stat()["entries"] - 2)

    async def _fill(self, connection: asyncpg.Connection, environment: lmdb.Environment) -> State:
        first_day = legal_day(self._clock()) - timedelta(days=KEPT_DAYS)
        async with connected(self._url) as (reading, _):
            checked_at = monotonic()
            async with reading.transaction(isolation="repeatable_read", readonly=True):
                await use_index(reading)
                head = await read_head(reading, delivered_by=self._clock())
                state = _state_at(head, first_day=first_day, generation=1)
                async for codes in every_code(reading, part=PART):
                    with environment.begin(write=True) as transaction:
                        for code, entry in await _entries(reading, codes, first_day=first_day):
                            if entry is not None:
                                transaction.put(code, entry, append=True)
                    if self._environment is not None:  # the store in use goes on meanwhile
                        await self._follow(connection)
        with environment.begin(write=True) as transaction:
            write_state(transaction, state, checked_at=checked_at)
        return state

    def _clear_away(self) -> None:
        for path in self._folder.glob(f"{PREFIX}*"):
            if path.name != read_pointer(self._folder):
                shutil.rmtree(path, ignore_errors=True)


async def _entries(
    connection: asyncpg.Connection, codes: Sequence[str], *, first_day: date
) -> list[tuple[bytes, bytes | None]]:
    pending = await find_pending(connection, codes)
    # Every window that is open on some day from `first_day` on.
    facts = await find_facts(connection, codes, pending=pending, first=date.max, last=first_day)
    names = await list_other_names(connection, codes)
    states = check_codes(pl.Series("code", codes, dtype=pl.String))["state"].to_list()
    return [
        (code.encode(), pack(code, facts, names.get(code, ()), plain=state == CodeState.VALID))
        for code, state in zip(codes, states, strict=True)
    ]


def _state_at(head: Head, *, first_day: date, generation: int) -> State:
    return State(
        log_id=head.log_id,
        position=head.position,
        at=head.at,
        catalog_version=head.catalog_version,
        sources=head.sources,
        lists=head.lists,
        first_day=first_day,
        generation=generation,
    )


def _is_at(state: State, head: Head) -> bool:
    return state == _state_at(head, first_day=state.first_day, generation=state.generation)


def _check(state: State, head: Head) -> None:
    if state.log_id != head.log_id:
        raise Outdated("its log is another one")
    if state.position > head.position:
        raise Outdated("it is ahead of the database")
    if state.lists != head.lists:
        known, present = orjson.loads(state.lists), orjson.loads(head.lists)
        if any(present.get(list_id) != words for list_id, words in known.items()):
            raise Outdated("a list has another name or severity")


@contextmanager
def _turn(folder: Path) -> Iterator[Callable[[], bool]]:
    with (folder / LOCK).open("a") as lock:

        def take() -> bool:
            try:
                fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield take


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[asyncpg.Connection, asyncio.Event]]:
    """Open a connection of one's own; the event is set whenever the sequencer says that it has numbered changes."""
    told = asyncio.Event()
    connection = await asyncpg.connect(
        url.replace("+asyncpg", ""),
        timeout=10,
        server_settings={"application_name": "xinyong store", "timezone": "UTC", "jit": "off"},
    )
    try:
        await connection.add_listener(CHANNEL, lambda *_: told.set())
        yield connection, told
    finally:
        with suppress(*CONNECTION_ERRORS):
            await connection.close(timeout=5)


async def _sleep(until: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(until.wait(), seconds)
