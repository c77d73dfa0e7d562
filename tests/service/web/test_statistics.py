"""The pages of figures and of notices: what is frozen is shown, what is small is not, and no text becomes markup."""

from datetime import date
from pathlib import Path

import pytest

from service.db import Database
from service.models import WithdrawalNotice
from service.settings import Settings
from service.web.statistics.charts import bars, ceiling, stacked_months
from service.web.statistics.rules import Series, grouped, lately, totals
from tests.clients import client_of, make_app
from tests.factories import make_penalty, make_uscc
from tests.service.exports.support import World

SERIES = Series(
    ("2025-11", "2026-02"),
    ("a", "b", "c"),
    {("2025-11", "a"): 5, ("2025-11", "b"): None, ("2026-02", "a"): 6, ("2026-02", "c"): 40},
)


def test_the_newest_months_are_shown_without_a_gap_and_the_largest_value_comes_first() -> None:
    part = lately(SERIES)
    assert part.months == ("2025-11", "2025-12", "2026-01", "2026-02")
    assert part.values == ("c", "a", "b")
    assert [part.of(month, "a") for month in part.months] == [5, 0, 0, 6]
    assert part.of("2025-11", "b") is None
    assert lately(SERIES, months=2).months == ("2026-01", "2026-02")


def test_values_beyond_the_colours_are_added_up() -> None:
    part = grouped(lately(SERIES), most=2)
    assert part.values == ("c", "other")
    assert [part.of(month, "other") for month in part.months] == [5, 0, 0, 6]
    assert totals(part) == [("c", 40), ("other", 11)]
    assert grouped(lately(SERIES), most=3) == lately(SERIES)


@pytest.mark.parametrize(("most", "end"), [(1, 4), (4, 4), (5, 8), (21, 24), (81, 120), (999, 1200)])
def test_an_axis_ends_at_four_steps_that_read_well(most: int, end: int) -> None:
    assert ceiling(most) == end


def test_a_chart_draws_what_is_shown_and_escapes_names() -> None:
    drawing = str(stacked_months(lately(SERIES)))
    assert drawing.count('class="c0"') == 1
    assert "2026-02" in drawing
    assert "<b>" not in bars([("<b>", 3)])
    assert "&lt;b&gt;" in bars([("<b>", 3)])


async def test_the_page_shows_the_frozen_figures_with_their_numbers(database: Database, tmp_path: Path) -> None:
    app = make_app(database, settings=Settings(data_dir=tmp_path))
    async with client_of(app) as client:
        before = await client.get("/statistics")
        assert "还没有统计" in before.text
        async with database.transaction() as session:
            for _ in range(7):
                await make_penalty(session, make_uscc(), decided_on=date(2026, 10, 5), public_from=date(2026, 10, 8))
            for kind, count in (("warning", 2), ("criticism", 6)):
                for _ in range(count):
                    await make_penalty(session, make_uscc(), kinds=[kind], decided_on=date(2026, 10, 6))
        await World(database, tmp_path).tick("2026-11-01T00:00:20")
        page = await client.get("/en/statistics")
        again = await client.get("/en/statistics", headers={"If-None-Match": page.headers["etag"]})
    assert page.status_code == 200
    assert "statistics-202610" in page.text
    assert '<th scope="row">2026-10</th>' in page.text
    assert "&lt;5" in page.text
    assert again.status_code == 304


async def test_a_notice_is_shown_until_its_last_day_and_found_by_its_number(database: Database) -> None:
    uscc = make_uscc()
    async with database.transaction() as session:
        for n, until in ((1, date(2026, 11, 24)), (2, date(2026, 11, 23))):
            fallen = await make_penalty(session, uscc, state="ended", ending="withdrawn", document_no=f"渝罚{n}号")
            session.add(
                WithdrawalNotice(
                    uscc=uscc, penalty_id=fallen, document_no=f"渝罚{n}号", authority_code="a", authority_name="示例局",
                    fall="revoked", reason="<i>撤销</i>", fell_on=date(2026, 11, 2), shown_from=date(2026, 11, 2),
                    shown_until=until,
                )
            )  # fmt: skip
    async with client_of(make_app(database)) as client:
        page = await client.get("/notices")
        found = await client.get("/en/notices", params={"document_no": "渝罚1号"})
        other = await client.get("/notices", params={"authority": "b"})
        wrong = await client.get("/notices", params={"cursor": "xyz"})
    assert "渝罚1号" in page.text
    assert "渝罚2号" not in page.text
    assert "<i>" not in page.text
    assert uscc not in page.text
    assert "渝罚1号" in found.text
    assert "现在没有公告" in other.text
    assert wrong.status_code == 422
