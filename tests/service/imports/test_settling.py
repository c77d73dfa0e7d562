"""A person decides which source is right about a field: shown at once, kept through later files, explained, undone."""

from pathlib import Path
from typing import Any

from sqlalchemy import text

from service.access.rules import Role
from service.changes.actions import drain
from service.db import Database
from service.samples import sample_code
from tests.clients import client_of, make_app, make_key
from tests.service.imports.support import AUTHORITY, bring_in, clock, penalty, reasons, rows_of, seed, write_csv

PATH = "/v1/source-conflicts/decisions"
CONTENT = "SELECT uscc, penalty_content, field_sources, held_texts FROM penalty_version WHERE superseded_at IS NULL"


async def shown(database: Database, n: int) -> tuple[Any, ...]:
    (row,) = [row for row in await rows_of(database, CONTENT) if row.uscc == sample_code(n)]
    return tuple(row[1:])


async def test_a_decision_comes_before_ranks_is_kept_explained_and_undone(database: Database, tmp_path: Path) -> None:
    await seed(database)
    async with database.transaction() as session:
        await session.execute(text("UPDATE source SET trust = '{penalty_content:10}' WHERE code = 'other-site'"))
    await bring_in(database, write_csv(tmp_path / "a.csv", [penalty(1, content="罚款人民币1000元"), penalty(2)]))
    await bring_in(
        database, write_csv(tmp_path / "b.csv", [penalty(1, content="罚款人民币2000元")]), source="other-site"
    )
    assert (await shown(database, 1))[:2] == ("罚款人民币2000元", {"penalty_content": "other-site"})
    await bring_in(
        database, write_csv(tmp_path / "c.csv", [penalty(1, content="罚款人民币3000元", published="2026-10-13")])
    )
    assert (await shown(database, 1))[0] == "罚款人民币2000元"
    (head,) = [row for row in await rows_of(database, "SELECT uscc, id FROM penalty") if row.uscc == sample_code(1)]
    which = {"kind": "penalty", "uscc": sample_code(1), "record_id": str(head.id), "field": "penalty_content"}
    asked = which | {"source": "site", "reason": "与决定书一致"}
    keys = {
        "reviewer": await make_key(database, Role.REVIEWER, authority_code=AUTHORITY),
        "recorder": await make_key(database, Role.RECORDER, authority_code=AUTHORITY),
        "registrar": await make_key(database, Role.REGISTRAR, authority_code=AUTHORITY),
        "auditor": await make_key(database, Role.AUDITOR),
    }
    app = make_app(database)

    async def post(who: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        async with client_of(app, key=keys[who]) as client:
            answer = await client.post(path, json=body)
            return answer.status_code, answer.json()

    async def conflicts(*, decided: bool) -> list[dict[str, Any]]:
        async with client_of(app, key=keys["auditor"]) as client:
            found = await client.get("/v1/source-conflicts", params={"decided": decided})
            items: list[dict[str, Any]] = found.json()["items"]
            return items

    for who, body, code in (
        ("recorder", asked, "role_missing"),
        ("registrar", asked, "no_such_source_conflict"),
        ("reviewer", asked | {"field": "fine_fen"}, "field_not_decided"),
        ("reviewer", asked | {"uscc": sample_code(2)}, "no_such_source_conflict"),
        ("reviewer", asked | {"source": "lists"}, "source_says_nothing"),
    ):
        assert (await post(who, PATH, body))[1]["code"] == code
    assert (await post("reviewer", f"{PATH}/undo", which | {"reason": "x"}))[1]["code"] == "nothing_decided"

    status, told = await post("reviewer", PATH, asked)
    assert (status, told["was"], told["decided_on"], told["version_no"]) == (200, "other-site", "2026-11-24", 4)
    assert (await shown(database, 1))[:2] == ("罚款人民币3000元", None), "its last word, which no version had"
    assert (await post("reviewer", PATH, asked))[1]["code"] == "field_decided"
    later = write_csv(tmp_path / "d.csv", [penalty(1, content="罚款人民币4000元")])
    assert reasons(await bring_in(database, later, source="other-site")) == {"source_conflict": 1}
    assert (await shown(database, 1))[0] == "罚款人民币3000元", "what is trusted elsewhere decides no more"
    own = write_csv(tmp_path / "e.csv", [penalty(1, content="罚款人民币5000元", published="2026-10-14")])
    await bring_in(database, own)
    assert (await shown(database, 1))[0] == "罚款人民币5000元"
    (one,) = await conflicts(decided=False)
    assert "penalty_content" in one["differs"], "other fields of it are open"
    assert one["decided"] == [
        {"field": "penalty_content", "source": "site", "decided_on": "2026-11-24", "reason": "与决定书一致"}
    ]

    await drain(database, clock)
    async with client_of(app, key=keys["reviewer"]) as client:
        file = (await client.get(f"/v1/subjects/{sample_code(1)}/credit-file")).json()
        (provenance,) = [record["provenance"] for record in file["penalties"]]
        assert provenance["source"] == "site"
        (field,) = provenance["fields"]
        assert (field["field"], field["source"], field["reason"]) == ("penalty_content", "site", "与决定书一致")
        versions = await client.get(f"/v1/subjects/{sample_code(1)}/penalties/{head.id}/versions")
        assert "settle_conflict" in versions.text

    status, told = await post("reviewer", f"{PATH}/undo", which | {"reason": "误判"})
    assert (status, told["source"]) == (200, "site")
    assert (await shown(database, 1))[:2] == ("罚款人民币4000元", {"penalty_content": "other-site"})
    assert (await conflicts(decided=False))[0]["decided"] == []


async def test_a_text_that_is_held_back_stays_so_and_registrations_are_decided_by_registrars(
    database: Database, tmp_path: Path
) -> None:
    await seed(database)
    personal = "罚款人民币2000元，联系电话13812345678"
    await bring_in(database, write_csv(tmp_path / "a.csv", [penalty(1, content="罚款人民币2000元")]))
    await bring_in(database, write_csv(tmp_path / "b.csv", [penalty(1, content=personal)]), source="other-site")
    header = ("企业名称", "统一社会信用代码", "注册资本", "住所")
    firm = ["重庆示例5贸易有限公司", sample_code(5)]
    for name, row, source in (
        ("r.csv", [*firm, "100万元", "示例路1号"], "registry"),
        ("s.csv", [*firm, "500万元", "示例路1号"], "site"),
    ):
        await bring_in(database, write_csv(tmp_path / name, [row], header), kind="subjects", source=source)
    (head,) = [row for row in await rows_of(database, "SELECT uscc, id FROM penalty") if row.uscc == sample_code(1)]
    app = make_app(database)
    body = {"kind": "penalty", "uscc": sample_code(1), "record_id": str(head.id), "field": "penalty_content"}
    reviewer = await make_key(database, Role.REVIEWER, authority_code=AUTHORITY)
    registrar = await make_key(database, Role.REGISTRAR, authority_code=AUTHORITY)
    async with client_of(app, key=reviewer) as client:
        assert (await client.post(PATH, json=body | {"source": "other-site", "reason": "x"})).status_code == 200
        content, sources, held = await shown(database, 1)
        assert ("13812345678" in content, sources, held) == (
            False,
            {"penalty_content": "other-site"},
            ["penalty_content"],
        )
        assert (await client.post(f"{PATH}/undo", json=body | {"reason": "x"})).status_code == 200
        assert await shown(database, 1) == ("罚款人民币2000元", None, [])
    body = {
        "kind": "subject",
        "uscc": sample_code(5),
        "field": "registered_capital",
        "source": "site",
        "reason": "年报",
    }
    async with client_of(app, key=reviewer) as client:
        assert (await client.post(PATH, json=body)).json()["code"] == "not_theirs_to_decide"
    async with client_of(app, key=registrar) as client:
        assert (await client.post(PATH, json=body)).status_code == 200
        (settled,) = (await client.get("/v1/source-conflicts?decided=true")).json()["items"]
        assert (settled["uscc"], settled["shown"]["capital_text"]) == (
            sample_code(5),
            settled["states"]["capital_text"],
        )
        await drain(database, clock)
        file = (await client.get(f"/v1/subjects/{sample_code(5)}/credit-file")).json()
        (field,) = file["registration"]["provenance"]["fields"]
        assert (field["source"], field["decided_on"]) == ("site", "2026-11-24")
    again = write_csv(tmp_path / "t.csv", [[*firm, "200万元", "示例路3号"]], header)
    await bring_in(database, again, kind="subjects", source="registry")
    (row,) = await rows_of(
        database,
        "SELECT capital_text, registered_address, field_decisions FROM subject_version WHERE superseded_at IS NULL",
    )
    assert (row[0][:3], row[1], row[2]["registered_capital"]["source"]) == ("500", "示例路3号", "site")
