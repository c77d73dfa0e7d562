"""Files handed in at the console, from the trial to the last quarantined row, with the API as witness."""

import os
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

from openpyxl import load_workbook

from service.access.rules import Role
from service.console.importing import KEPT, sweep
from service.console.rendering import WORDS
from service.db import Database
from service.imports.rules import REASONS, Outcome
from service.imports.runner import run_import
from service.samples import sample_code
from tests.clients import NOW, client_of, make_app, make_key
from tests.service.console.support import form_token, sign_in, visitor
from tests.service.imports.support import AUTHORITY, clock, penalty, seed, write_csv

MISTYPED = sample_code(2)[:-1] + ("1" if sample_code(2)[-1] != "1" else "2")
HOSTILE = '=HYPERLINK("https://evil.test","x")<script>'


def test_every_reason_and_outcome_has_words() -> None:
    assert {f"remedy.{code}" for code in REASONS} | {f"rowoutcome.{one}" for one in Outcome} <= set(WORDS)


async def test_a_file_is_tried_taken_in_worked_off_and_taken_back(database: Database, tmp_path: Path) -> None:
    await seed(database)
    spoilt = penalty(2, name=HOSTILE, code=MISTYPED)
    text = write_csv(tmp_path / "in.csv", [penalty(1), spoilt, penalty(3, decided="某日")]).read_bytes()
    async with AsyncExitStack() as stack:
        app = make_app(database)
        key = await make_key(database, Role.RECORDER, authority_code=AUTHORITY)
        api = await stack.enter_async_context(client_of(app, key=key))
        client = await stack.enter_async_context(visitor(app))
        await sign_in(client, key)
        page = await client.get("/console/imports")
        assert (page.status_code, "还没有导入过文件" in page.text) == (200, True)
        form = {"form": form_token(page), "kind": "penalties", "authority": AUTHORITY, "source": "site"}
        file = {"file": ("十一月.csv", text)}

        foreign = await client.post("/console/imports", data=form | {"form": "0" * 64}, files=file)
        assert foreign.status_code == 403
        nothing = await client.post("/console/imports", data=form)
        assert nothing.status_code == 422
        assert "没有办成" in nothing.text
        wrong = await client.post("/console/imports", data=form | {"authority": "cq-drugs"}, files=file)
        assert (wrong.status_code, "该密钥不代表此机关" in wrong.text) == (403, True)
        assert (await api.get("/v1/imports")).json()["items"] == []

        tried = await client.post("/console/imports", data=form, files=file)
        assert tried.status_code == 303, tried.text[:3000]
        at = tried.headers["location"]
        waiting = await client.get(at)
        assert 'role="status"' in waiting.text
        assert await run_import(database, id_in(at), clock=clock)
        trial = await client.get(at)
        for words in ("十一月.csv", "行政处罚决定书文号", "统一社会信用代码校验位不符", "再次输入密钥", "前几行"):
            assert words in trial.text, words
        assert HOSTILE not in trial.text

        again = await client.post(f"{at}/try-again", data=form | {"meaning-3": "remark"})
        assert again.status_code == 303
        at = again.headers["location"]
        assert await run_import(database, id_in(at), clock=clock)
        assert "备注" in (await client.get(at)).text

        unconfirmed = await client.post(f"{at}/take-in", data=form)
        assert unconfirmed.status_code in {401, 403}
        assert "没有办成" in unconfirmed.text
        taken = await client.post(f"{at}/take-in", data=form | {"key": key})
        assert taken.status_code == 303
        twice = await client.post(f"{at}/take-in", data=form | {"key": key})
        assert (twice.status_code, "不再保留" in twice.text) == (409, True)
        at = taken.headers["location"]
        assert await run_import(database, id_in(at), clock=clock)
        told = (await api.get(f"/v1/imports/{id_in(at)}")).json()
        assert (told["dry_run"], told["counts"]["outcomes"]) == (False, {"new": 1, "quarantined": 2})
        done = await client.get(at)
        assert "处理 2 条隔离行" in done.text

        rows = await client.get(f"{at}/rows")
        assert "对照营业执照改正后重新提交" in rows.text
        assert "&lt;script&gt;" in rows.text
        book = await client.get(f"{at}/quarantined.xlsx")
        sheet = load_workbook(BytesIO(book.content)).active
        assert sheet is not None
        lines = list(sheet.iter_rows(values_only=True))
        assert [line[-3] for line in lines] == ["原文件行号", 3, 4]
        assert {sheet["A2"].value, sheet["A2"].data_type} == {HOSTILE, "s"}

        cells = {f"cell-{n}": value for n, value in enumerate(penalty(2, code=MISTYPED, name="x"))}
        still = await client.post(f"{at}/rows/2", data=form | cells, follow_redirects=True)
        assert "第 3 行仍被隔离" in still.text
        cells = {f"cell-{n}": value for n, value in enumerate(penalty(2))}
        row = await client.post(f"{at}/rows/2", data=form | cells, follow_redirects=True)
        assert "第 3 行已收入" in row.text
        repeated = await client.post(f"{at}/rows/2", data=form | cells)
        assert (repeated.status_code, "只能重新提交" in repeated.text) == (409, True)
        told = (await api.get(f"/v1/imports/{id_in(at)}/rows", params={"outcome": "new"})).json()
        assert [item["line"] for item in told["items"]] == [2, 3]

        back = await client.post(f"{at}/revert", data=form | {"key": key})
        assert back.status_code == 303
        assert (await api.get(f"/v1/imports/{id_in(at)}")).json()["state"] == "reverted"
        assert "This import was taken back" in (await client.get(f"/en{at}")).text

        auditor = await make_key(database, Role.AUDITOR)
        reader = await stack.enter_async_context(visitor(app))
        await sign_in(reader, auditor)
        shown = await reader.get(f"{at}/rows")
        assert (shown.status_code, "重新提交</button>" in shown.text) == (200, False)
        stranger = await make_key(database, Role.RECORDER, authority_code="cq-drugs")
        other = await stack.enter_async_context(visitor(app))
        await sign_in(other, stranger)
        assert (await other.get(at)).status_code == 404


def id_in(at: str) -> UUID:
    found = re.search(r"[0-9a-f-]{36}", at)
    assert found
    return UUID(found[0])


def test_what_was_tried_and_never_taken_in_goes_after_a_day(tmp_path: Path) -> None:
    old, new = tmp_path / "a.tried", tmp_path / "b.tried"
    for path, age in ((old, KEPT + timedelta(seconds=1)), (new, KEPT - timedelta(seconds=1))):
        path.write_text("x")
        os.utime(path, (0, (NOW - age).timestamp()))
    sweep(tmp_path, now=NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["b.tried"]
