import json
from hashlib import sha256
from io import BytesIO
from zipfile import ZipFile

from service.db import Database
from tests.service.penalties.lives import AUTHORITY, SIGNED, USCC, WITHDRAWN, open_office

PDF = b"%PDF-1.7 decision"
PUBLIC = "行政处罚决定书（公开文本）".encode()


async def test_a_case_file_says_what_is_missing_and_downloads_as_one_package(database: Database) -> None:
    async with open_office(database) as office:
        record = await office.draft()
        attach = f"/v1/documents/{USCC}/penalty/{record['id']}"
        path = f"/v1/archive/{USCC}/penalty/{record['id']}"
        for kind, content in (("decision", PDF), ("decision_redacted", PUBLIC), ("service_proof", PDF)):
            sent = await office.recorder.post(attach, params={"kind": kind, "file_name": "x"}, content=content)
            assert sent.status_code == 201, sent.text
        record = await office.must(office.recorder, record, "submit")
        signed = SIGNED | {"signed": SIGNED["signed"] | {"decision_document": None}}
        record = await office.must(office.reviewer, record, "approve", signed)
        record = await office.must(office.reviewer, record, "publish")
        case = (await office.reviewer.get(path)).json()
        assert (case["complete"], case["missing"]) == (False, ["publication_notice", "repair_notice"])
        assert case["retention"]["reason"] == "no_period_stated"
        kept = f"/v1/catalog/retention/{AUTHORITY}/penalty"
        body = {"years": 10, "basis": "本机关案卷归档办法"}
        assert (await office.reviewer.put(kept, json=body)).status_code == 403
        assert (await office.consenter.put(kept, json=body)).status_code == 201
        stale = await office.consenter.put(kept, json=body | {"years": 30}, headers={"If-Match": '"7"'})
        assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
        assert (await office.reviewer.get(path)).json()["retention"]["reason"] == "case_open"
        record = await office.must(office.reviewer, record, "withdraw", WITHDRAWN)
        for kind in ("publication_notice", "repair_notice"):
            # What has ended takes no more documents: its file stays as it is, and says what it lacks.
            late = await office.recorder.post(attach, params={"kind": kind, "file_name": "x"}, content=PDF)
            assert late.status_code == 403, late.text
        case = (await office.reviewer.get(path)).json()
        assert case["retention"] == {
            "years": 10, "basis": "本机关案卷归档办法", "counts_from": "2027-01-01", "until": "2036-12-31", "reason": None,
        }  # fmt: skip
        sent = await office.reviewer.get(f"{path}/package")
        assert (sent.status_code, sent.headers["content-type"]) == (200, "application/zip")
        package = ZipFile(BytesIO(sent.content))
        assert package.testzip() is None
        pairs = [line.split("  ") for line in package.read("SHA256SUMS").decode().splitlines()]
        sums = {name: digest for digest, name in pairs}
        assert sums == {
            name: sha256(package.read(name)).hexdigest() for name in package.namelist() if name != "SHA256SUMS"
        }
        documents = [package.read(name) for name in package.namelist() if name.startswith("documents/")]
        assert sorted(documents) == sorted([PDF, PUBLIC, PDF])
        lines = {
            name: [json.loads(line) for line in package.read(f"{name}.jsonl").splitlines()]
            for name in ("versions", "reviews", "deliveries", "withdrawal-notices", "audit")
        }
        assert [one["penalty"]["state"] for one in lines["versions"]][-1] == "ended"
        assert "approve" in {one["command"] for one in lines["reviews"]}
        assert {one["topic"] for one in lines["deliveries"]} == {"feed_publication", "feed_withdrawal", "party_notice"}
        assert [one["reason"] for one in lines["withdrawal-notices"]] == [WITHDRAWN["reason"]]
        operations = {one["operation"].rsplit("/", 1)[-1] for one in lines["audit"]}
        assert {"submit", "approve", "publish", "withdraw"} <= operations
        assert json.loads(package.read("case.json"))["missing"] == ["publication_notice", "repair_notice"]


async def test_case_files_are_seen_by_their_own_people_only_and_listed_with_what_they_lack(database: Database) -> None:
    async with open_office(database) as office:
        record = await office.published()
        path = f"/v1/archive/{USCC}/penalty/{record['id']}"
        for who in (office.outsider, office.county_reviewer):
            for ending in ("", "/package"):
                answer = await who.get(path + ending)
                assert (answer.status_code, answer.json()["code"]) == (404, "no_case_file")
        assert (await office.platform.get(path)).status_code == 403
        listed = (await office.recorder.get("/v1/archive", params={"incomplete": "true"})).json()["items"]
        assert [one["record_id"] for one in listed] == [record["id"]]
        assert "decision" in listed[0]["missing"]
        assert (await office.outsider.get("/v1/archive")).json()["items"] == []
        assert (await office.recorder.get("/v1/archive", params={"past_retention": "true"})).json()["items"] == []
