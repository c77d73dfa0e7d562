"""Firms that merge, split or get a new code: the old code leads to the new one, and records stay until a decision moves them."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from schemas.penalties import MovedOut
from schemas.status import StatusOut
from schemas.subjects import CreditFileOut, SubjectPage
from service.access.rules import Role
from service.db import Database
from service.imports.actions import revert_import
from service.subjects.rules import (
    ImpossibleRegistration,
    Registration,
    RegistrationStatus,
    Succession,
    check_succession,
    registration_event,
)
from tests.clients import NOW, client_of, make_app, make_key
from tests.factories import make_uscc
from tests.service.imports.support import bring_in, reasons, rows_of, seed, write_csv
from tests.service.penalties.lives import SIGNED, USCC, open_office

TODAY = NOW.date()
NEW, OTHER = make_uscc(2), make_uscc(3)


def registration(**changes: Any) -> Registration:
    values: dict[str, Any] = {"name": "甲有限公司", "registration_status": RegistrationStatus.CANCELLED} | changes
    return Registration(**values)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"successors": (NEW,)}, "go together"),
        ({"succession": Succession.MERGED}, "go together"),
        ({"succeeded_on": TODAY}, "go together"),
        ({"succession": Succession.MERGED, "successors": (USCC,)}, "its own successor"),
        ({"succession": Succession.CODE_CHANGED, "successors": (NEW, OTHER)}, "under one code, not 2"),
        (
            {
                "succession": Succession.MERGED,
                "successors": (NEW,),
                "registration_status": RegistrationStatus.ACTIVE,
            },
            "not active",
        ),
        (
            {"succession": Succession.SPLIT, "successors": (NEW,), "succeeded_on": TODAY.replace(year=2027)},
            "lies in the future",
        ),
    ],
)  # fmt: skip
def test_successors_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ImpossibleRegistration, match=words):
        check_succession(USCC, registration(**changes), today=TODAY)


def test_a_split_may_leave_the_firm_active_and_the_event_says_how() -> None:
    split = registration(
        succession=Succession.SPLIT, successors=(NEW, OTHER), registration_status=RegistrationStatus.ACTIVE
    )
    check_succession(USCC, split, today=TODAY)
    assert registration_event(frozenset({"successors", "succession"}), split) == "split"
    assert registration_event(frozenset({"registration_status"}), registration()) == "cancelled"


async def test_an_old_code_leads_to_the_new_one_and_a_penalty_follows_only_by_a_decision(database: Database) -> None:
    async with open_office(database) as office:
        record = await office.published()
        body = {"to_uscc": NEW, "party_name": "重庆新月商贸有限公司", "reason": "被吸收合并", "cause": "succession"}
        early = await office.do(office.recorder, record, "move", body | {"basis": "渝示决〔2026〕1号"})
        assert early.json()["code"] == "not_a_successor"
        assert (await office.do(office.recorder, record, "move", body)).status_code == 422
        stated = {"name": "重庆旧月商贸有限公司", "registration_status": "active"}
        assert (await office.registrar.put(f"/v1/subjects/{USCC}", json=stated)).status_code == 201
        there = stated | {"name": "重庆新月商贸有限公司"}
        assert (await office.registrar.put(f"/v1/subjects/{NEW}", json=there)).status_code == 201
        await office.settle()
        merged = stated | {"registration_status": "cancelled", "succession": "merged", "succeeded_on": "2026-11-01"}
        wrong = await office.registrar.put(
            f"/v1/subjects/{USCC}", json=merged | {"successors": ["123"]}, headers={"If-Match": '"1"'}
        )
        assert wrong.json()["code"] == "malformed_uscc"
        put = await office.registrar.put(
            f"/v1/subjects/{USCC}", json=merged | {"successors": [NEW.lower()]}, headers={"If-Match": '"1"'}
        )
        succession = {"kind": "merged", "since": "2026-11-01", "successors": [NEW]}
        assert (put.status_code, put.json()["succession"]) == (200, succession)
        await office.settle()
        answer = StatusOut.model_validate((await office.public.get(f"/v1/status/{USCC}")).json())
        assert [one.code for one in answer.warnings][:1] == ["succeeded"]
        assert f"merged into {NEW} since 2026-11-01" in answer.warnings[0].detail
        assert [str(one.id) for one in answer.penalties] == [record["id"]], "records stay where they were decided"
        past = (await office.public.get(f"/v1/status/{USCC}", params={"as_of": "2026-11-24"})).json()
        assert past["registration"] == {"status": "cancelled", "since": None}
        assert past["warnings"][0] == answer.warnings[0].model_dump()
        (asked,) = (await office.platform.post("/v1/status/batch", json={"codes": [USCC]})).json()["results"]
        assert (asked["registration"], asked["warnings"]) == (past["registration"], past["warnings"])
        hits = SubjectPage.model_validate((await office.public.get(f"/v1/subjects?identifier={USCC}")).json()).items
        assert [(hit.uscc, hit.matched_kind) for hit in hits] == [(NEW, "former_code")]
        (hit,) = (await office.public.get("/v1/subjects", params={"name": stated["name"]})).json()["items"][:1]
        assert (hit["uscc"], hit["successors"]) == (USCC, [NEW])
        changes = (await office.platform.get("/v1/changes?after=0")).json()["items"]
        assert [one["event"] for one in changes if one.get("kind") == "subject"] == [
            "registered",
            "registered",
            "merged",
        ]
        assert changes[-1]["record"]["successors"] == [NEW]
        other = body | {"to_uscc": OTHER, "basis": "渝示决〔2026〕1号"}
        assert (await office.do(office.recorder, record, "move", other)).json()["code"] == "not_a_successor"
        moved = MovedOut.model_validate(
            await office.must(office.recorder, record, "move", body | {"basis": "渝示决〔2026〕1号"})
        )
        assert moved.ended.own is not None
        made = moved.made.model_dump(mode="json")
        made = await office.must(office.reviewer, made, "approve", SIGNED)
        made = await office.must(office.reviewer, made, "publish")
        assert (made["publish_from"], made["publish_until"]) == (record["publish_from"], record["publish_until"])
        assert (await office.status_ids(), await office.status_ids(NEW)) == (set(), {made["id"]})
        file = CreditFileOut.model_validate((await office.platform.get(f"/v1/subjects/{NEW}/credit-file")).json())
        assert [(one.uscc, one.kind) for one in file.predecessors] == [(USCC, "merged")]
        back = await office.registrar.put(f"/v1/subjects/{USCC}", json=stated, headers={"If-Match": '"2"'})
        assert back.json()["succession"] is None
        await office.settle()
        assert (await office.public.get(f"/v1/subjects?identifier={USCC}")).json()["items"] == []


async def test_a_registry_extract_tells_of_successors(database: Database, tmp_path: Path) -> None:
    await seed(database)
    header = (
        "企业名称",
        "统一社会信用代码",
        "登记状态",
        "注销日期",
        "注销原因",
        "承继主体统一社会信用代码",
        "变更后统一社会信用代码",
    )
    old, split, changed, bad, silent = (make_uscc(number) for number in range(20, 25))
    rows = [
        ("重庆甲商行有限公司", old, "注销", "2026-10-01", "因合并注销", NEW, ""),
        ("重庆乙商行有限公司", split, "存续", "", "派生分立", f"{NEW}、{OTHER}", ""),
        ("重庆丙商行有限公司", changed, "", "2026-10-02", "", "", NEW),
        ("重庆丁商行有限公司", bad, "注销", "2026-10-03", "合并", "12345", ""),
        ("重庆戊商行有限公司", silent, "注销", "2026-10-03", "决议解散", "", ""),
        ("重庆新月商贸有限公司", NEW, "存续", "", "", "", ""),
    ]
    imported = await bring_in(
        database, write_csv(tmp_path / "extract.csv", rows, header), kind="subjects", source="registry"
    )
    assert reasons(imported) == {"unreadable_succession": 1}
    key = await make_key(database, Role.PLATFORM)
    async with client_of(make_app(database), key=key) as platform:
        told = {code: (await platform.get(f"/v1/subjects/{code}")).json() for code in (old, split, changed, silent)}
        assert told[old]["succession"] == {"kind": "merged", "since": "2026-10-01", "successors": [NEW]}
        assert told[split]["registration_status"] == "active"
        assert told[split]["succession"] == {"kind": "split", "since": None, "successors": [NEW, OTHER]}
        assert told[changed]["registration_status"] == "cancelled"
        assert told[changed]["succession"]["kind"] == "code_changed"
        assert told[silent]["succession"] is None
        for code in (old, split, changed):
            hits = (await platform.get(f"/v1/subjects?identifier={code}")).json()["items"]
            assert [hit["uscc"] for hit in hits] == [NEW]


async def test_the_row_of_a_new_code_tells_of_the_old_ones_and_doubts_go_to_a_person(
    database: Database, tmp_path: Path
) -> None:
    await seed(database)
    header = (
        "企业名称",
        "统一社会信用代码",
        "登记状态",
        "注销日期",
        "变更情形",
        "原统一社会信用代码",
        "承继主体统一社会信用代码",
    )
    old, gone, first, second, torn, taken, active, elsewhere, unknown, lone = (
        make_uscc(number) for number in range(40, 50)
    )
    whole, parts, rivals = make_uscc(50), (make_uscc(51), make_uscc(52)), (make_uscc(53), make_uscc(54))

    async def bring(*rows: tuple[str, ...], name: str) -> dict[str, int]:
        imported = await bring_in(
            database, write_csv(tmp_path / f"{name}.csv", list(rows), header), kind="subjects", source="registry"
        )
        assert imported.state == "finished", imported.problem
        return reasons(imported)

    before = [
        (f"重庆{number}号旧商行有限公司", code, "存续", "", "", "", "")
        for number, code in enumerate((old, first, second, torn))
    ]
    assert await bring(*before, (f"重庆{gone}商行", gone, "注销", "2026-10-01", "合并", "", OTHER), name="before") == {}
    new = [
        ("重庆新码商行有限公司", NEW, "存续", "", "", old, ""),
        ("重庆合并商行有限公司", whole, "存续", "", "", f"{first}、{second}", ""),
        *((f"重庆分立{part[-4:]}商行", part, "存续", "", "派生分立", torn, "") for part in parts),
        ("重庆同码商行有限公司", lone, "存续", "", "", lone, ""),
        ("重庆无名商行有限公司", make_uscc(55), "存续", "", "", unknown, ""),
    ]
    doubtful = [
        *((f"重庆相争{rival[-4:]}商行", rival, "存续", "", "", taken, "") for rival in rivals),
        ("重庆尚存商行有限公司", active, "存续", "", "", "", ""),
        ("重庆续用商行有限公司", elsewhere, "存续", "", "", active, ""),
        ("重庆已归商行有限公司", make_uscc(56), "存续", "", "", gone, ""),
        ("重庆不清商行有限公司", make_uscc(57), "存续", "", "", "12345", ""),
    ]
    found = await bring(*new, *doubtful, name="after")
    assert found == {"ambiguous_former_code": 4, "unreadable_former_code": 1}
    assert set(await bring(*new, name="again")) == set(), "said again it is nothing new"
    assert await bring(("重庆旧商行有限公司", old, "存续", "", "", "", ""), name="back") == {"ambiguous_former_code": 1}
    key = await make_key(database, Role.PLATFORM)
    async with client_of(make_app(database), key=key) as platform:

        async def told(code: str) -> tuple[str, Any]:
            one = (await platform.get(f"/v1/subjects/{code}")).json()
            return one["registration_status"], one["succession"] and (
                one["succession"]["kind"],
                one["succession"]["successors"],
            )

        assert await told(old) == ("cancelled", ("code_changed", [NEW]))
        assert [await told(code) for code in (first, second)] == [("cancelled", ("merged", [whole]))] * 2
        assert await told(torn) == ("active", ("split", sorted(parts)))
        assert await told(unknown) == ("cancelled", ("code_changed", [make_uscc(55)]))
        assert await told(lone) == ("active", None)
        assert await told(gone) == ("cancelled", ("merged", [OTHER]))
        assert await told(active) == ("active", None)
        hits = (await platform.get(f"/v1/subjects?identifier={old}")).json()["items"]
        assert [hit["uscc"] for hit in hits] == [NEW]
        file = (await platform.get(f"/v1/subjects/{whole}/credit-file")).json()
        assert [(one["uscc"], one["kind"]) for one in file["predecessors"]] == [(first, "merged"), (second, "merged")]
        events = dict(await rows_of(database, "SELECT event, count(*) FROM change GROUP BY 1"))
        assert events.items() >= {"code_changed": 2, "merged": 2, "split": 1}.items()
        async with database.transaction() as session:
            made = (
                await session.execute(text("SELECT id FROM data_import WHERE file_name = 'after.csv'"))
            ).scalar_one()
            await revert_import(session, import_id=made, actor="tester", now=NOW)
        assert await told(old) == ("active", None)
        assert (await platform.get(f"/v1/subjects/{unknown}")).status_code == 404
