"""The test of a list: what it takes to be entered on it, asked when an entry is proposed, listed, and when support falls.

The tests are data (`data/entry_tests.toml`), each with its article.
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from service.blacklist.rules import EntryContent, EntryTestFailed, ListEnded, NotEnteredHere
from service.catalog.rules import KnownList
from service.personal_data.rules import scan


@dataclass(frozen=True, slots=True)
class Heavy:
    """One way in which a supporting penalty is heavy enough."""

    id: str
    words: str
    citation: str
    step: str | None
    any_of: frozenset[str]
    needs_law: bool


@dataclass(frozen=True, slots=True)
class EntryTest:
    """The test of one list, as the data file has it."""

    list_id: str
    citation: str
    grade: str
    parties: frozenset[str]
    notice: bool
    consent: frozenset[str]
    needs: tuple[str, ...]
    defence: str | None
    defence_citation: str | None
    heavy: tuple[Heavy, ...]
    grounds: tuple[str, ...]
    entry_deadline: str | None
    removal_deadline: str | None


@dataclass(frozen=True, slots=True)
class Support:
    """A penalty on which an entry rests. `stands` is false when it fell, was recalled, or never was decided with effect."""

    id: str
    stands: bool
    kinds: frozenset[str]
    fine_fen: int | None
    discretion_step: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One point of the test: does it hold, what was found, by which article."""

    id: str
    holds: bool
    found: str
    citation: str


@cache
def entry_tests() -> Mapping[str, EntryTest]:
    """Return the tests of all lists that are entered by hand, by list."""
    text = (files("service.blacklist") / "data" / "entry_tests.toml").read_text("utf-8")
    return {row["id"]: _test(row) for row in tomllib.loads(text)["list"]}


def _test(row: Mapping[str, Any]) -> EntryTest:
    return EntryTest(
        list_id=row["id"],
        citation=row["citation"],
        grade=row["grade"],
        parties=frozenset(row["parties"]),
        notice=row["notice"],
        consent=frozenset(row["consent"]),
        needs=tuple(row["needs"]),
        defence=row.get("defence"),
        defence_citation=row.get("defence_citation"),
        heavy=tuple(
            Heavy(
                one["id"],
                one["words"],
                one["citation"],
                one.get("step"),
                frozenset(one.get("any_of", ())),
                one.get("needs_law", False),
            )
            for one in row.get("heavy", ())
        ),
        grounds=tuple(row.get("grounds", ())),
        entry_deadline=row.get("entry_deadline"),
        removal_deadline=row.get("removal_deadline"),
    )


def test_of(known: KnownList, *, today: date) -> EntryTest:
    """Return the test of a list on which subjects can be entered today.

    Raises:
        NotEnteredHere: no rule says how.
        ListEnded: the list is not in force.
    """
    test = entry_tests().get(known.id)
    if test is None:
        raise NotEnteredHere(
            f"No rule says how a subject is entered on {known.id!r}; its entries come by import.",
            detail_zh="该名单没有列入规则，仅可导入。",
        )
    check_in_force(known, today=today)
    return test


def check_in_force(known: KnownList, *, today: date) -> None:
    """Refuse an entry on a list that is not in force today.

    Raises:
        ListEnded: it has ended or not begun.
    """
    if today < known.effective_from or (known.effective_to is not None and today > known.effective_to):
        raise ListEnded(
            f"The list {known.id!r} is in force from {known.effective_from} to {known.effective_to or 'further notice'}.",
            detail_zh="该名单现不可列入。",
        )


def level_of(division_code: str) -> str:
    """Return the level of an authority by its division (GB/T 2260): national, province, prefecture or county."""
    if division_code == "100000":
        return "national"
    if division_code.endswith("0000"):
        return "province"
    return "prefecture" if division_code.endswith("00") else "county"


def needs_consent(test: EntryTest, division_code: str) -> bool:
    """Return whether an authority of this division needs the consent of the next higher one."""
    return level_of(division_code) in test.consent


def judge(test: EntryTest, content: EntryContent, supports: Sequence[Support], *, party_type: str) -> list[Finding]:
    """Return the points of a list's test as they stand for an entry."""
    return list(_points(test, content, supports, party_type))


def check(findings: Collection[Finding]) -> None:
    """Refuse an entry that does not pass.

    Raises:
        EntryTestFailed: a point does not hold.
    """
    failed = [one for one in findings if not one.holds]
    if failed:
        raise EntryTestFailed(
            "The entry does not pass the test of its list: "
            + "; ".join(f"{one.id}: {one.found} ({one.citation})" for one in failed),
            detail_zh="不符合列入条件。",
            found=findings_view(findings),
        )


def findings_view(findings: Collection[Finding]) -> list[dict[str, Any]]:
    """Return the points as the API shows and a version keeps them."""
    return [{"id": one.id, "holds": one.holds, "found": one.found, "citation": one.citation} for one in findings]


def _points(test: EntryTest, content: EntryContent, supports: Sequence[Support], party_type: str) -> Iterator[Finding]:
    yield Finding("party", party_type in test.parties, f"type of party: {party_type}", test.citation)
    for name, words in (("grounds", "grounds"), ("legal_basis", "legal basis"), ("evidence", "evidence")):
        stated = bool(getattr(content, name))
        yield Finding(name, stated, f"{words} {'stated' if stated else 'missing'}", test.citation)
    public = content.redactions.get("grounds") or content.grounds or ""
    clean = not scan(public)
    yield Finding(
        "personal_data", clean, "nothing found" if clean else "the grounds hold personal data: redact", test.citation
    )
    if test.grounds:
        known = content.ground_code in test.grounds
        yield Finding(
            "ground",
            known,
            f"ground {content.ground_code or 'missing'}; one of {', '.join(test.grounds)}",
            test.citation,
        )
    for need in test.needs:
        yield Finding(need, bool(content.facts.get(need)), content.facts.get(need) or "not stated", test.citation)
    if test.defence is not None:
        stated_defence = content.facts.get(test.defence)
        yield Finding(
            test.defence,
            not stated_defence,
            stated_defence or "no such evidence",
            test.defence_citation or test.citation,
        )
    if test.heavy:
        yield _heavy(test, content, supports)


def _heavy(test: EntryTest, content: EntryContent, supports: Sequence[Support]) -> Finding:
    law = content.facts.get("other_law")
    for support in supports:
        if not support.stands:
            continue
        for way in test.heavy:
            by_step = way.step is not None and support.discretion_step == way.step and "fine" in support.kinds
            if by_step or support.kinds & way.any_of or (way.needs_law and law):
                told = law if way.needs_law else way.words
                return Finding("heavy_penalty", True, f"{told} (penalty {support.id})", way.citation)
    found = f"{sum(one.stands for one in supports)} of {len(supports)} supporting penalties stand, none of them heavy"
    return Finding("heavy_penalty", False, found, test.citation)
