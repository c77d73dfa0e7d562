"""Requests made up from the OpenAPI document, all checks on: no fault, no status or answer that is not documented."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.access.rules import AUTHORITY_ROLES, Role
from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from service.clock import system_clock
from service.db import Database
from service.horizons.actions import log_clock_edges
from tests.clients import NOW, make_key
from tests.conftest import ROOT
from tests.factories import make_authority, make_penalty, make_registration, number_changes
from tests.servers import Serving, serving

OFF = {"rate_key": "off", "rate_address": "off", "rate_refused": "off", "pool_size": "4"}
CONFIG = ROOT / "tests" / "hostile" / "schemathesis.toml"

#: An administrator of the test itself would revoke its own key; it is tried alone, in the long run.
MANY = tuple(role for role in Role if role is not Role.ADMINISTRATOR)


@pytest.fixture
async def keys(database: Database) -> dict[str, str]:
    """Return a key a role, one with many roles, and the empty one, on a database with a few records."""
    async with database.transaction() as session:
        await sync_seed(session, load_seed(), now=NOW)
        await make_authority(session, code="xy-a")
        for _ in range(3):
            await make_penalty(session, await make_registration(session))
        await number_changes(session)
    await log_clock_edges(database, now=system_clock())
    made = {"nobody": "", "many": await make_key(database, *MANY, authority_code="xy-a")}
    for role in Role:
        authority = "xy-a" if role in AUTHORITY_ROLES else None
        made[role.value] = await make_key(database, role, authority_code=authority, name=role.value)
    return made


@pytest.fixture
def api(keys: dict[str, str], database_url: str, tmp_path: Path) -> Iterator[Serving]:
    assert keys
    with serving(database_url, tmp_path, **OFF) as running:
        yield running


def tried(api: Serving, key: str, folder: Path, *options: str) -> str:
    """Run schemathesis with all checks and return what it says; an empty text where nothing was found."""
    header = ["-H", f"Authorization: Bearer {key}"] if key else []
    program = str(Path(sys.executable).with_name("st"))
    command = [program, "--config-file", str(CONFIG), "run", f"{api.url}/openapi.json", "--checks", "all"]
    done = subprocess.run(
        [*command, *header, "--no-color", "--suppress-health-check", "all", "--warnings", "off", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert re.search(r"\b[1-9]\d* generated", done.stdout), done.stdout + done.stderr
    return "" if done.returncode == 0 else done.stdout[-20_000:]


@pytest.mark.parametrize("who", ["nobody", "many"])
def test_made_up_requests_find_no_fault(api: Serving, keys: dict[str, str], tmp_path: Path, who: str) -> None:
    limits = ("--max-examples", "2", "--max-time", "12", "--no-shrink", "--seed", "1")
    assert tried(api, keys[who], tmp_path, "--phases", "examples,fuzzing", *limits) == ""


def test_made_up_sequences_find_no_fault(api: Serving, keys: dict[str, str], tmp_path: Path) -> None:
    limits = ("--max-examples", "2", "--max-time", "8", "--no-shrink", "--seed", "1")
    assert tried(api, keys["many"], tmp_path, "--phases", "stateful", *limits) == ""


@pytest.mark.proof
@pytest.mark.parametrize("who", ["nobody", "many", *(role.value for role in Role)])
def test_every_role_tries_everything_at_length(api: Serving, keys: dict[str, str], tmp_path: Path, who: str) -> None:
    limits = ("--max-examples", "50", "--max-time", "60", "--continue-on-failure")
    found = tried(api, keys[who], tmp_path, "--phases", "examples,coverage,fuzzing", *limits)
    if found:
        pytest.fail(found)


@pytest.mark.proof
@pytest.mark.parametrize("seed", ["1", "2"])
def test_sequences_are_tried_at_length(api: Serving, keys: dict[str, str], tmp_path: Path, seed: str) -> None:
    limits = ("--max-examples", "400", "--max-time", "150", "--continue-on-failure", "--seed", seed)
    found = tried(api, keys["many"], tmp_path, "--phases", "stateful", *limits)
    if found:
        pytest.fail(found)
