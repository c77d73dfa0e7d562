"""Monthly figures: ended records count, small cells are not shown, and nothing moves once a month is told."""

import csv
from datetime import date

import pytest

from service.exports.statistics import Cell, suppress
from tests.factories import make_entry, make_penalty, make_uscc
from tests.service.exports.support import World


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        pytest.param({"a": 7, "b": 5}, {"a": 7, "b": 5}, id="none is small"),
        pytest.param(
            {"a": 7, "b": 4, "c": 9}, {"a": None, "b": None, "c": 9}, id="a lone small one takes the next with it"
        ),
        pytest.param({"a": 1, "b": 4, "c": 9}, {"a": None, "b": None, "c": 9}, id="two small ones hide each other"),
        pytest.param({"a": 2}, {"a": None}, id="nothing else is there"),
    ],
)
def test_small_cells_are_not_shown(counts: dict[str, int], shown: dict[str, int | None]) -> None:
    cells = [Cell("s", "2026-10", value, count) for value, count in counts.items()]
    assert {cell.value: cell.count for cell in suppress(cells)} == shown


async def test_a_month_is_told_once_with_ended_records_and_without_void_ones(world: World) -> None:
    async with world.database.transaction() as session:
        for _ in range(6):
            await make_penalty(session, make_uscc(), decided_on=date(2026, 10, 5), public_from=date(2026, 10, 8))
        code = make_uscc()
        ended = await make_penalty(session, code, decided_on=date(2026, 10, 6), public_from=date(2026, 10, 30))
        await make_penalty(session, code, decided_on=date(2026, 10, 7), state="draft")
        other = make_uscc()
        gone = await make_penalty(session, other, decided_on=date(2026, 10, 8))
        await make_penalty(session, other, head=gone, decided_on=date(2026, 10, 8), state="void")
        await make_penalty(session, make_uscc(), decided_on=date(2026, 11, 2))
        for _ in range(5):
            await make_entry(session, make_uscc(), listed_on=date(2026, 10, 9))
        await make_penalty(session, code, head=ended, decided_on=date(2026, 10, 6), state="ended", ending="repaired",
                           public_from=date(2026, 10, 30))  # fmt: skip
    await world.tick("2026-11-01T00:00:20")
    release = await world.present("statistics")
    assert (release.id, release.span) == ("statistics-202610", "202610")
    world.verify(release.id)
    rows = list(csv.DictReader((world.releases / release.id / "statistics.csv").read_text("utf-8").splitlines()))
    found = {(row["series"], row["month"], row["value"]): (row["count"], row["suppressed"]) for row in rows}
    assert found["penalties_by_kind", "2026-10", "fine"] == ("7", "false")
    assert found["entries_by_list", "2026-10", "test-serious"] == ("5", "false")
    assert found["penalties_by_days_to_publish", "2026-10", "0-7"] == ("", "true")
    assert not [key for key in found if key[1] == "2026-11"]
    async with world.database.transaction() as session:
        await make_penalty(session, make_uscc(), decided_on=date(2026, 10, 20))
    await world.tick("2026-11-02T00:00:20")
    assert (await world.present("statistics")).id == "statistics-202610"
