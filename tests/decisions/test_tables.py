import re
from datetime import date
from typing import Any, get_args
from uuid import UUID

import pytest

from schemas.repair import RepairFiled
from service.blacklist.rules import EntryContent
from service.blacklist.rules.entry_test import Support, entry_tests, needs_consent
from service.blacklist.rules.entry_test import judge as judge_entry
from service.deadlines.rules import Dues, Record, tracked_deadlines
from service.records.terms import due_by
from service.repair.rules import Found, RepairFacts, judge
from service.rulebook.deadlines import RecordedPenalty
from service.rulebook.rules import PenaltyFacts
from service.rulebook.windows import Window, penalty_windows
from tests.decisions.tables import NONE, fen, table, tables, told, when, words
from tests.service.deadlines.setting import CATALOG
from tests.service.rulebook.books import BOOK

Row = dict[str, str]
DUTIES, TERMS = tables("deadlines.md")


@pytest.mark.parametrize("row", table("tiers.md"))
def test_how_long_a_penalty_is_shown(row: Row) -> None:
    facts = PenaltyFacts(
        authority_system=row["system"],
        procedure="summary" if row["procedure"] == "简易" else "ordinary",
        kinds=words(row["kinds"]),
        fine_fen=fen(row["fine, yuan"]),
        confiscation_fen=None,
        field=None,
        party_type="organization",
        province=row["province"],
        decided_on=when(row["decided"]),
        published_on=when(row["published"]),
        restriction_until=when(row["restricted until"]),
    )
    found = penalty_windows(BOOK, facts, facts.published_on or facts.decided_on or date.max)
    sides = (found.gsxt, found.credit_china, found.public)
    assert [_side(one) for one in sides] == [row[name] for name in ("GSXT", "Credit China", "public")]
    assert found.tier == row["tier"]
    rule = BOOK.find(next((one.rule_id for one in reversed(sides) if one.rule_id), None))
    assert (NONE if rule is None else rule.citation) == row["article"]


def _side(window: Window) -> str:
    return window.reason or f"{window.rule_id}, to {told(window.ends_on)}"


@pytest.mark.parametrize("row", DUTIES)
def test_what_a_decision_makes_due(row: Row) -> None:
    penalty = RecordedPenalty(
        row["system"], "50", row["party's province"], "summary" if row["procedure"] == "简易" else "ordinary",
        words(row["kinds"]), when(row["decided"]),
    )  # fmt: skip
    record = Record("91500105XY0000012K", UUID(int=1), row["state"], True, "district", penalty)
    tracked = tracked_deadlines(record, CATALOG, Dues(CATALOG), {})
    found = [
        f"{one} {told(due.due.on)}{' provisional' * due.due.provisional}"
        for one, due in sorted(tracked.items())
        if due.state == "open"
    ]
    assert (", ".join(found) or NONE) == row["due"]


@pytest.mark.parametrize("row", TERMS)
def test_the_last_day_of_a_term(row: Row) -> None:
    start = when(row["begins"])
    assert start is not None
    rule = CATALOG.deadlines.find(row["deadline"], on=start)
    due = due_by(CATALOG, row["deadline"], start)
    found = NONE if due is None else told(due.on) + " provisional" * due.provisional
    assert (found, NONE if rule is None else rule.citation) == (row["last day"], row["article"])


@pytest.mark.parametrize("row", table("repair.md"))
def test_the_conditions_of_a_repair(row: Row) -> None:
    asked = when(row["asked on"])
    assert asked is not None
    facts = RepairFacts(
        rule=BOOK.find(row["row"]),
        today=asked,
        clock_on=when(row["clock began"]),
        kinds=words(row["kinds"]),
        materials=frozenset({"proof_of_performance"} if "proof" in row["given"] else ()),
        listed=words(row["listed on"]),
        repeated=int(row["repeated"]),
        has_commitment="commitment" in row["given"],
        court_document_no="（2026）示破1号" if "court" in row["given"] else None,
    )
    assert row["ground"] in get_args(RepairFiled.model_fields["ground"].annotation)
    judged = judge(facts, ground=row["ground"])
    by = {outcome: ", ".join(one.id for one in judged if one.outcome is outcome) or NONE for outcome in Found}
    assert (by[Found.HOLDS], by[Found.FAILS], by[Found.PERSON]) == (row["holds"], row["fails"], row["for a person"])
    assert {one.citation for one in judged} == {row["article"]}


@pytest.mark.parametrize("row", table("entry_tests.md"))
def test_who_can_be_entered_on_a_list(row: Row) -> None:
    test = entry_tests()[row["list"]]
    facts = dict.fromkeys(words(row["stated"]), "已载明")
    content = EntryContent(
        grounds="示例事由", ground_code=None if row["ground"] == NONE else row["ground"], legal_basis="示例依据", evidence="示例证据",
        facts=facts,
    )  # fmt: skip
    supports = [_support(one) for one in re.findall(r"[^;]+", row["penalties"]) if row["penalties"] != NONE]
    findings = judge_entry(test, content, supports, party_type=row["party"])
    failed = [one for one in findings if not one.holds]
    assert (", ".join(one.id for one in failed) or NONE) == row["fails"]
    assert needs_consent(test, row["authority's division"]) == (row["consent"] == "yes")
    article = {one.citation for one in failed} or {
        next((one.citation for one in findings if one.id == "heavy_penalty"), test.citation)
    }
    assert "; ".join(sorted(article)) == row["article"]


def _support(text: str) -> Support:
    """Read `fine, heavier` or `closure, fallen`: kinds, the discretion step, and whether it fell."""
    said: Any = words(text)
    step = said & {"heavier", "ordinary", "lighter"}
    return Support("1", "fallen" not in said, said - step - {"fallen"}, None, next(iter(step), None))
