import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from service.signing.keys import SigningKeys
from service.signing.rules import BadSignature, KeyFromOutside, SigningKeyUnusable
from service.signing.signatures import verify

NOW = datetime(2026, 11, 24, 4, 0, 0, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROOT = Path(__file__).parents[3]


def test_the_first_signature_makes_a_private_key_and_its_public_set(tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path / "keys")
    assert keys.jwks() == {"keys": []}
    signature = keys.sign(b"content", kind="test", now=NOW)
    assert verify(signature, keys.jwks(), kind="test") == (b"content", keys.public_keys()[0].kid)
    (private,) = (tmp_path / "keys").glob("*.pem")
    assert private.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert "d" not in keys.jwks()["keys"][0]


def test_a_detached_signature_is_over_the_content_that_is_given(tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path)
    content = b"x" * 1_000_000
    signature = keys.sign(content, kind="manifest", now=NOW, detached=True)
    assert len(signature) < 500
    assert verify(signature, keys.jwks(), kind="manifest", payload=content)[0] == content
    for other in (b"y" * 1_000_000, None, b""):
        with pytest.raises(BadSignature):
            verify(signature, keys.jwks(), kind="manifest", payload=other)


def test_what_was_altered_or_signed_for_something_else_does_not_hold(tmp_path: Path) -> None:
    keys, others = SigningKeys(tmp_path / "a"), SigningKeys(tmp_path / "b")
    signature = keys.sign(b"content", kind="test", now=NOW)
    header, payload, sealed = signature.split(".")
    forged = others.sign(b"content", kind="test", now=NOW).split(".")
    for bad in (
        others.sign(b"content", kind="test", now=NOW),
        ".".join([header, "Y29udGVudA", sealed[:-4] + "AAAA"]),
        f"{header}.b3RoZXI.{sealed}",
        ".".join([header, payload, forged[2]]),
        f"{header}..{sealed}",
        "eyJhbGciOiJub25lIn0." + payload + ".",
        "nonsense",
        "",
    ):
        with pytest.raises(BadSignature):
            verify(bad, keys.jwks(), kind="test")
    with pytest.raises(BadSignature):
        verify(signature, keys.jwks(), kind="other")


def test_rotation_publishes_first_and_old_signatures_hold(tmp_path: Path) -> None:
    keys, process = SigningKeys(tmp_path), SigningKeys(tmp_path)
    old = keys.sign(b"old", kind="test", now=NOW)
    new = process.rotate(now=NOW + HOUR, overlap=HOUR)
    assert new.kid in {one["kid"] for one in keys.jwks()["keys"]}
    between = keys.sign(b"between", kind="test", now=NOW + 1.5 * HOUR)
    after = keys.sign(b"after", kind="test", now=NOW + 2 * HOUR)
    signers = [verify(one, process.jwks(), kind="test")[1] for one in (old, between, after)]
    assert signers == [keys.public_keys()[0].kid] * 2 + [new.kid]


def test_private_halves_are_deleted_once_they_are_past_their_end(tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path)
    keys.sign(b"a", kind="test", now=NOW)
    keys.rotate(now=NOW + HOUR, overlap=HOUR)
    assert len(list(tmp_path.glob("*.pem"))) == 2
    keys.rotate(now=NOW + 3 * HOUR, overlap=HOUR)
    assert len(list(tmp_path.glob("*.pem"))) == 2
    assert len(keys.public_keys()) == 3


def test_two_processes_at_first_use_make_one_key(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime; from service.signing.keys import SigningKeys;"
        "SigningKeys(Path(sys.argv[1])).sign(b'a', kind='test', now=datetime(2026, 11, 24, tzinfo=UTC))"
    )
    runs = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT) for _ in range(4)]
    assert [run.wait() for run in runs] == [0] * 4
    assert len(SigningKeys(tmp_path).public_keys()) == len(list(tmp_path.glob("*.pem"))) == 1


def test_a_key_of_the_installation_is_used_and_its_replacement_noticed(tmp_path: Path) -> None:
    file, folder = tmp_path / "key.pem", tmp_path / "keys"
    made = [OKPKey.generate_key("Ed25519") for _ in range(2)]
    file.write_bytes(made[0].as_pem(private=True))
    keys = SigningKeys(folder, key_file=file)
    first = keys.sign(b"a", kind="test", now=NOW)
    with pytest.raises(KeyFromOutside, match="Replace its content"):
        keys.rotate(now=NOW, overlap=HOUR)
    file.write_bytes(made[1].as_pem(private=True))
    second = keys.sign(b"b", kind="test", now=NOW + HOUR)
    kids = [key.thumbprint() for key in made]
    assert [one.kid for one in keys.public_keys()] == kids
    assert [verify(one, keys.jwks(), kind="test")[1] for one in (first, second)] == kids
    assert list(folder.glob("*.pem")) == []
    file.write_bytes(made[0].as_pem(private=True))
    with pytest.raises(SigningKeyUnusable, match="replaced before"):
        keys.sign(b"c", kind="test", now=NOW + 2 * HOUR)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"no key", "no private key in PEM"),
        (OKPKey.generate_key("X25519").as_pem(private=True), "no private Ed25519 key"),
        (OKPKey.generate_key("Ed25519").as_pem(private=False), "no private Ed25519 key"),
    ],
    ids=["missing", "no key", "another curve", "the public half"],
)
def test_a_key_file_that_cannot_be_used_is_said_to_be_one(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SigningKeyUnusable, match=words):
        SigningKeys(tmp_path / "keys", key_file=file).sign(b"a", kind="test", now=NOW)


def test_a_damaged_set_is_never_taken_for_an_empty_one(tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path)
    keys.sign(b"a", kind="test", now=NOW)
    (tmp_path / "signing-keys.json").write_text("{", "utf-8")
    with pytest.raises(SigningKeyUnusable, match="backup"):
        SigningKeys(tmp_path).sign(b"a", kind="test", now=NOW)
