"""Where sources disagree: the one that is trusted more in a field is shown there, and the conflict stays listed."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from service.access.rules import Role
from service.catalog.trust import TRUSTED, BadTrust, check_trust, parse_trust
from service.db import Database
from service.imports.actions import revert_import
from service.imports.shapes import SHAPES
from service.models import BlacklistEntryVersion, PenaltyVersion, SubjectVersion
from service.samples import sample_code
from tests.clients import NOW, client_of, make_app, make_key
from tests.service.imports.support import (
    AUTHORITY,
    bring_in,
    outcomes,
    penalty,
    reasons,
    rows_of,
    seed,
    write_csv,
)


async def shown(database: Database, n: int) -> tuple[Any, ...]:
    rows = await rows_of(
        database,
        """SELECT uscc, penalty_content, fine_fen, source_code, field_sources FROM penalty_version
        WHERE superseded_at IS NULL""",
    )
    (found,) = [tuple(row[1:]) for row in rows if row.uscc == sample_code(n)]
    return found


async def conflicts(database: Database, key: str, **asked: Any) -> list[dict[str, Any]]:
    async with client_of(make_app(database), key=key) as client:
        items: list[dict[str, Any]] = (await client.get("/v1/source-conflicts", params=asked)).json()["items"]
        return items


async def test_what_is_trusted_more_is_shown_and_the_conflict_stays(database: Database, tmp_path: Path) -> None:
    await seed(database)
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE source SET trust = :trust WHERE code = 'other-site'"),
            {"trust": ["penalty_content:10", "*:60"]},
        )
        await session.execute(text("UPDATE source SET trust = :trust WHERE code = 'site'"), {"trust": ["*:50"]})
    await bring_in(database, write_csv(tmp_path / "a.csv", [penalty(1), penalty(2), penalty(3)]))
    first = (await shown(database, 1))[0]
    other = write_csv(tmp_path / "b.csv", [penalty(n, content="罚款人民币8000元") for n in (1, 2)])
    job = await bring_in(database, other, source="other-site")
    assert outcomes(job) == {"disputed": 2}
    assert reasons(job) == {"source_conflict": 2, "source_preferred": 2}
    merged = ("罚款人民币8000元", 100_000, "site", {"penalty_content": "other-site"})
    assert await shown(database, 1) == merged, "the amount is nothing that trust decides: a window follows from it"
    assert outcomes(await bring_in(database, other, source="other-site")) == {"duplicate": 2}
    again = write_csv(tmp_path / "c.csv", [penalty(3), penalty(1)])
    assert outcomes(await bring_in(database, again)) == {"duplicate": 2}, "its own source has said nothing new"
    changed = write_csv(tmp_path / "d.csv", [penalty(1, content="罚款人民币9000元", published="2026-10-13")])
    assert outcomes(await bring_in(database, changed)) == {"changed": 1}
    assert await shown(database, 1) == ("罚款人民币8000元", 900_000, "site", {"penalty_content": "other-site"})
    newer = write_csv(tmp_path / "e.csv", [penalty(1, content="罚款人民币7000元")])
    assert reasons(await bring_in(database, newer, source="other-site"))["source_preferred"] == 1
    assert (await shown(database, 1))[0] == "罚款人民币7000元", "of one source the last word counts"
    own = await bring_in(database, write_csv(tmp_path / "f.csv", [penalty(3, content="罚款人民币8元")]), source=None)
    assert reasons(own) == {"source_conflict": 1}, "a draft of an authority's own takes no published value away"

    auditor = await make_key(database, Role.AUDITOR)
    (one,) = await conflicts(database, auditor, uscc=sample_code(1))
    assert (one["record_source"], one["source"]) == ("site", "other-site")
    assert one["states"]["penalty_content"] == one["shown"]["penalty_content"] == "罚款人民币7000元"
    assert (one["states"]["fine_fen"], one["shown"]["fine_fen"]) == (700_000, 900_000)
    assert one["shown_from"] == {"penalty_content": "other-site"}
    assert len(await conflicts(database, auditor)) == 3
    assert len(await conflicts(database, await make_key(database, Role.RECORDER, authority_code=AUTHORITY))) == 3
    async with client_of(make_app(database), key=auditor) as client:
        page = (await client.get("/v1/source-conflicts?limit=2")).json()
        rest = (await client.get("/v1/source-conflicts", params={"limit": 2, "cursor": page["next"]})).json()
        assert [len(page["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]

    async with database.transaction() as session:
        await revert_import(session, import_id=job.id, actor="test", now=NOW)
    assert (await shown(database, 2))[0] != "罚款人民币8000元", "taken back with the import that brought it"
    assert (await shown(database, 2))[3] is None
    assert {item["uscc"] for item in await conflicts(database, auditor)} == {sample_code(1), sample_code(3)}
    assert first != "罚款人民币7000元"


async def test_a_text_that_is_held_back_stays_so_while_it_is_shown_from_another_source(
    database: Database, tmp_path: Path
) -> None:
    await seed(database)
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE source SET trust = :trust WHERE code = 'other-site'"), {"trust": ["penalty_content:10"]}
        )
    held = "SELECT penalty_content, held_texts FROM penalty_version WHERE superseded_at IS NULL"
    personal = "罚款人民币8000元，联系电话13812345678"
    await bring_in(database, write_csv(tmp_path / "a.csv", [penalty(1)]))
    await bring_in(database, write_csv(tmp_path / "b.csv", [penalty(1, content=personal)]), source="other-site")
    (before,) = await rows_of(database, held)
    assert before.held_texts == ["penalty_content"]
    changed = write_csv(tmp_path / "c.csv", [penalty(1, content="罚款人民币9000元", published="2026-10-13")])
    assert outcomes(await bring_in(database, changed)) == {"changed": 1}
    assert await rows_of(database, held) == [before], (
        "the text is the other source's, and so is what was held back of it"
    )


async def test_a_registration_takes_each_field_from_whom_it_is_trusted(database: Database, tmp_path: Path) -> None:
    await seed(database)
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE source SET trust = :trust WHERE code = 'site'"), {"trust": ["registered_capital:5"]}
        )
    header = ("企业名称", "统一社会信用代码", "注册资本", "住所")
    firm = ["重庆示例5贸易有限公司", sample_code(5)]
    await bring_in(
        database,
        write_csv(tmp_path / "r.csv", [[*firm, "100万元", "示例路1号"]], header),
        kind="subjects",
        source="registry",
    )
    later = write_csv(tmp_path / "s.csv", [[*firm, "500万元", "示例路2号"]], header)
    job = await bring_in(database, later, kind="subjects", source="site")
    assert reasons(job) == {"source_conflict": 1, "source_preferred": 1}
    (row,) = await rows_of(
        database,
        """SELECT capital_text, registered_address, source_code, field_sources FROM subject_version
        WHERE superseded_at IS NULL""",
    )
    assert row[0].startswith("500")
    assert tuple(row[1:]) == ("示例路1号", "registry", {"registered_capital": "site"})


def test_ranks_speak_of_columns_that_are_compared_and_from_which_no_window_follows() -> None:
    tables = {"subject": SubjectVersion, "penalty": PenaltyVersion, "blacklist_entry": BlacklistEntryVersion}
    for shape in SHAPES.values():
        for columns in TRUSTED[shape.change_kind].values():
            assert set(columns) <= set(shape.compared)
            assert set(columns) <= {column.name for column in tables[shape.change_kind].__table__.columns}
            assert not set(columns) & {"kinds", "fine_fen", "decided_on", "published_on", "stated_until", "listed_on"}


@pytest.mark.parametrize("entry", ["", "penalty_content", "penalty_content:0", "fine_fen:3", "*:100", "Remark:1"])
def test_a_rank_of_another_form_is_refused(entry: str) -> None:
    with pytest.raises(BadTrust, match="FIELD:RANK"):
        parse_trust(entry)


def test_a_field_has_one_rank() -> None:
    check_trust(["*:50", "remark:3"])
    with pytest.raises(BadTrust, match="more than one"):
        check_trust(["remark:3", "remark:4"])
