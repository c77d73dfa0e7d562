import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from service.access.keys.rules import is_well_formed_key
from service.cli import make_command
from service.errors import Refusal


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("XINYONG_DATABASE_URL", database_url.replace("+asyncpg", ""))
    monkeypatch.setenv("XINYONG_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def invoke(runner: CliRunner, line: str) -> Result:
    return runner.invoke(make_command(), line.split())


def test_a_key_is_made_listed_rotated_and_revoked_at_the_terminal(run: CliRunner) -> None:
    made = invoke(run, "keys create --name shop --role platform --expires 2099-12-31 --network 192.0.2.0/24")
    assert is_well_formed_key(made.stdout.strip())
    listed = invoke(run, "keys list").stdout
    key_id = re.findall(r"[0-9a-f-]{36}", listed)[0]
    assert re.search(r"valid +2100-01-01 00:00 +shop +platform", listed)
    rotated = invoke(run, f"keys rotate {key_id} --overlap 90m")
    assert is_well_formed_key(rotated.stdout.strip())
    assert invoke(run, f"keys revoke {key_id}").stdout == "Revoked.\n"
    assert re.findall(r"(valid|revoked) ", invoke(run, "keys list").stdout) == ["revoked", "valid"]
    assert made.stdout.strip() not in listed


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("keys rotate nonsense", "valid UUID"),
        ("keys rotate 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02 --overlap 1x", "no duration"),
        ("keys create --name x --role emperor", "emperor"),
    ],
)
def test_what_is_mistyped_is_told_in_a_sentence(line: str, words: str) -> None:
    told = CliRunner().invoke(make_command(), line.split(), env={"COLUMNS": "200"})
    assert told.exit_code == 2
    assert words in told.output


def test_what_makes_no_sense_is_refused(run: CliRunner) -> None:
    for line in (
        "keys create --name x",
        "keys create --name x --role lister",
        f"keys revoke {'0' * 8}-0000-0000-0000-{'0' * 12}",
    ):
        assert isinstance(invoke(run, line).exception, Refusal)
