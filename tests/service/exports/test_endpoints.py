"""Releases over HTTP: open, resumable, conditional; what was replaced and what is withheld says so."""

import hashlib
from xml.etree import ElementTree as ET

from service.settings import Settings
from tests.clients import client_of, make_app
from tests.factories import make_penalty, make_registration, make_uscc, number_changes
from tests.service.exports.support import World, at


async def test_a_release_is_found_downloaded_in_parts_withheld_and_replaced(world: World) -> None:
    code = make_uscc()
    async with world.database.transaction() as session:
        await make_registration(session, code)
        record = await make_penalty(session, code)
    await world.tick("2026-11-24T09:30")
    app = make_app(world.database, now=at("2026-11-24T10:00"), settings=Settings(data_dir=world.folder))
    async with client_of(app) as client:
        listed = (await client.get("/v1/exports")).json()["items"]
        assert {one["kind"] for one in listed} == {"full", "delta", "statistics"}
        full = (await client.get("/v1/exports/full-20261124T000000")).json()
        assert full["state"] == "published"
        file = next(one for one in full["files"] if one["path"] == "penalties.csv.gz")
        whole = await client.get(file["url"])
        assert hashlib.sha256(whole.content).hexdigest() == file["sha256"]
        assert whole.headers["etag"] == f'"{file["sha256"]}"'
        rest = await client.get(file["url"], headers={"Range": "bytes=10-", "If-Range": whole.headers["etag"]})
        assert (rest.status_code, rest.content) == (206, whole.content[10:])
        stale = await client.get(file["url"], headers={"Range": "bytes=10-", "If-Range": '"other"'})
        assert (stale.status_code, stale.content) == (200, whole.content)
        behind = await client.get(file["url"], headers={"Range": "bytes=999999-"})
        assert (behind.status_code, behind.json()["code"]) == (416, "range_not_satisfiable")
        assert behind.headers["content-range"] == f"bytes */{file['bytes']}"
        same = await client.get(file["url"], headers={"If-None-Match": whole.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        size = await client.head(file["url"])
        assert (size.headers["content-length"], size.content) == (str(file["bytes"]), b"")
        latest = await client.get("/v1/exports/latest/full/penalties.csv.gz")
        assert (latest.status_code, latest.headers["location"]) == (307, file["url"])
        for path in ("../keys/signing-keys.json", "..%2Fkeys%2Fsigning-keys.json", "nothing.csv"):
            assert (await client.get(f"/v1/exports/{full['id']}/{path}")).status_code == 404
        feed = ET.fromstring((await client.get("/v1/exports/feed.atom")).content)  # noqa: S314 - our own
        assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == len(listed)
        catalogue = (await client.get("/v1/exports/catalog.jsonld")).json()
        assert {one["dct:identifier"] for one in catalogue["dcat:dataset"]} == {one["id"] for one in listed}

        async with world.database.transaction() as session:
            await make_penalty(session, code, head=record, state="void")
            await number_changes(session, at=at("2026-11-24T10:00"))
        withheld = await client.get(file["url"])
        assert (withheld.status_code, withheld.json()["code"]) == (503, "release_withheld")
        assert (await client.get(f"/v1/exports/{full['id']}")).json()["files"] == []
        await world.tick("2026-11-24T10:01")
        gone = await client.get(file["url"])
        assert (gone.status_code, gone.json()["successor"]) == (410, "full-20261124T100100")
        assert (await client.get(f"/v1/exports/{full['id']}")).status_code == 410
        assert (await client.get(full["manifest"])).json()["state_digest"] == full["state_digest"]
        page = (await client.get("/v1/exports", params={"limit": 1})).json()
        seen = [page["items"][0]["id"]]
        while page["next"]:
            page = (await client.get("/v1/exports", params={"limit": 1, "cursor": page["next"]})).json()
            seen.append(page["items"][0]["id"])
        assert len(seen) == len(set(seen)) == 4
        assert (
            (await client.get("/v1/exports/latest/full/penalties.csv.gz"))
            .headers["location"]
            .startswith("/v1/exports/full-20261124T100100/")
        )
