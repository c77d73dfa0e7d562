"""Two platforms report to two authorities: each sees its own, and the service can open nothing."""

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any, Final
from uuid import UUID, uuid4

from httpx import AsyncClient, Response
from joserfc.jwk import OKPKey
from sqlalchemy import text

from service.access.rules import Role
from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from service.db import Database
from service.mail.queries import prepare_deliveries
from service.models import Base, NoticeAddress, WebhookEndpoint
from service.reports.reading import Content, write_content
from service.reports.receipts import verify_receipt
from service.reports.rules import MAX_SEALED, Envelope, ReportKind, read_period
from service.reports.sealing import new_key, public_jwk, seal, unseal
from service.reports.tending import tend_reports
from service.webhooks.notices import deliver_notices
from tests.clients import NOW
from tests.offices import Offices, make_city, open_offices
from tests.service.reports.filled import IDENTITIES, LEAD, PERSON, SECRETS

HALF: Final = "2026-H1"
FEBRUARY: Final = NOW + timedelta(days=75)
DAYS: Final = "2026-11-01/2026-11-23"


class Desk:
    """Platforms A and B, and the people of two authorities, each with a key of its own."""

    def __init__(self, offices: Offices) -> None:
        self.offices = offices
        self.keys: dict[str, OKPKey] = {}

    async def open(self) -> None:
        hire = self.offices.hire
        self.a, self.b = await hire(Role.PLATFORM, name="甲商城"), await hire(Role.PLATFORM, name="乙商城")
        self.binder = await hire(Role.CONSENTER, authority="district")
        self.other_binder = await hire(Role.CONSENTER, authority="other")
        self.clerk = await hire(Role.RECORDER, authority="district")
        self.other_clerk = await hire(Role.RECORDER, authority="other")

    async def register(self, binder: AsyncClient, name: str, **about: Any) -> Response:
        self.keys[name] = new_key()
        return await binder.post("/v1/sealing-keys", json={"jwk": public_jwk(self.keys[name])} | about)

    def sealed(
        self,
        platform: AsyncClient,
        *,
        authority: str = "district",
        kind: ReportKind = ReportKind.IDENTITY,
        period: str = HALF,
        rows: Sequence[dict[str, str]] = IDENTITIES,
        key: OKPKey | None = None,
        **about: Any,
    ) -> str:
        envelope = Envelope(
            uuid4(), kind, read_period(period), UUID(self.offices.id(platform)), authority, {"rows": len(rows)}, **about
        )
        return seal(write_content(Content(list(rows), None)), envelope, key or self.keys[authority])


async def send(client: AsyncClient, sealed: str, **headers: str) -> Response:
    return await client.post("/v1/reports", json={"sealed": sealed}, headers=headers)


def code(answer: Response) -> tuple[int, Any]:
    return answer.status_code, answer.json().get("code")


async def everything_kept(database: Database) -> str:
    kept = []
    async with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            kept += list(await session.scalars(text(f"SELECT r::text FROM {table.name} r")))  # noqa: S608 - of the models
    return "\n".join(kept)


async def test_what_is_sealed_passes_through_and_is_seen_by_its_two_sides_alone(database: Database) -> None:
    async with open_offices(database) as offices:
        desk = Desk(offices)
        await desk.open()
        a, b, clerk = desk.a, desk.b, desk.clerk
        first = await desk.register(desk.binder, "district")
        assert (first.status_code, first.json()["state"]) == (201, "in_use")
        assert first.json()["kid"] == desk.keys["district"].thumbprint()
        assert (await desk.register(desk.other_binder, "other", authority="other")).status_code == 201
        again = await desk.binder.post("/v1/sealing-keys", json={"jwk": public_jwk(desk.keys["district"])})
        assert code(again) == (409, "sealing_key_known")
        assert code(await desk.register(desk.binder, "x", authority="other")) == (403, "not_your_key")
        private = {"jwk": desk.keys["x"].as_dict(private=True)}
        assert (await desk.binder.post("/v1/sealing-keys", json=private)).status_code == 422
        assert (await clerk.post("/v1/sealing-keys", json={"jwk": public_jwk(new_key())})).status_code == 403

        sealed = desk.sealed(a)
        sent = await send(a, sealed, **{"Idempotency-Key": "one"})
        assert sent.status_code == 201, sent.text
        report = sent.json()
        assert (report["late"], report["due_on"], report["counts"]) == (True, "2026-07-31", {"rows": 2})
        repeated = await send(a, sealed, **{"Idempotency-Key": "one"})
        assert (repeated.status_code, repeated.json()) == (201, report)
        replayed = await send(a, sealed)
        assert code(replayed) == (409, "already_reported")
        assert replayed.json()["report_id"] == report["id"]
        jwks = (await a.get("/.well-known/jwks.json")).json()
        told = verify_receipt(report["receipt"], jwks, sealed=sealed)
        assert (told["report_id"], told["digest"], told["late"]) == (report["id"], report["digest"], True)

        path = sent.headers["location"]
        for client, status in ((a, 200), (clerk, 200), (b, 404), (desk.other_clerk, 404)):
            assert (await client.get(path)).status_code == status
            assert (await client.get(f"{path}/sealed")).status_code == status
            assert len((await client.get("/v1/reports")).json()["items"]) == (status == 200)
        taken = (await clerk.get(f"{path}/sealed")).json()["sealed"]
        assert json.loads(unseal(taken, desk.keys["district"]))["rows"] == IDENTITIES
        kept = await everything_kept(database)
        assert sealed in kept
        assert not [one for one in SECRETS if one in kept]
        assert str(desk.keys["district"].as_dict(private=True)["d"]) not in kept

        head, _, rest = sealed.partition(".")
        tampered = desk.sealed(a).partition(".")[0] + "." + rest
        for bad, expected in (
            (desk.sealed(b), (403, "not_your_envelope")),
            (desk.sealed(a, period="2026-H2"), (422, "wrong_period")),
            (desk.sealed(a, period=DAYS), (422, "wrong_period")),
            (desk.sealed(a, key=new_key()), (409, "wrong_sealing_key")),
            (desk.sealed(a, key=desk.keys["other"]), (409, "wrong_sealing_key")),
            (desk.sealed(a, kind=ReportKind.ASSISTANCE, period=DAYS), (409, "not_what_was_asked")),
            (desk.sealed(a, kind=ReportKind.LEAD, period=DAYS, request_id=uuid4()), (404, "no_such_request")),
            (head[:-8] + "." + rest, (422, "malformed_seal")),
            (f"{json.dumps(IDENTITIES)}", (422, "malformed_seal")),
        ):
            assert code(await send(a, bad)) == expected
        altered = await send(a, tampered)
        assert altered.status_code == 201, "the envelope fits; whether the seal holds, only the authority can tell"
        large = await a.post("/v1/reports", content=b'{"sealed": "' + b"x" * (MAX_SEALED + 70_000) + b'"}')
        assert large.status_code == 413

        twin = desk.sealed(b, authority="other", parts=2)
        at_once = await asyncio.gather(*(send(b, twin) for _ in range(3)))
        assert sorted(one.status_code for one in at_once) == [201, 409, 409], "two at once are one"
        deep = base64.urlsafe_b64encode(b"[" * 3000).decode() + "." + rest
        assert code(await send(a, deep)) == (422, "malformed_seal")

        settle, match = f"{path}/settle", {"If-Match": '"1"'}
        accepted = {"outcome": "accepted"}
        assert (await clerk.post(settle, json=accepted)).status_code == 428
        assert (await clerk.post(settle, json=accepted, headers={"If-Match": '"7"'})).status_code == 412
        assert (await clerk.post(settle, json={"outcome": "returned"}, headers=match)).status_code == 422
        assert (await a.post(settle, json=accepted, headers=match)).status_code == 403
        assert (await desk.other_clerk.post(settle, json=accepted, headers=match)).status_code == 404
        assert (await clerk.post(settle, json=accepted, headers=match)).json()["state"] == "accepted"
        assert code(await clerk.post(settle, json=accepted, headers={"If-Match": '"2"'})) == (409, "report_settled")
        broken = f"/v1/reports/{altered.json()['id']}/settle"
        back = await clerk.post(broken, json={"outcome": "returned", "reasons": ["cannot_open"]}, headers=match)
        assert back.json()["reasons"] == ["cannot_open"]

        missing = (await desk.other_clerk.get("/v1/missing-reports")).json()
        assert (missing["period_until"], missing["due_on"], missing["overdue"]) == ("2026-06-30", "2026-07-31", True)
        assert [(one["name"], one["came"], one["parts"]) for one in missing["items"]] == [("乙商城", 1, 2)]
        assert (await clerk.get("/v1/missing-reports?period=2026-H1")).json()["items"] == []
        assert code(await clerk.get("/v1/missing-reports?period=2026-H2")) == (422, "wrong_period")
        supervisor = await offices.hire(Role.SUPERVISOR, authority="city")
        counts = (await supervisor.get("/v1/report-counts?month=2026-11-30")).json()
        assert [one["authority"] for one in counts["items"]] == ["district", "other"]
        assert counts["items"][:1] == [
            {
                "authority": "district", "kind": "identity", "reports": 2, "platforms": 1, "rows": 4, "late": 2,
                "returned": 1, "unsettled": 0,
            }
        ]  # fmt: skip
        assert (await supervisor.get(path)).status_code == 403
        elsewhere = await offices.hire(Role.SUPERVISOR, authority="other")
        theirs = (await elsewhere.get("/v1/report-counts")).json()["items"]
        assert [one["authority"] for one in theirs] == ["other"]

        offices.now = FEBRUARY
        late = (await clerk.get("/v1/missing-reports")).json()
        assert (late["period_until"], late["due_on"], late["overdue"]) == ("2026-12-31", "2027-01-31", True)
        assert [(one["name"], one["last_reported"]) for one in late["items"]] == [("甲商城", "2026-06-30")]
        offices.now = NOW

        # Rotated: both keys are taken for the overlap; then, or once it is retired, the former one is not.
        former = desk.keys["district"]
        assert (await desk.register(desk.binder, "district", overlap_days=10)).status_code == 201
        listed = (await a.get("/v1/sealing-keys?authority=district")).json()["items"]
        assert [one["state"] for one in listed] == ["ending", "in_use"]
        assert (await send(a, desk.sealed(a, key=former))).status_code == 201
        assert (await send(a, desk.sealed(a))).status_code == 201
        offices.now = NOW + timedelta(days=10)
        assert code(await send(a, desk.sealed(a, key=former))) == (409, "wrong_sealing_key")
        present = f"/v1/sealing-keys/{listed[1]['id']}"
        tag = (await a.get(present)).headers["etag"]
        assert (await desk.other_binder.post(f"{present}/retire", headers={"If-Match": tag})).status_code == 404
        assert (await desk.binder.post(f"{present}/retire", headers={"If-Match": tag})).json()["state"] == "retired"
        retired = await desk.binder.post(f"{present}/retire", headers={"If-Match": '"2"'})
        assert code(retired) == (409, "sealing_key_retired")
        assert code(await send(a, desk.sealed(a))) == (409, "wrong_sealing_key")
        async with database.transaction() as session:
            await session.execute(text("UPDATE platform_report SET bytes_count = 2147483647"))
        assert code(await send(a, desk.sealed(a))) == (409, "too_much_kept")


async def asked(clerk: AsyncClient, platform: str, **about: Any) -> Response:
    body = {
        "platform": platform,
        "kind": "assistance",
        "statement": "见第12号协查函",
        "legal_basis": "示例",
        "working_days": 3,
    }
    return await clerk.post("/v1/report-requests", json=body | about)


async def run_at(database: Database, offices: Offices, instant: datetime) -> int:
    offices.now = instant
    done = await tend_reports(database, now=instant)
    assert await tend_reports(database, now=instant) == 0, "once is enough"
    return done


async def test_what_is_asked_is_due_in_working_days_reminded_of_answered_and_forgotten(database: Database) -> None:
    async with open_offices(database) as offices:
        desk = Desk(offices)
        await desk.open()
        a, clerk, me = desk.a, desk.clerk, offices.id(desk.a)
        await desk.register(desk.binder, "district")
        async with database.transaction() as session:
            session.add(
                WebhookEndpoint(
                    id=uuid4(), principal_id=UUID(me), version_no=1, url="https://a.example/", contact="a@shop.example",
                    kinds=[], regions=[], lists=[], state="active", position=0, failures=0, paused_until=NOW, created_at=NOW,
                    changed_at=NOW,
                )
            )  # fmt: skip
            session.add(
                NoticeAddress(
                    authority_code="district", version_no=1, addresses=["x@office.example"], since=NOW, stated_by="test",
                    stated_at=NOW,
                )
            )  # fmt: skip
        platforms = (await clerk.get("/v1/reporting-platforms")).json()["items"]
        assert {one["name"] for one in platforms} == {"甲商城", "乙商城"}
        named = await asked(clerk, me, statement=f"请提供{PERSON}的信息")
        assert code(named) == (422, "personal_data_in_request")
        assert PERSON not in named.text
        assert code(await asked(clerk, me, authority="other")) == (403, "not_your_request")
        assert code(await asked(clerk, offices.id(clerk))) == (404, "no_such_platform")
        made = await asked(clerk, me)
        assert (made.status_code, made.json()["due_on"]) == (201, "2026-11-27")
        path, request_id = made.headers["location"], UUID(made.json()["id"])
        for client, status in ((a, 200), (clerk, 200), (desk.b, 404), (desk.other_clerk, 404)):
            assert (await client.get(path)).status_code == status
            found = (await client.get("/v1/report-requests?state=open")).json()["items"]
            assert len(found) == (status == 200)
        unanswered = (await asked(clerk, me, kind="lead", working_days=4)).headers["location"]

        rows = [{"item": "第12号", "content": "见附件"}]
        about: dict[str, Any] = {"kind": ReportKind.ASSISTANCE, "period": DAYS, "rows": rows, "request_id": request_id}
        wrong = desk.sealed(a, **about | {"kind": ReportKind.LEAD, "rows": [LEAD]})
        assert code(await send(a, wrong)) == (409, "not_what_was_asked")
        assert code(await send(desk.b, desk.sealed(desk.b, **about))) == (404, "no_such_request")
        assert await run_at(database, offices, NOW) == 0
        assert await run_at(database, offices, NOW + timedelta(days=1)) == 1, "two working days before the last one"
        assert (await send(a, desk.sealed(a, **about, part=1, parts=2))).status_code == 201
        assert (await a.get(path)).json()["state"] == "open", "a part is missing"
        answer = await send(a, desk.sealed(a, **about, part=2, parts=2))
        assert (await clerk.get(path)).json()["state"] == "answered"
        assert (await clerk.get(f"/v1/reports?request_id={request_id}&kind=assistance")).json()["items"][
            1
        ] == answer.json()
        returned = {"outcome": "returned", "reasons": ["incomplete"]}
        settled = await clerk.post(
            f"{answer.headers['location']}/settle", json=returned, headers={"If-Match": answer.headers["etag"]}
        )
        assert settled.json()["state"] == "returned"
        assert (await a.get(path)).json()["state"] == "open"
        assert await run_at(database, offices, NOW + timedelta(days=7)) == 2, "both are overdue"
        assert [one["overdue"] for one in (await a.get("/v1/report-requests")).json()["items"]] == [True, True]
        async with database.transaction() as session:
            await prepare_deliveries(session, now=NOW)
            told = await session.execute(
                text(
                    """SELECT topic, count(*) FROM outbox_item o JOIN mail_delivery ON outbox_id = o.id GROUP BY 1
                    UNION ALL SELECT reason, count(*) FROM webhook_notice GROUP BY 1"""
                )
            )
        assert sorted(map(tuple, told)) == [
            ("report_due", 1), ("report_overdue", 2), ("report_overdue", 2), ("report_received", 2),
        ]  # fmt: skip

        mails: list[EmailMessage] = []

        async def deliver(message: EmailMessage) -> None:
            mails.append(message)

        sender = "xinyong@service.example"
        assert await deliver_notices(database, now=offices.now, sender=sender, deliver=deliver) == 3
        assert {one["To"] for one in mails} == {"a@shop.example"}
        assert sum("is overdue" in one.get_content() for one in mails) == 2
        assert not [one for one in mails if "协查函" in one.get_content() or "示例" in one.get_content()]

        tag = (await clerk.get(unanswered)).headers["etag"]
        end = {"outcome": "withdrawn"}
        assert (await a.post(f"{unanswered}/end", json=end, headers={"If-Match": tag})).status_code == 403
        done = await clerk.post(f"{unanswered}/end", json=end, headers={"If-Match": tag})
        assert done.json()["state"] == "withdrawn"
        assert code(await clerk.post(f"{unanswered}/end", json=end, headers={"If-Match": '"2"'})) == (
            409,
            "request_ended",
        )

        assert await run_at(database, offices, NOW + timedelta(days=92)) == 1
        gone = await clerk.get(f"{answer.headers['location']}/sealed")
        assert code(gone) == (410, "seal_erased")
        assert await run_at(database, offices, NOW + timedelta(days=1200)) == 3, (
            "two reports and the request that ended"
        )
        assert (await clerk.get("/v1/reports")).json()["items"] == []


async def test_measures_are_registered_with_their_days_and_come_down_when_they_end(database: Database) -> None:
    async def fill(session: Any) -> None:
        await make_city(session)
        await sync_seed(session, replace(load_seed(), regions=()), now=NOW)

    async with open_offices(database, fill=fill) as offices:
        desk = Desk(offices)
        await desk.open()
        a, clerk = desk.a, desk.clerk
        measure = {
            "authority": "district", "uscc": "91500000xy0000012k", "shop_name": "示例旗舰店", "violation": "虚假宣传",
            "measure": "suspension", "url": "https://shop.example/1", "taken_on": "2026-11-20", "published_on": "2026-11-23",
            "until_on": "2026-11-30",
        }  # fmt: skip
        for changes, expected in (
            ({"published_on": "2026-11-25"}, (422, "impossible_day")),
            ({"published_on": "2026-11-19"}, (422, "invalid_request")),
            ({"uscc": "91500000XY0000012X"}, (422, "invalid_request")),
            ({"authority": "nobody"}, (404, "no_such_authority")),
            ({"violation": f"涉及{PERSON}"}, (422, "personal_data_in_request")),
        ):
            assert code(await a.post("/v1/platform-measures", json=measure | changes)) == expected
        made = await a.post("/v1/platform-measures", json=measure)
        assert made.status_code == 201, made.text
        one = made.json()
        assert (one["uscc"], one["publish_by"], one["late"]) == ("91500000XY0000012K", "2026-11-23", False)
        late = await a.post("/v1/platform-measures", json=measure | {"published_on": "2026-11-24", "until_on": None})
        assert late.json()["late"] is True
        path = made.headers["location"]
        for client, status in ((a, 200), (clerk, 200), (desk.b, 404), (desk.other_clerk, 404)):
            assert (await client.get(path)).status_code == status
            listed = (await client.get("/v1/platform-measures?uscc=91500000XY0000012K&published=true")).json()["items"]
            assert len(listed) == (2 if status == 200 else 0)
        down, match = f"{path}/take-down", {"If-Match": '"1"'}
        ended = {"taken_down_on": "2026-11-24", "because": "ended"}
        assert code(await a.post(down, json=ended, headers=match)) == (409, "measure_not_ended")
        assert code(await a.post(down, json=ended | {"taken_down_on": "2026-11-25"}, headers=match)) == (
            422,
            "impossible_day",
        )
        assert (await clerk.post(down, json=ended, headers=match)).status_code == 403
        assert (await desk.b.post(down, json=ended, headers=match)).status_code == 404
        offices.now = NOW + timedelta(days=7)
        assert (await clerk.get(path)).json()["overdue"] is True
        ended["taken_down_on"] = "2026-12-01"
        assert (await a.post(down, json=ended, headers=match)).json()["taken_down_because"] == "ended"
        assert code(await a.post(down, json=ended, headers={"If-Match": '"2"'})) == (409, "measure_taken_down")
        rest = (await clerk.get("/v1/platform-measures?published=false")).json()["items"]
        assert [one["taken_down_on"] for one in rest] == ["2026-12-01"]
        assert await tend_reports(database, now=NOW + timedelta(days=1200)) == 1


async def test_templates_are_taken_by_everybody(database: Database) -> None:
    async with open_offices(database) as offices:
        anybody = await offices.hire()
        kinds = [one["kind"] for one in (await anybody.get("/v1/report-templates")).json()["items"]]
        assert kinds == [kind.value for kind in ReportKind]
        for name, start in (("csv", "\ufeff经营者类型".encode()), ("xlsx", b"PK"), ("json", b'{"$schema"')):
            form = await anybody.get(f"/v1/report-templates/identity?format={name}")
            assert form.content.startswith(start)
            assert "attachment" in form.headers["content-disposition"]
        assert (await anybody.get("/v1/report-templates/other")).status_code == 422
