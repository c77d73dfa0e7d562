"""A worker that dies anywhere leaves a screening that the next one finishes, with the result of an undisturbed one."""

import hashlib
from pathlib import Path

import pytest

from service.access.rules import Role
from service.db import Database
from service.screenings.files import folder_below
from tests.clients import client_of, make_key
from tests.factories import make_entry, make_registration, make_uscc, number_changes
from tests.killing import Killer
from tests.service.screenings.support import app_of, read_csv, result_of


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.proof), 13])
async def test_a_screening_killed_before_any_statement_is_finished_by_the_next(
    database: Database, tmp_path: Path, step: int
) -> None:
    codes = [make_uscc() for _ in range(30)]
    async with database.transaction() as session:
        for code in codes[:20]:
            await make_registration(session, code)
        await make_entry(session, codes[0])
        await number_changes(session)
    key = await make_key(database, Role.PLATFORM)
    folder = folder_below(tmp_path)
    survived, before, results = False, 1, set()
    async with (
        client_of(app_of(database, tmp_path), key=key) as client,
        Killer("tests.service.screenings.killed") as killer,
    ):
        while not survived:
            handed = (await client.post("/v1/screenings", content="\n".join(codes))).json()
            what = f"{handed['id']} {tmp_path}"
            survived = await killer.run(database.url, what, before=before)
            before += step
            if not survived:
                # Whatever is shown of it is whole, and nothing but it.
                shown = (await client.get(f"/v1/screenings/{handed['id']}")).json()
                if shown["state"] != "finished":
                    assert shown["state"] in {"queued", "running"}
                    assert (await client.get(f"/v1/screenings/{handed['id']}/result")).status_code == 409
                    assert await killer.run(database.url, what, before=0)
            done = (await client.get(f"/v1/screenings/{handed['id']}")).json()
            assert done["state"] == "finished", done["problem"]
            content = await result_of(client, done)
            assert hashlib.sha256(content).hexdigest() == done["result_sha256"]
            results.add(str(read_csv(content)[1]))
        assert before > 12
        assert len(results) == 1
        # The job that takes away what was kept long enough dies anywhere too, and the next one ends it.
        survived, before = False, 1
        while not survived:
            survived = await killer.run(database.url, f"watch_screenings {tmp_path}", before=before)
            before += 2 * step
        assert before > 2 * step
        assert (await client.get("/v1/screenings")).json()["items"] == []
        assert list(folder.iterdir()) == []
