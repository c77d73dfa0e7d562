"""Files of permits (双公示): every row accounted for, again and otherwise, reverted, resubmitted; reported within D01."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from service.access.rules import Role
from service.catalog.queries import load_catalog
from service.db import Database
from service.deadlines.actions import notify_deadlines, track_deadlines
from service.imports.actions import resubmit_row, revert_import, take_in_waiting
from service.mail.queries import prepare_deliveries
from service.samples import sample_code
from tests.clients import client_of, make_app, make_key
from tests.service.imports.support import (
    AUTHORITY,
    NOW,
    bring_in,
    clock,
    outcomes,
    reasons,
    rows_of,
    seed,
    write_csv,
)

HEADER = (
    *("XK_XDR_MC", "XK_XDR_SHXYM", "XK_XDR_GSZC", "XK_FRDB", "XK_FR_SFZH", "XK_XKWS", "XK_WSH", "XK_XKLB", "XK_XKZS"),
    *("XK_XKBH", "XK_NR", "XK_JDRQ", "XK_YXQZ", "XK_YXQZI", "XK_XKJG", "XK_ZT", "XK_LYDW", "BZ"),
)


def permit(n: int, **changes: str) -> list[str]:
    row = {
        "name": f"重庆示例{n}食品有限公司",
        "code": sample_code(n),
        "reg_no": "",
        "head": "示例某",
        "id": "",
        "document": "食品经营许可决定书",
        "number": f"渝示许〔2026〕{n}号",
        "kind": "普通",
        "certificate": "食品经营许可证",
        "certificate_no": f"JY150010500{n}",
        "content": "食品销售",
        "decided": "2026-11-20",
        "first": "2026-11-20",
        "last": "2031-11-19",
        "authority": "重庆市市场监督管理局",
        "state": "1",
        "source": "重庆市市场监督管理局",
        "remark": "",
    }
    return list((row | changes).values())


async def take(database: Database, path: Path, rows: list[list[str]], **asked: Any) -> Any:
    return await bring_in(database, write_csv(path, rows, HEADER), **({"kind": "permits", "source": None} | asked))


async def test_every_row_of_a_file_of_permits_is_accounted_for(database: Database, tmp_path: Path) -> None:
    await seed(database)
    rows = [
        permit(1),
        permit(2, kind="其他-备案", last="长期"),
        permit(3, last="2099-12-31", content="食品销售，联系电话13812345678"),
        permit(4),
        permit(4),
        permit(5),
        permit(5, content="餐饮服务"),
        permit(6, kind="批准"),
        permit(7, content=""),
        permit(8, decided=""),
        permit(9, decided="2026-12-20"),
        permit(10, last="2020-01-01"),
        permit(11, last="某日"),
        permit(12, code="91500000XY000001AA"),
        permit(13, code="", name="张三"),
        permit(14, authority="示例区没有的局"),
        permit(15, code="", reg_no="440301105984804"),
    ]
    job = await take(database, tmp_path / "a.csv", rows)
    assert job.problem is None
    assert job.table_info is not None
    assert (job.table_info["map"], job.table_info["unknown"]) == ("shuanggongshi-permits-2018", ["XK_ZT"])
    assert outcomes(job) == {"new": 4, "duplicate": 1, "quarantined": 11, "natural_person": 1}
    assert reasons(job) == {
        "repeated_in_file": 1,
        "conflict_in_file": 2,
        "unknown_permit_kind": 1,
        "no_permit_stated": 1,
        "no_decided_on": 1,
        "decided_on_in_future": 1,
        "valid_until_before_valid_from": 1,
        "unreadable_valid_until": 1,
        "suspect_check18": 1,
        "waiting_authority": 1,
        "waiting_subject": 1,
    }
    kept = await rows_of(
        database,
        """SELECT body->>'permit_kind', body->>'permit_kind_other', body->>'content', valid_until::text, held_texts,
            raw->>'XK_ZT', state, source_code FROM credit_record_version WHERE document_no LIKE '%〕2号' OR held_texts <> '{}'
        ORDER BY document_no""",
    )
    assert kept == [
        ("其他", "备案", "食品销售", None, [], "1", "recorded", f"own:{AUTHORITY}"),
        ("普通", None, kept[1][2], "2099-12-31", ["content"], "1", "recorded", f"own:{AUTHORITY}"),
    ]
    assert "13812345678" not in kept[1][2]
    assert await rows_of(database, "SELECT count(*) FROM change WHERE kind = 'credit_record'") == [(4,)]

    async with database.transaction() as session:
        cells = dict(zip(HEADER, permit(7), strict=True))
        catalog = await load_catalog(session)
        found = await resubmit_row(
            session, import_id=job.id, n=9, cells=cells, actor="test", catalog=catalog, clock=clock
        )
        assert (found.outcome, found.record_id is not None) == ("new", True)
    registry = ("企业名称", "统一社会信用代码", "工商注册号")
    firm = [["重庆示例15食品有限公司", sample_code(15), "440301105984804"]]
    await bring_in(database, write_csv(tmp_path / "r.csv", firm, registry), kind="subjects", source="registry")
    assert await take_in_waiting(database, clock=clock) == 1
    sums = await rows_of(
        database,
        "SELECT outcome, count(*) FROM import_row WHERE line > 0 AND import_id = (SELECT id FROM data_import WHERE kind = 'permits') GROUP BY 1 ORDER BY 1",
    )
    assert sums == [("duplicate", 1), ("natural_person", 1), ("new", 6), ("quarantined", 9)]


async def test_permits_again_otherwise_and_taken_back(database: Database, tmp_path: Path) -> None:
    await seed(database)
    rows = [permit(1), permit(2), permit(3, number="")]
    assert outcomes(await take(database, tmp_path / "a.csv", rows)) == {"new": 3}
    assert outcomes(await take(database, tmp_path / "a.csv", rows)) == {"duplicate": 3}
    respelt = [permit(1, number="渝示许[2026]1号", decided="2026/11/20"), permit(2), permit(3, number="")]
    assert outcomes(await take(database, tmp_path / "b.csv", respelt)) == {"changed": 1, "duplicate": 2}
    longer = [permit(1, last="2032-11-19"), permit(2), permit(3, number="")]
    changed = await take(database, tmp_path / "c.csv", longer)
    assert outcomes(changed) == {"changed": 1, "duplicate": 2}
    old = await take(database, tmp_path / "a.csv", rows)
    assert (outcomes(old), reasons(old)) == ({"duplicate": 3}, {"old_file": 1})
    other = await take(database, tmp_path / "d.csv", [permit(1), permit(2, content="餐饮")], source="site")
    assert outcomes(other) == {"disputed": 2}
    async with database.transaction() as session:
        done = await revert_import(session, import_id=changed.id, actor="test", now=NOW)
    assert done.state == "reverted"
    last = "SELECT valid_until::text, version_no, state FROM credit_record_version WHERE superseded_at IS NULL ORDER BY document_no NULLS LAST"
    assert await rows_of(database, last) == [
        ("2031-11-19", 4, "recorded"), ("2031-11-19", 1, "recorded"), ("2031-11-19", 1, "recorded"),
    ]  # fmt: skip
    heads = await rows_of(
        database,
        """SELECT count(*) FROM credit_record h JOIN credit_record_version v USING (uscc, id, version_no, state)
        WHERE v.superseded_at IS NULL""",
    )
    assert heads == [(3,)]


async def test_a_permit_is_due_at_credit_china_until_it_is_reported_and_makes_no_outcome(
    database: Database, tmp_path: Path
) -> None:
    await seed(database)
    await take(database, tmp_path / "a.csv", [permit(1), permit(2)])
    await take(database, tmp_path / "b.csv", [permit(3)], source="site")
    assert await track_deadlines(database, now=NOW) == 2
    assert await track_deadlines(database, now=NOW) == 0
    app = make_app(database, now=NOW)
    recorder = await make_key(database, Role.RECORDER, authority_code=AUTHORITY)
    async with client_of(app, key=recorder) as office, client_of(app) as public:
        page = (await office.get("/v1/deadlines", params={"deadline": "D01"})).json()["items"]
        assert [(one["due_on"], one["channel"], one["penalty_id"]) for one in page] == [
            ("2026-12-01", "credit_china", None)
        ] * 2
        code = sample_code(1)
        mine = next(one for one in page if one["uscc"] == code)
        path = f"/v1/subjects/{code}/credit-records/{mine['credit_record_id']}"
        answer = {"outcome": "accepted", "on": "2026-11-24"}
        wrong = await office.post(f"/v1/deadlines/{mine['id']}/answers", json=answer)
        assert (wrong.status_code, wrong.json()["code"]) == (409, "answered_on_the_record")
        back = answer | {"outcome": "rejected", "reason": "未查询到主体"}
        assert (await office.post(f"/v1/deadlines/{mine['id']}/answers", json=back)).json()["rejections"] == 1
        assert (await office.get(path)).json()["report_due_on"] == "2026-12-01"
        done = await office.post(f"{path}/reported", json={"reported_on": "2026-11-24"}, headers={"If-Match": '"1"'})
        assert done.status_code == 200, done.text

        file = f"/v1/subjects/{code}/credit-file"
        (read,) = (await office.get(file)).json()["credit_records"]
        assert read["reported_on"] is None  # it has no position yet
        came = read["provenance"]
        assert (came["file"], came["line"], came["source"]) == ("a.csv", 2, f"own:{AUTHORITY}")
        await bring_in(database, write_csv(tmp_path / "e.csv", [permit(9)], HEADER), kind="permits", source=None)
        assert (await office.get(file)).json()["credit_records"][0]["reported_on"] == "2026-11-24"
        day_before = {"known_at": (NOW - timedelta(days=1)).isoformat()}
        assert (await office.get(file, params=day_before)).json()["code"] == "no_credit_file"
        then = (await office.get(file, params={"as_of": "2026-11-24"})).json()
        assert [one["reported_on"] for one in then["credit_records"]] == ["2026-11-24"]
        assert then["credit_records"][0]["provenance"]["file"] is None  # the version that says so was made by hand
        assert await track_deadlines(database, now=NOW) == 2
        met = (await office.get("/v1/deadlines", params={"standing": "met"})).json()["items"]
        assert [(one["id"], one["met_on"], one["late"]) for one in met] == [(mine["id"], "2026-11-24", False)]

        assert (await public.get(f"/v1/status/{code}")).json()["outcome"] == "not_covered"
        events = (await office.get("/v1/changes", params={"after": 0})).json()["items"]
        assert {one["event"] for one in events} == {"none"}
        assert [one["position"] for one in events] == list(range(1, len(events) + 1))

    # Again after the report: the acceptance stays, and what is overdue is told to the authority.
    await take(database, tmp_path / "c.csv", [permit(1, content="食品销售（含冷藏）")])
    assert await rows_of(
        database,
        "SELECT reported_on::text, version_no FROM credit_record_version WHERE reported_on IS NOT NULL AND superseded_at IS NULL",
    ) == [("2026-11-24", 3)]
    later = NOW + timedelta(days=30)
    assert await notify_deadlines(database, now=later) == 2
    async with database.transaction() as session:
        await prepare_deliveries(session, now=later)
    assert await rows_of(database, "SELECT DISTINCT topic, record_kind FROM outbox_item") == [
        ("deadline_overdue", "credit_record")
    ]
