"""What somebody at a terminal sees of each kind of refusal, on a server that runs: a status, a code, words that help."""

import re
import shutil
import subprocess
from pathlib import Path

import orjson
import pytest

from service.access.rules import Role
from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from service.db import Database
from tests.clients import NOW, make_key
from tests.factories import make_authority, make_uscc
from tests.servers import serving

RATES = {"rate_key": "off", "rate_address": "5/day", "rate_refused": "off"}
DRAFT = {"document_no": "渝市监处罚〔2026〕1号", "party_name": "重庆示例贸易有限公司", "decided_on": "2026-11-02"}


@pytest.fixture
async def keys(database: Database) -> dict[str, str]:
    async with database.transaction() as session:
        await sync_seed(session, load_seed(), now=NOW)
        await make_authority(session, "district")
    return {
        role.value: await make_key(database, role, authority_code="district", name=role.value)
        for role in (Role.RECORDER, Role.REVIEWER)
    }


@pytest.mark.skipif(shutil.which("curl") is None, reason="asked as from a terminal, by curl")
def test_every_refusal_says_in_two_languages_what_to_do(
    keys: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    uscc = make_uscc()
    with serving(database_url, tmp_path, **RATES) as api:

        def curl(method: str, path: str, *, key: str = "", body: object = None, **headers: str) -> tuple[int, str]:
            sent = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
            sent += [f"Authorization: Bearer {keys[key]}"] if key else []
            sent += ["Content-Type: application/json"] if body is not None else []
            given = ["-d", orjson.dumps(body).decode()] if body is not None else []
            done = subprocess.run(
                ["curl", "-s", "-w", "\n%{http_code}", "-X", method, *[part for one in sent for part in ("-H", one)],
                 *given, f"{api.url}{path}"],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            answer, _, status = done.stdout.rpartition("\n")
            return int(status), answer

        penalties = f"/v1/subjects/{uscc}/penalties"
        made = curl("POST", penalties, key="recorder", body=DRAFT, Idempotency_Key="one")
        assert made[0] == 201, made
        draft = f"{penalties}/{orjson.loads(made[1])['id']}"
        seen = {
            "missing_key": curl("GET", penalties),
            "role_missing": curl("POST", penalties, key="reviewer", body=DRAFT),
            "no_such_record": curl("GET", f"{penalties}/0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02", key="recorder"),
            "already_recorded": curl("POST", penalties, key="recorder", body=DRAFT),
            "key_used_for_another": curl(
                "POST", penalties, key="recorder", body=DRAFT | {"party_name": "另一家"}, Idempotency_Key="one"
            ),
            "malformed_uscc": curl("GET", "/v1/subjects/9150/penalties", key="recorder"),
            "version_required": curl("POST", f"{draft}/submit", key="recorder", body={}),
            "version_mismatch": curl("POST", f"{draft}/submit", key="recorder", body={}, If_Match='"7"'),
        }
        anonymous = [curl("GET", f"/v1/status/{uscc}") for _ in range(7)]
        seen["too_many_requests"] = anonymous[-1]
        codes = curl("GET", "/docs/problems", key="recorder")[1]
    found = {name: (status, orjson.loads(answer)) for name, (status, answer) in seen.items()}
    statuses = {status for status, _ in found.values()}
    assert statuses == {401, 403, 404, 409, 412, 422, 428, 429}, found
    for status, answer in found.values():
        assert answer["status"] == status
        assert len(answer["detail"]) > 25
        assert re.search(r"[一-鿿]{4}", answer["detail_zh"])
        assert f'id="{answer["code"]}"' in codes
