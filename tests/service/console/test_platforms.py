"""What a platform sees of its webhooks and watch lists at the console, and what is seen of platforms; the API as witness."""

from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

from service.access.rules import Role
from service.db import Database
from service.models import TakedownReceipt
from service.settings import Settings
from tests.clients import FOLDER, NOW, make_app, make_key
from tests.service.console.support import seat


async def test_a_platform_sees_its_own_and_its_overseers_what_it_did_not_confirm(database: Database) -> None:
    app = make_app(database, settings=Settings(data_dir=FOLDER, webhook_loopback=True))
    async with AsyncExitStack() as stack:
        platform, other = [
            await seat(stack, app, await make_key(database, Role.PLATFORM, name=name))
            for name in ("示例商城", "另一平台")
        ]
        auditor = await seat(stack, app, await make_key(database, Role.AUDITOR))
        empty = await platform.browser.get("/console/platform")
        assert "没有推送地址" in empty.text
        assert "没有关注名单" in empty.text
        lists = await platform.api.post("/v1/watchlists", json={"name": "全部商户"}, headers={"Idempotency-Key": "1"})
        stated = {"url": "https://127.0.0.1:9/x", "watchlist_id": lists.json()["id"], "description": "<b>主"}
        made = await platform.api.post("/v1/webhooks", json=stated, headers={"Idempotency-Key": "2"})
        assert made.status_code == 201, made.text
        hook = made.json()
        assert (await platform.api.post(f"/v1/webhooks/{hook['id']}/tests")).status_code < 300

        page = await platform.browser.get("/console/platform")
        for words in (
            "https://127.0.0.1:9/x",
            "&lt;b&gt;主",
            "全部商户",
            "启用",
            f"/console/platform/webhooks/{hook['id']}",
        ):
            assert words in page.text, words
        waiting = (await platform.api.get(f"/v1/webhooks/{hook['id']}")).json()["waiting"]
        assert f'data-label="待送达" class="number">{waiting}<' in page.text
        path = f"/console/platform/webhooks/{hook['id']}"
        log = await platform.browser.get(path)
        assert "测试" in log.text
        assert hook["secrets"][0]["public_key"] in log.text
        assert hook["secret"] not in log.text + page.text
        assert "没有推送记录" in (await platform.browser.get(f"{path}?state=delivered")).text
        assert (await other.browser.get(path)).status_code == 404
        assert hook["id"] not in (await other.browser.get("/console/platform")).text

        assert "没有逾期未确认" in (await auditor.browser.get("/console/overdue-acknowledgements")).text
        told = await platform.api.get("/v1/me")
        async with database.transaction() as session:
            for position, hours in ((48_210, 25), (48_211, 1)):
                asked_at = NOW - timedelta(hours=hours)
                receipt = {"endpoint_id": UUID(hook["id"]), "principal_id": UUID(told.json()["principal_id"])}
                due_at = asked_at + timedelta(hours=24)
                session.add(TakedownReceipt(**receipt, position=position, asked_at=asked_at, due_at=due_at))
        (overdue,) = (await auditor.api.get("/v1/overdue-acknowledgements")).json()["items"]
        shown = await auditor.browser.get("/console/overdue-acknowledgements")
        assert (overdue["platform"], overdue["position"]) == ("示例商城", 48_210)
        assert ("示例商城" in shown.text, "48,210" in shown.text, "48,211" in shown.text) == (True, True, False)
        assert (await platform.browser.get("/console/overdue-acknowledgements")).status_code == 403
        assert "/console/overdue-acknowledgements" in (await auditor.browser.get("/console/operations")).text
        assert (await auditor.browser.get("/console/overdue-acknowledgements?cursor=x")).status_code == 422
