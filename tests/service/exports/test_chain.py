"""Import, publish, change, delta, mirror: at every step a stranger's copy has the digest of the full release."""

from datetime import date

from tests.factories import make_entry, make_penalty, make_registration, make_uscc
from tests.service.exports.support import Mirror, World, digests, read_rows


async def test_a_mirror_that_follows_the_deltas_equals_the_full_release_at_every_step(world: World) -> None:
    await world.tick("2026-10-10T10:00")
    codes = [make_uscc() for _ in range(12)]
    async with world.database.transaction() as session:
        for code in codes:
            await make_registration(session, code, name=f"重庆示例{code[-4:]}有限公司")
        stays = await make_penalty(session, codes[0])
        ends_by_clock = await make_penalty(session, codes[1], public_until=date(2026, 11, 21))
        opens = await make_penalty(session, codes[2], public_from=date(2026, 11, 22))
        repaired = await make_entry(session, codes[3])
        corrected = await make_penalty(session, codes[4], fine_fen=100)
        await make_penalty(session, codes[5], state="draft")
    assert await world.tick("2026-11-20T10:00") == 6
    full = await world.present()
    mirror = Mirror()
    mirror.load(world.releases / full.id)
    assert mirror.digests() == digests(world.releases / full.id)
    assert set(mirror.tables["penalties"]) == {str(stays), str(ends_by_clock), str(corrected)}
    assert set(mirror.tables["blacklist_entries"]) == {str(repaired)}
    assert len(mirror.tables["subjects"]) == 12

    async def follow(moment: str, slot: str) -> None:
        await world.tick(moment)
        full, delta = await world.present(), await world.present(slot)
        mirror.apply(world.releases / delta.id)
        assert mirror.digests() == digests(world.releases / full.id) == digests(world.releases / delta.id)

    async with world.database.transaction() as session:
        await make_penalty(session, codes[4], head=corrected, fine_fen=90_000, event="corrected")
        new = await make_penalty(session, codes[6])
        await make_registration(session, codes[7], name="重庆改名有限公司")
    await follow("2026-11-21T00:00:20", "delta-24h")
    assert str(new) in mirror.tables["penalties"]

    await follow("2026-11-22T00:00:20", "delta-24h")  # nothing but the clock
    assert str(ends_by_clock) not in mirror.tables["penalties"]
    assert str(opens) in mirror.tables["penalties"]
    delta = await world.present("delta-24h")
    assert read_rows(world.releases / delta.id, "tombstones") == [
        {"table": "penalties", "id": str(ends_by_clock), "ended_on": "2026-11-22"}
    ]

    async with world.database.transaction() as session:
        await make_entry(session, codes[3], head=repaired, state="ended", event="ended")
        await make_registration(session, codes[8], registered=False, state="void")
    await world.tick("2026-11-22T09:00")
    await follow("2026-11-22T09:01", "delta-8h")  # rebuilt behind an unplanned end
    assert mirror.tables["blacklist_entries"] == {}
    assert codes[8] not in mirror.tables["subjects"]

    await follow("2026-11-25T00:00:20", "delta-7d")  # three days missed
    for slot in ("delta-8h", "delta-24h", "delta-7d", "delta-31d"):
        world.verify((await world.present(slot)).id)


async def test_a_delta_may_be_applied_to_any_state_from_where_it_counts(world: World) -> None:
    await world.tick("2026-10-10T10:00")
    code, other = make_uscc(), make_uscc()
    async with world.database.transaction() as session:
        record = await make_penalty(session, code, fine_fen=100)
        await make_entry(session, code)
    await world.tick("2026-11-20T10:00")
    async with world.database.transaction() as session:
        await make_penalty(session, code, head=record, fine_fen=200)
        passing = await make_penalty(session, other)
    await world.tick("2026-11-21T00:00:20")
    middle = Mirror()
    middle.load(world.releases / (await world.present()).id)
    async with world.database.transaction() as session:
        await make_penalty(session, code, head=record, fine_fen=100)  # back to what it was
        await make_penalty(session, other, head=passing, state="void")
    await world.tick("2026-11-22T00:00:20")
    full, delta = await world.present(), await world.present("delta-7d")
    middle.apply(world.releases / delta.id)
    assert middle.digests() == digests(world.releases / full.id)
