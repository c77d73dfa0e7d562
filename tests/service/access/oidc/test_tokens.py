"""Tokens against an issuer that runs as a process of its own."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from service.access.oidc.rules import BadOidcFile
from service.access.rules import Role
from service.app import create_app
from service.db import Database
from service.settings import Settings
from tests.clients import NOW, at, client_of, make_key
from tests.factories import make_authority
from tests.issuer import Issuer, running_issuer

CONFIG = """
[[issuer]]
issuer = "{address}"
audience = "xinyong"
retry_seconds = {retry}
keys_fresh_seconds = {fresh}

[[issuer.grant]]
claim = "groups"
value = "reviewers"
role = "reviewer"
authority_claim = "department"
"""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running


class Door:
    """The application with an issuer configured, at a time of the test's choosing."""

    def __init__(
        self, database: Database, issuer: Issuer, folder: Path, *, retry: float = 0, fresh: float = 3600
    ) -> None:
        config = folder / "oidc.toml"
        config.write_text(CONFIG.format(address=issuer.address, retry=retry, fresh=fresh), "utf-8")
        self.now = NOW
        self.app = create_app(Settings(oidc_config=config), database=database, clock=lambda: self.now)

    async def ask(self, token: str) -> tuple[int, Any]:
        async with client_of(self.app, key=token) as client:
            answer = await client.get("/v1/me")
        return answer.status_code, answer.json()


def claims(issuer: Issuer, *, now: datetime = NOW, **changes: Any) -> dict[str, Any]:
    usual = {
        "iss": issuer.address, "aud": "xinyong", "sub": "officer-7", "name": "某官员", "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=5)).timestamp()), "groups": ["reviewers"], "department": "district",
    }  # fmt: skip
    return {name: value for name, value in (usual | changes).items() if value is not None}


def forged(claims: dict[str, Any], header: dict[str, Any]) -> str:
    parts = (urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in (header, claims))
    return ".".join((*parts, ""))


async def test_a_token_gives_what_its_claims_say_to_one_and_the_same_principal(
    database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    async with database.transaction() as session:
        await make_authority(session, "district")
    door = Door(database, issuer, tmp_path)
    status, who = await door.ask(issuer.sign(claims(issuer)))
    assert status == 200, who
    assert who["name"] == "某官员"
    assert who["roles"] == [{"role": "reviewer", "authority_code": "district", "stands_in": False}]
    _, later = await door.ask(issuer.sign(claims(issuer, jti="2", groups=[], aud=["other", "xinyong"])))
    assert (later["principal_id"], later["roles"]) == (who["principal_id"], [])
    _, other = await door.ask(issuer.sign(claims(issuer, sub="officer-8")))
    assert other["principal_id"] != who["principal_id"]
    assert issuer.fetched() == 1
    async with client_of(door.app, key=await make_key(database, Role.ADMINISTRATOR)) as administrator:
        path = f"/v1/principals/{who['principal_id']}"
        shown = (await administrator.get(path)).json()
        assert (shown["issuer"], shown["issuer_subject"], shown["grants"]) == (issuer.address, "officer-7", [])
        given = await administrator.post(f"{path}/grants", json={"role": "recorder", "authority_code": "district"})
        assert given.status_code == 201
        second = {"Authorization": f"Bearer {await make_key(database, Role.ADMINISTRATOR)}"}
        proposal = f"/v1/access-proposals/{given.json()['id']}/confirm"
        assert (await administrator.post(proposal, headers=second)).status_code == 200
    _, granted = await door.ask(issuer.sign(claims(issuer, jti="3")))
    assert [held["role"] for held in granted["roles"]] == ["recorder", "reviewer"]
    async with client_of(door.app, key=await make_key(database, Role.ADMINISTRATOR)) as administrator:
        assert (await administrator.post(f"{path}/block")).status_code == 200
    known, fresh = [await door.ask(issuer.sign(claims(issuer, jti=number))) for number in ("3", "4")]
    assert [(status, answer["code"]) for status, answer in (known, fresh)] == [(403, "principal_blocked")] * 2


async def test_what_is_not_to_be_believed_is_refused_with_words(
    database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    door = Door(database, issuer, tmp_path)
    good = issuer.sign(claims(issuer))
    header, body, signature = good.split(".")
    swapped = urlsafe_b64encode(orjson.dumps(claims(issuer, sub="administrator"))).decode().rstrip("=")
    hidden = issuer.ask("/rotate", publish=False)["kid"]
    minutes = timedelta(minutes=1)
    ended = int((NOW - minutes).timestamp())
    refused = {
        "another audience": (issuer.sign(claims(issuer, aud="others"), kid="key-1"), "bad_token"),
        "no audience": (issuer.sign(claims(issuer, aud=None), kid="key-1"), "bad_token"),
        "another issuer": (issuer.sign(claims(issuer, iss="https://sso.example"), kid="key-1"), "bad_token"),
        "no end": (issuer.sign(claims(issuer, exp=None), kid="key-1"), "bad_token"),
        "no subject": (issuer.sign(claims(issuer, sub=None), kid="key-1"), "bad_token"),
        "past its end": (issuer.sign(claims(issuer, exp=ended - 1), kid="key-1"), "expired_token"),
        "not valid yet": (
            issuer.sign(claims(issuer, nbf=int((NOW + 2 * minutes).timestamp())), kid="key-1"),
            "bad_token",
        ),
        "a key that is not published": (issuer.sign(claims(issuer), kid=hidden), "bad_token"),
        "the public key as a secret": (issuer.sign(claims(issuer), kid="key-1", alg="HS256"), "bad_token"),
        "an algorithm not allowed": (issuer.sign(claims(issuer), kid="key-1", alg="RS512"), "bad_token"),
        "no signature": (forged(claims(issuer), {"alg": "none"}), "bad_token"),
        "another body": (f"{header}.{swapped}.{signature}", "bad_token"),
        "another signature": (f"{header}.{body}.{'A' * len(signature)}", "bad_token"),
        "nonsense": ("a.b.c", "bad_token"),
        "lists for objects": (forged([], []), "bad_token"),  # type: ignore[arg-type]
        "much too long": (f"{header}.{body}{'A' * 20_000}.{signature}", "bad_token"),
        "a key of ours that is none": ("xy_short", "malformed_key"),
    }
    answers = {words: await door.ask(token) for words, (token, _) in refused.items()}
    assert {words: (status, answer["code"]) for words, (status, answer) in answers.items()} == {
        words: (401, code) for words, (_, code) in refused.items()
    }
    assert (await door.ask(issuer.sign(claims(issuer, exp=ended + 1), kid="key-1")))[0] == 200
    assert (await door.ask(good))[0] == 200
    door.now = NOW + 7 * minutes
    assert (await door.ask(good))[1]["code"] == "expired_token"


async def test_a_rotated_key_is_found_at_once_and_a_withdrawn_one_is_not_believed(
    database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    door = Door(database, issuer, tmp_path, fresh=0)
    assert (await door.ask(issuer.sign(claims(issuer))))[0] == 200
    issuer.ask("/rotate")
    assert (await door.ask(issuer.sign(claims(issuer))))[0] == 200
    old = issuer.sign(claims(issuer, jti="2"), kid="key-1")
    issuer.ask("/withdraw")
    assert (await door.ask(old))[1]["code"] == "bad_token"
    assert (await door.ask(issuer.sign(claims(issuer, jti="3"))))[0] == 200


async def test_tokens_with_unknown_keys_do_not_make_the_issuer_be_asked_again_and_again(
    database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    door = Door(database, issuer, tmp_path, retry=600)
    hidden = issuer.ask("/rotate", publish=False)["kid"]
    for n in range(5):
        status, answer = await door.ask(issuer.sign(claims(issuer, jti=str(n)), kid=hidden))
        assert (status, answer["code"]) == (401, "bad_token")
    assert issuer.fetched() == 1


async def test_while_the_issuer_is_away_known_keys_go_on_and_others_are_asked_to_come_again(
    database: Database, issuer: Issuer, tmp_path: Path
) -> None:
    door = Door(database, issuer, tmp_path, fresh=0)
    first, second = (issuer.sign(claims(issuer, jti=str(n))) for n in range(2))
    issuer.ask("/rotate")
    unknown = issuer.sign(claims(issuer), kid="key-2")
    issuer.ask("/withdraw")
    issuer.ask("/rotate", publish=False)
    assert (await door.ask(unknown))[0] == 200
    again = issuer.sign(claims(issuer, jti="again"), kid="key-2")
    new = issuer.sign(claims(issuer, jti="new"))
    issuer.stop()
    assert (await door.ask(again))[0] == 200
    for token in (new, first):
        status, answer = await door.ask(token)
        assert (status, answer["code"]) == (503, "issuer_unavailable")
    async with client_of(door.app, key=new) as client:
        assert (await client.get("/v1/catalog/lists")).status_code == 200
    never = Door(database, issuer, tmp_path)
    assert (await never.ask(second))[0] == 503


def test_a_file_that_cannot_be_used_keeps_the_service_from_starting(database_url: str, tmp_path: Path) -> None:
    for content in (None, "[[issuer]]"):
        config = tmp_path / "oidc.toml"
        if content is not None:
            config.write_text(content, "utf-8")
        with pytest.raises(BadOidcFile, match="OIDC"):
            create_app(Settings(oidc_config=config), database=Database(database_url, application="test"), clock=at(NOW))
