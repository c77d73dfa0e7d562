"""Releases appear at horizons, hold for their day, are withheld at once when something in them ends, and are replaced."""

import asyncio
from datetime import date
from uuid import UUID

import pytest

from service.changes.actions import drain
from service.exports.actions import build_due, open_release, withhold_ended
from service.exports.queries import find_newest
from service.exports.rules import NoSuchRelease, PersonalDataFound, ReleaseReplaced, ReleaseWithheld, State
from service.horizons.actions import log_clock_edges
from tests.factories import make_entry, make_penalty, make_registration, make_uscc, number_changes
from tests.service.exports.support import World, at, read_manifest, read_rows


async def some_records(world: World) -> tuple[str, UUID, UUID]:
    code = make_uscc()
    async with world.database.transaction() as session:
        await make_registration(session, code)
        first = await make_penalty(session, code)
        second = await make_penalty(session, code, public_until=date(2026, 11, 24))
    return code, first, second


async def ids(world: World, table: str = "penalties") -> set[str]:
    return {row["id"] for row in read_rows(world.releases / (await world.present()).id, table)}


async def test_the_daily_release_is_of_midnight_and_without_what_ends_then(world: World) -> None:
    _, first, second = await some_records(world)
    await world.tick("2026-11-24T09:30")
    release = await world.present()
    assert release.id == "full-20261124T000000"
    assert await ids(world) == {str(first), str(second)}
    assert await world.tick("2026-11-24T23:59") == 1  # the 8 h delta alone is renewed by day
    await world.tick("2026-11-25T00:00:10")
    assert (await world.present()).id == "full-20261125T000000"
    assert await ids(world) == {str(first)}


async def test_yesterdays_release_is_withheld_from_midnight_until_it_is_replaced(world: World) -> None:
    await some_records(world)
    await world.tick("2026-11-24T09:30")
    old = (await world.present()).id
    assert (await open_release(world.database, old, now=at("2026-11-24T23:59:59"))).id == old
    with pytest.raises(ReleaseWithheld):
        await open_release(world.database, old, now=at("2026-11-25T00:00:00"))
    await world.tick("2026-11-25T00:00:20")
    with pytest.raises(ReleaseReplaced) as refused:
        await open_release(world.database, old, now=at("2026-11-25T00:00:30"))
    assert refused.value.extra["successor"] == "full-20261125T000000"
    kept = {path.name for path in (world.releases / old).iterdir()}
    assert kept == {"manifest.json", "manifest.json.jws", "datapackage.json", "dictionary.md"}
    assert read_manifest(world.releases / "full-20261125T000000")["previous"] == old
    with pytest.raises(NoSuchRelease):
        await open_release(world.database, "full-19990101T000000", now=at("2026-11-25T00:01"))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"state": "void"}, id="voided"),
        pytest.param({"state": "ended", "ending": "repaired"}, id="repaired"),
        pytest.param({"public_until": date(2026, 11, 23)}, id="window shortened"),
        pytest.param({"held_texts": ["violation_facts"]}, id="text held back"),
        pytest.param({"silences_before": True}, id="version before silenced"),
    ],
)
async def test_an_unplanned_end_withholds_at_once_and_is_gone_from_the_rebuilt_release(
    world: World, changes: dict[str, object]
) -> None:
    await world.tick("2026-11-23T09:00")
    code, first, second = await some_records(world)
    await world.tick("2026-11-24T09:30")
    full, delta = await world.present(), await world.present("delta-24h")
    assert str(first) in {row["id"] for row in read_rows(world.releases / delta.id, "penalties")}
    async with world.database.transaction() as session:
        await make_penalty(session, code, head=first, **changes)
        await number_changes(session, at=at("2026-11-24T10:00"))
    for release in (full, delta):  # the very next request, before any job has run
        with pytest.raises(ReleaseWithheld):
            await open_release(world.database, release.id, now=at("2026-11-24T10:00:01"))
    assert await world.tick("2026-11-24T10:00:20") > 0
    rebuilt = await world.present()
    assert rebuilt.id == "full-20261124T100020"
    assert (await open_release(world.database, rebuilt.id, now=at("2026-11-24T10:01"))).id == rebuilt.id
    still = "held_texts" in changes or "silences_before" in changes
    assert (str(first) in await ids(world)) == still
    assert str(second) in await ids(world)
    rebuilt_delta = await world.present("delta-24h")
    gone = {row["id"] for row in read_rows(world.releases / rebuilt_delta.id, "tombstones")}
    assert gone == (set() if still else {str(first)})
    assert await world.tick("2026-11-24T10:05") == 0


async def test_corrections_new_records_and_ends_by_the_clock_withhold_nothing(world: World) -> None:
    code, first, _ = await some_records(world)
    await world.tick("2026-11-24T09:30")
    async with world.database.transaction() as session:
        await make_penalty(session, code, head=first, fine_fen=1)
        await make_entry(session, code)
        await number_changes(session, at=at("2026-11-24T10:00"))
    assert await withhold_ended(world.database, now=at("2026-11-24T10:00:30")) == 0
    release = await world.present()
    assert release.checked_position == 5
    assert (await open_release(world.database, release.id, now=at("2026-11-24T10:01"))).id == release.id


async def test_a_delta_without_the_record_stays(world: World) -> None:
    code, first, _ = await some_records(world)
    await world.tick("2026-11-23T09:00")
    await world.tick("2026-11-24T09:30")
    delta = await world.present("delta-8h")
    async with world.database.transaction() as session:
        await make_penalty(session, code, head=first, state="void")
        await number_changes(session, at=at("2026-11-24T10:00"))
    assert (await open_release(world.database, delta.id, now=at("2026-11-24T10:01"))).id == delta.id
    with pytest.raises(ReleaseWithheld):
        await open_release(world.database, (await world.present()).id, now=at("2026-11-24T10:01"))


async def test_what_ended_between_midnight_and_the_build_never_appears(world: World) -> None:
    code, first, second = await some_records(world)
    await world.tick("2026-11-23T09:00")
    await log_clock_edges(world.database, now=at("2026-11-24T00:00:10"))  # the horizon is there, the build is late
    async with world.database.transaction() as session:
        await make_penalty(session, code, head=first, state="void")
    await drain(world.database, lambda: at("2026-11-24T00:00:40"))
    await world.tick("2026-11-24T00:01")
    assert (await world.present()).id == "full-20261124T000100"
    assert await ids(world) == {str(second)}


async def test_personal_data_stops_a_release_before_it_appears(world: World) -> None:
    code, first, _ = await some_records(world)
    async with world.database.transaction() as session:
        leak = await make_penalty(session, code, violation_facts="联系电话13912345678，当事人承认")
    with pytest.raises(PersonalDataFound) as stopped:
        await world.tick("2026-11-24T09:30")
    assert stopped.value.extra == {"table": "penalties", "column": "violation_facts", "records": [str(leak)]}
    assert "139" not in stopped.value.detail
    assert [path.name for path in world.releases.iterdir()] == ["statistics-202610"]
    async with world.database.reading() as session:
        held = await find_newest(session, slot="full", state=State.HELD_BACK)
    assert held is not None
    assert held.problem is not None
    with pytest.raises(NoSuchRelease):
        await open_release(world.database, held.id, now=at("2026-11-24T09:31"))
    assert await world.tick("2026-11-24T09:35") == 0  # not again and again
    async with world.database.transaction() as session:
        await make_penalty(session, code, head=leak, violation_facts=None)
    assert await world.tick("2026-11-24T09:50") == 2
    assert str(first) in await ids(world)


async def test_a_sole_traders_own_name_and_held_texts_are_left_out(world: World) -> None:
    trader, shop = make_uscc(prefix="92"), make_uscc(prefix="92")
    async with world.database.transaction() as session:
        await make_registration(session, trader, name="张小三")
        await make_registration(session, shop, name="渝中区山雀食品经营部")
        await make_penalty(session, trader, party_name="张小三", violation_facts="事实", held_texts=["violation_facts"])
    await world.tick("2026-11-24T09:30")
    release = world.releases / (await world.present()).id
    assert {row["uscc"]: row["name"] for row in read_rows(release, "subjects")} == {
        trader: None,
        shop: "渝中区山雀食品经营部",
    }
    (row,) = read_rows(release, "penalties")
    assert (row["party_name"], row["violation_facts"]) == (None, None)


async def test_two_processes_build_a_release_once(world: World) -> None:
    await some_records(world)
    now = at("2026-11-24T09:30")
    await drain(world.database, lambda: now)
    await log_clock_edges(world.database, now=now)
    counts = await asyncio.gather(*(build_due(world.database, world.releases, world.keys, now=now) for _ in range(2)))
    assert sorted(counts) == [0, 3]
