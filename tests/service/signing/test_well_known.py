from pathlib import Path

from service.app import create_app
from service.db import Database
from service.settings import Settings
from service.signing.keys import SigningKeys
from service.signing.signatures import verify
from tests.clients import NOW, at, client_of


async def test_the_key_set_is_public_and_verifies_what_was_signed(database: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    app = create_app(settings, database=database, clock=at(NOW))
    async with client_of(app) as client:
        before = await client.get("/.well-known/jwks.json")
        signature = SigningKeys.of(settings).sign(b"content", kind="test", now=NOW)
        after = await client.get("/.well-known/jwks.json")
    assert before.json() == {"keys": []}
    assert verify(signature, after.json(), kind="test")[0] == b"content"
    assert set(after.json()["keys"][0]) == {"kty", "crv", "x", "kid", "use", "alg", "iat", "nbf"}
