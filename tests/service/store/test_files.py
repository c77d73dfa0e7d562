"""A store that is torn, foreign, older or stale is never read, and the updater puts a good one in its place."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import lmdb
import pytest
from sqlalchemy import text

from service.clock import legal_day
from service.db import Database
from service.store import files
from service.store.files import BEAT, FORMAT, POINTER, STATE, open_store, read_pointer, read_state, write_state
from tests.factories import number_changes
from tests.service.store.support import NOW, World, led_on, reading

DAY = legal_day(NOW)


@pytest.fixture
async def world(database: Database) -> World:
    made = World(random.Random(7))  # noqa: S311 - what happens in a test, no secret
    async with database.transaction() as session:
        await made.begin(session)
        for _ in range(20):
            await made.step(session)
        await number_changes(session)
    return made


def path_of(folder: Path) -> Path:
    name = read_pointer(folder)
    assert name is not None
    return folder / name


def cut(folder: Path) -> None:
    data = path_of(folder) / "data.mdb"
    with data.open("r+b") as file:
        file.truncate(data.stat().st_size // 2 // 4096 * 4096)


def emptied(folder: Path) -> None:
    (path_of(folder) / "data.mdb").write_bytes(b"")


def scribbled(folder: Path) -> None:
    (path_of(folder) / "data.mdb").write_bytes(b"no store at all " * 4096)


def removed(folder: Path) -> None:
    for file in path_of(folder).iterdir():
        file.unlink()


def pointed_astray(folder: Path) -> None:
    (folder / POINTER).write_text("store-nowhere\n")


def _written(folder: Path, change: Callable[[lmdb.Transaction], None]) -> None:
    environment = open_store(path_of(folder), writing=True)
    with environment.begin(write=True) as transaction:
        change(transaction)
    environment.close()


def of_another_log(folder: Path) -> None:
    def change(transaction: lmdb.Transaction) -> None:
        state = read_state(bytes(transaction.get(STATE) or b""))
        other = replace(state, log_id="00000000-0000-0000-0000-000000000000", generation=state.generation + 1)
        write_state(transaction, other, checked_at=0)

    _written(folder, change)


def of_another_format(folder: Path) -> None:
    def change(transaction: lmdb.Transaction) -> None:
        told = bytes(transaction.get(STATE) or b"")[4:].replace(b'"format":%d,' % FORMAT, b'"format":0,')
        transaction.put(STATE, crc32(told).to_bytes(4, "little") + told)

    _written(folder, change)


def with_a_spoilt_state(folder: Path) -> None:
    def change(transaction: lmdb.Transaction) -> None:
        value = bytearray(bytes(transaction.get(STATE) or b""))
        value[-3] ^= 1
        transaction.put(STATE, bytes(value))

    _written(folder, change)


def unfinished(folder: Path) -> None:
    def change(transaction: lmdb.Transaction) -> None:
        transaction.delete(STATE)
        transaction.delete(BEAT)

    _written(folder, change)


SPOILT = [
    cut,
    emptied,
    scribbled,
    removed,
    pointed_astray,
    of_another_log,
    of_another_format,
    with_a_spoilt_state,
    unfinished,
]


async def test_a_spoilt_store_is_not_read_and_is_replaced(database: Database, tmp_path: Path, world: World) -> None:
    for spoil in SPOILT:
        position = await led_on(database, tmp_path)
        async with reading(database, tmp_path) as store:
            good = store.find(world.codes, day=DAY)
            assert good is not None, spoil.__name__
        before = read_pointer(tmp_path)
        spoil(tmp_path)
        async with reading(database, tmp_path) as store:
            assert store.find(world.codes, day=DAY) is None, spoil.__name__
        assert await led_on(database, tmp_path) == position
        assert read_pointer(tmp_path) != before
        async with reading(database, tmp_path) as store:
            again = store.find(world.codes, day=DAY)
            assert again is not None, spoil.__name__
            assert again.entries == good.entries
        assert [one.name for one in tmp_path.glob("store-*")] == [read_pointer(tmp_path)]


async def test_a_store_from_before_the_machine_was_started_is_replaced(
    database: Database, tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await led_on(database, tmp_path)
    before = read_pointer(tmp_path)
    (tmp_path / "boot").write_text("another")
    monkeypatch.setattr(files, "_BOOT", tmp_path / "boot")
    async with reading(database, tmp_path) as store:
        assert store.find(world.codes, day=DAY) is None
    await led_on(database, tmp_path)
    assert read_pointer(tmp_path) != before


async def test_a_store_that_nobody_confirms_is_not_read(database: Database, tmp_path: Path, world: World) -> None:
    position = await led_on(database, tmp_path)
    async with reading(database, tmp_path, max_staleness=0) as store:
        assert store.find(world.codes, day=DAY) is None
    async with reading(database, tmp_path) as store:
        assert store.find(world.codes, day=DAY, least=position) is not None
        assert store.find(world.codes, day=DAY, least=position + 1) is None
        assert store.find(world.codes, day=DAY.replace(year=2025)) is None


async def test_a_list_with_another_name_is_told_at_once_and_a_new_one_changes_nothing(
    database: Database, tmp_path: Path, world: World
) -> None:
    await led_on(database, tmp_path)
    first = read_pointer(tmp_path)
    async with database.transaction() as session:
        await session.execute(
            text(
                'INSERT INTO blacklist SELECT (jsonb_populate_record(b, \'{"id": "new"}\')).* FROM blacklist b LIMIT 1'
            )
        )
    await led_on(database, tmp_path)
    assert read_pointer(tmp_path) == first
    async with database.transaction() as session:
        await session.execute(text("UPDATE blacklist SET name = '新名单'"))
    await led_on(database, tmp_path)
    assert read_pointer(tmp_path) != first
    async with reading(database, tmp_path) as store:
        found = store.find(world.codes, day=DAY)
        assert found is not None
        assert any("新名单".encode() in (entry or b"") for entry in found.entries)
