"""What the pages say is what the code does."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemas.write_data_dictionary import data_dictionary
from service.cli import make_command
from service.imports.rules import REASONS
from service.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(page: Path) -> list[str]:
    blocks = re.findall(r"```\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return [
        line
        for block in blocks
        for line in block.splitlines()
        if line.startswith((".venv/bin/", "curl ", "make ", "xinyong "))
    ]


def test_every_reason_is_explained() -> None:
    page = (ROOT / "docs" / "imports.md").read_text("utf-8")
    for code, reason in REASONS.items():
        assert f"| `{code}` | {reason.words} {reason.words_zh} | {reason.remedy} |" in page


def test_no_reason_is_explained_that_no_row_can_have() -> None:
    page = (ROOT / "docs" / "imports.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page.split("## Every reason")[1], re.MULTILINE)) == set(REASONS)


def test_the_data_dictionary_is_that_of_the_column_maps() -> None:
    assert (ROOT / "docs" / "data-dictionary.md").read_text("utf-8") == data_dictionary()


def test_every_setting_is_documented_and_no_other() -> None:
    page = (ROOT / "docs" / "operators.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(XINYONG_\w+)`", page, re.MULTILINE)) == {
        f"XINYONG_{name.upper()}" for name in Settings.model_fields
    }


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_what_pages_name_in_the_code_is_there() -> None:
    named = 0
    for page in PAGES:
        for path, symbol in re.findall(r"`([\w/]+\.py)`\s\(`(\w+)`", page.read_text("utf-8")):
            named += 1
            file = ROOT / path
            assert file.exists(), f"{page.name} names {path}"
            assert re.search(
                rf"^\s*(async def|def|class) {symbol}\b|^{symbol}\b", file.read_text("utf-8"), re.MULTILINE
            ), f"{page.name} names {symbol} in {path}"
    assert named > 8


def test_the_code_cites_house_decisions_that_are_written_down() -> None:
    page = (ROOT / "docs" / "decisions" / "0001-the-house.md").read_text("utf-8")
    written = set(re.findall(r"^(\d+)\. \*\*", page, re.MULTILINE))
    cited: set[str] = set()
    for path in sorted((ROOT / "service").rglob("*.py")):
        for numbers in re.findall(r"house decisions? ([\d, and to]+)", path.read_text("utf-8")):
            cited |= set(re.findall(r"\d+", numbers))
    assert cited
    assert cited <= written


def test_every_dependency_has_its_reason() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8").lower()
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    names = re.findall(r'^    "([a-z0-9-]+)', project.split("[project.scripts]")[0], re.MULTILINE)
    missing = [name for name in names if name not in page and not name.startswith("types-")]
    assert missing == []


OFFLINE = sorted(
    {line for page in PAGES for line in commands(page) if re.match(r"\.venv/bin/xinyong (uscc|rules) ", line)}
)


@pytest.mark.parametrize("line", OFFLINE)
def test_offline_commands_of_the_pages_work(line: str) -> None:
    words = shlex.split(line)
    done = subprocess.run(
        [sys.executable, "-m", "service", *words[1:]], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 50


@pytest.mark.parametrize(
    "command",
    ["", "serve", "migrate", "demo", "sample", "import", "uscc", "jobs serve", "store serve", "jobs list", "jobs run", "keys create", "keys list",
     "keys revoke", "keys rotate", "signing show", "signing rotate", "export", "screen", "verify audit", "audit list", "audit age-out", "backup", "restore", "restored", "verify release", "sources add", "sources list", "rules explain", "calendar load",
     "access waiting", "access confirm", "access block", "access unblock",
     "calendar list", "reports keygen", "reports template", "reports check", "reports seal", "reports open", "reports receipt"],
)  # fmt: skip
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = CliRunner().invoke(make_command(), [*command.split(), "--help"]).output
    assert "Usage" in shown
    assert not command or "Example" in shown
