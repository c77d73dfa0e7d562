"""Any byte that is altered is found, by our own check and by the stranger's of docs/open-data.md."""

import json
import random
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from service.errors import Refusal
from service.exports.digests import SetDigest
from service.exports.verifying import ReleasesDoNotJoin, verify_release
from service.signing.rules import BadSignature
from tests.conftest import ROOT
from tests.factories import make_entry, make_penalty, make_registration, make_uscc
from tests.service.exports.support import World


def stranger(folder: Path) -> Path:
    """Write the verifier that the documentation prints, as somebody would who copies it."""
    page = (ROOT / "docs" / "open-data.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(#!.*?)```", page, re.DOTALL)
    assert len(program.splitlines()) <= 110
    path = folder / "verify.py"
    path.write_text(program, encoding="utf-8")
    return path


def ask_stranger(program: Path, *arguments: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
async def releases(world: World) -> tuple[Path, Path]:
    """A full release of one day and the delta to the next."""
    code = make_uscc()
    await world.tick("2026-11-21T09:00")
    async with world.database.transaction() as session:
        await make_registration(session, code)
        for number in range(30):
            await make_penalty(session, code, document_no=f"渝示罚〔2026〕{number}号", public_until=date(2026, 11, 22))
        await make_penalty(session, code)
        await make_entry(session, code)
    await world.tick("2026-11-22T00:00:20")
    full = world.folder / "full"
    shutil.copytree(world.releases / (await world.present()).id, full)
    async with world.database.transaction() as session:
        await make_penalty(session, make_uscc(), fine_fen=700)
    await world.tick("2026-11-23T00:00:20")
    (world.folder / "jwks.json").write_text(json.dumps(world.keys.jwks()))
    return full, world.releases / (await world.present("delta-24h")).id


async def test_what_is_whole_passes_both_verifiers(world: World, releases: tuple[Path, Path]) -> None:
    full, delta = releases
    checked = verify_release(delta, world.keys.jwks(), previous=full)
    assert len(checked.checks) == 4
    assert checked.manifest["tables"]["penalties"]["tombstones"] == 30
    program, keys = stranger(world.folder), world.folder / "jwks.json"
    for arguments in ((keys, full), (keys, delta), (keys, delta, full)):
        asked = ask_stranger(program, *arguments)
        assert asked.returncode == 0, asked.stderr + asked.stdout


async def test_any_flipped_byte_is_found(world: World, releases: tuple[Path, Path]) -> None:
    chance = random.Random(20261124)  # noqa: S311 - places to damage, no secrets
    jwks = world.keys.jwks()
    for folder in releases:
        files = sorted(folder.iterdir())
        places = [(path, place) for path in files for place in {0, path.stat().st_size - 1} if path.stat().st_size]
        places += [
            (path, chance.randrange(path.stat().st_size)) for path in chance.choices(files, k=60) if path.stat().st_size
        ]
        small = [path for path in files if path.name == "manifest.json.jws"]
        places += [(path, place) for path in small for place in range(path.stat().st_size)]
        for path, place in places:
            content = path.read_bytes()
            flipped = bytearray(content)
            flipped[place] ^= 1 << chance.randrange(7)
            path.write_bytes(flipped)
            with pytest.raises(Refusal):
                verify_release(folder, jwks)
            path.write_bytes(content)
        verify_release(folder, jwks)


async def test_the_stranger_finds_altered_added_and_missing_files(world: World, releases: tuple[Path, Path]) -> None:
    full, delta = releases
    program, keys = stranger(world.folder), world.folder / "jwks.json"
    (full / "more.txt").write_text("x")
    assert ask_stranger(program, keys, full).returncode == 1
    (full / "more.txt").unlink()
    for path in (full / "penalties.parquet", full / "manifest.json", full / "manifest.json.jws"):
        content = path.read_bytes()
        path.write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
        assert ask_stranger(program, keys, full).returncode == 1, path.name
        path.write_bytes(content)
    (delta / "tombstones.jsonl").unlink()
    assert ask_stranger(program, keys, delta).returncode == 1


async def test_releases_that_do_not_follow_one_another_are_told(world: World, releases: tuple[Path, Path]) -> None:
    full, delta = releases
    jwks = world.keys.jwks()
    with pytest.raises(ReleasesDoNotJoin):
        verify_release(full, jwks, previous=full)
    await world.tick("2026-11-23T16:00:30")
    late = world.releases / (await world.present("delta-8h")).id
    with pytest.raises(ReleasesDoNotJoin):
        verify_release(late, jwks, previous=full)
    with pytest.raises(BadSignature):
        verify_release(full, {"keys": []})
    assert delta.exists()


def test_a_digest_depends_on_the_rows_and_not_on_their_order() -> None:
    rows = [f'{{"id":{number}}}'.encode() for number in range(9000)]
    whole, parts = SetDigest(), SetDigest()
    whole.add(rows)
    parts.add(rows[5000:])
    parts.add([b"something else"])
    parts.add(rows[:5000])
    assert parts.hex() != whole.hex()
    parts.remove([b"something else"])
    assert (parts.hex(), parts.count) == (whole.hex(), 9000)
    assert SetDigest.from_hex(whole.sum_hex(), whole.count).hex() == whole.hex()
    parts.remove(rows)
    assert parts.hex() == SetDigest().hex()
