"""The locks pin every version with hashes, name no registry, and are in step with pyproject.toml."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = {"run.lock": ["build"], "dev.lock": ["build", "dev"]}


def pinned(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return {
        found[1]: found[2]
        for line in lines
        if (found := re.match(r"^([a-z0-9][a-z0-9-]*)==([^\s;\\]+)", line)) is not None
    }


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_pinned_with_hashes_and_names_no_host(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert "://" not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert len(blocks) > 20
    assert all("--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize(("name", "groups"), LOCKS.items())
def test_every_declared_dependency_is_pinned_in_its_range(name: str, groups: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"], *(one for g in groups for one in project["dependency-groups"][g])]
    versions = pinned(name)
    for requirement in declared:
        found = re.match(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?(?:(>=|==)([0-9.]+))?", requirement)
        assert found is not None
        package = found[1].lower().replace("_", "-")
        assert package in versions, f"{package} is not in {name}: run `make lock`"
        if found[3]:
            have = [int(part) for part in re.findall(r"\d+", versions[package])]
            least = [int(part) for part in found[3].split(".")]
            assert have >= least, (
                f"{package} {versions[package]} is older than pyproject.toml asks for: run `make lock`"
            )


def test_the_run_lock_is_part_of_the_dev_lock() -> None:
    run, dev = pinned("run.lock"), pinned("dev.lock")
    assert {name: dev.get(name) for name in run} == run


def test_this_environment_has_what_the_lock_pins() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "freeze", "--exclude-editable"], check=True, capture_output=True, text=True
    ).stdout
    have = {
        line.split("==")[0].lower().replace("_", "-"): line.split("==")[1] for line in listed.split() if "==" in line
    }
    assert have["fastapi"] == pinned("dev.lock")["fastapi"]
