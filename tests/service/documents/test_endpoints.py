from hashlib import sha256

from service.db import Database
from tests.service.penalties.lives import SIGNED, USCC, open_office

PDF = b"%PDF-1.7 decision"
PUBLIC = "行政处罚决定书（公开文本）".encode()


async def test_documents_are_kept_by_digest_and_public_only_in_their_redacted_form(database: Database) -> None:
    async with open_office(database) as office:
        record = await office.draft()
        path = f"/v1/documents/{USCC}/penalty/{record['id']}"
        for kind, name, content in (
            ("decision", "决定书.pdf", PDF),
            ("decision_redacted", "公开.txt", PUBLIC),
            ("evidence", "再次.pdf", PDF),
        ):
            sent = await office.recorder.post(path, params={"kind": kind, "file_name": name}, content=content)
            assert sent.status_code == 201, sent.text
            assert sent.json()["sha256"] == sha256(content).hexdigest()
        leak = await office.recorder.post(
            path, params={"kind": "summary", "file_name": "摘要.txt"}, content="电话13812345678".encode()
        )
        assert (leak.status_code, leak.json()["code"]) == (422, "personal_data_in_document")
        for content in (b"", b"MZ\x00\x01"):
            refused = await office.recorder.post(path, params={"kind": "other", "file_name": "x"}, content=content)
            assert (refused.status_code, refused.json()["code"]) == (422, "empty_document")
        hidden = await office.outsider.post(path, params={"kind": "other", "file_name": "x"}, content=PDF)
        assert hidden.status_code == 404
        listed = f"/v1/documents/{USCC}/{record['id']}"
        assert len((await office.recorder.get(listed)).json()["items"]) == 3
        assert (await office.platform.get(listed)).json()["items"] == []
        record = await office.must(office.recorder, record, "submit")
        # With a public form attached the point needs no note.
        signed = SIGNED | {"signed": SIGNED["signed"] | {"decision_document": None}}
        record = await office.must(office.reviewer, record, "approve", signed)
        record = await office.must(office.reviewer, record, "publish")
        await office.settle()
        (shown,) = (await office.platform.get(listed)).json()["items"]
        assert shown["kind"] == "decision_redacted"
        read = await office.platform.get(f"{listed}/{shown['id']}")
        assert (read.content, read.headers["etag"]) == (PUBLIC, f'"{sha256(PUBLIC).hexdigest()}"')
        own = (await office.reviewer.get(listed)).json()["items"]
        original = next(one for one in own if one["kind"] == "decision")
        assert (await office.reviewer.get(f"{listed}/{original['id']}")).content == PDF
        assert (await office.platform.get(f"{listed}/{original['id']}")).status_code == 404
        other = await office.outsider.post(path, params={"kind": "other", "file_name": "x"}, content=PDF)
        assert (other.status_code, other.json()["code"]) == (403, "may_not_attach")
        await office.must(office.recorder, record, "recall", {"cause": "other", "reason": "核对"})
        assert (await office.platform.get(f"{listed}/{shown['id']}")).status_code == 404
