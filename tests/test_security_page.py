"""The list of docs/security.md is whole, and the tests that it names exist."""

import ast
import re

from tests.conftest import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "security.md").read_text("utf-8").splitlines()
    if re.match(r"\| (?:\d|API)", line)
]


def stated(cell: str) -> set[str]:
    found = set()
    for part in cell.split(", "):
        first, _, last = part.partition("-")
        if not last:
            found.add(first)
            continue
        section, _, number = first.rpartition(".")
        assert last.startswith(f"{section}."), part
        found |= {f"{section}.{n}" for n in range(int(number), int(last.rpartition(".")[2]) + 1)}
    return found


def required() -> set[str]:
    lines = (ROOT / "tests" / "asvs-5.0.0-levels-1-2.txt").read_text("utf-8").splitlines()
    sections = (line.split(": ") for line in lines if not line.startswith("#"))
    return {f"{section}.{number}" for section, numbers in sections for number in numbers.split()}


def test_every_requirement_of_both_levels_and_every_risk_has_one_line() -> None:
    lines = [one for row in ROWS for one in stated(row[0])]
    assert len(lines) == len(set(lines))
    assert len(required()) == 253
    assert set(lines) == required() | {f"API{n}" for n in range(1, 11)}


def test_every_named_test_exists() -> None:
    missing = []
    for row in ROWS:
        for path, _, name in (found.partition("::") for found in re.findall(r"`(tests/[^`]+)`", row[3])):
            file = ROOT / path
            names = (
                {node.name for node in ast.walk(ast.parse(file.read_text("utf-8"))) if hasattr(node, "name")}
                if file.is_file()
                else set()
            )
            if not file.is_file() or (name and name not in names):
                missing.append(f"{path}::{name}")
    assert missing == []


def test_a_line_has_an_answer_and_a_reason_and_what_is_claimed_is_shown() -> None:
    for requirement, answer, reason, tests in ROWS:
        assert answer in {"yes", "partly", "operator", "none here"}, requirement
        assert len(reason) > 5, requirement
        assert answer != "yes" or tests or re.search(r"\]\(\w+|ruff|package|public", reason), f"{requirement}: no test"
