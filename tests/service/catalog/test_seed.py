import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from service.catalog.rules import Catalog, NoLegalBasis, check_seed
from service.catalog.seed import load_seed
from service.rulebook.deadlines import load_deadlines
from service.rulebook.load import load_rulebook

SEED = load_seed()
EDITIONS = Path(__file__).parents[3].parent / "shared" / "data" / "divisions" / "gbt2260_json"
SEVERITIES = {"serious", "abnormal", "notice"}
LEVELS = {"law", "administrative_regulation", "central_policy", "department_rule", "local_regulation"}
GRADES = {"verified", "secondary", "unverified"}
LISTS = {entry.id: entry for entry in SEED.lists}


def test_every_fact_has_a_citation_and_a_grade() -> None:
    for row in SEED.rules:
        assert row.citation.strip(), row.id
        assert row.grade in GRADES, row.id
    assert {entry.grade for entry in SEED.lists} <= GRADES


def test_no_id_stands_twice() -> None:
    for part in (
        [row.id for row in SEED.rules],
        [entry.id for entry in SEED.lists],
        [authority.code for authority in SEED.authorities],
        [(region.code, region.name) for region in SEED.regions],
    ):
        assert [one for one, count in Counter(part).items() if count > 1] == []


def test_all_rows_of_the_reference_are_there() -> None:
    kinds = Counter(row.kind for row in SEED.rules)
    assert kinds["period"] == 24
    deadlines = dict.fromkeys(row.body.get("deadline", row.id) for row in SEED.rules if row.kind == "deadline")
    assert list(deadlines) == [f"D{number:02}" for number in range(1, 41)]


def test_the_numbers_of_the_reference_are_terms() -> None:
    book = load_deadlines(row.body for row in SEED.rules if row.kind == "deadline")
    words = {rule.id: f"{rule.limit.count} {rule.limit.unit.value}" for rule in book.rules if rule.limit}
    stated = {row.id: row.body for row in SEED.rules if row.kind == "deadline"}
    for rule_id, term in words.items():
        assert str(stated[rule_id]["limit"]).removeprefix("every ") in {term.split()[0], "P6M"}, rule_id
    without = {"D07", "D08", "D09", "D15", "D22", "D25", "D26", "D36", "D38", "D40"}
    assert {rule.id for rule in book.rules} - set(words) == without
    assert words["D35"] == "6 months"
    assert [words[one] for one in ("D28", "D30", "D39")] == ["24 hours", "3 days", "30 days"]


@pytest.mark.parametrize(("on", "row"), [(date(2025, 12, 24), "D16-2021"), (date(2025, 12, 25), "D16")])
def test_a_deadline_has_the_row_of_its_day(on: date, row: str) -> None:
    found = load_deadlines(one.body for one in SEED.rules if one.kind == "deadline").find("D16", on=on)
    assert found is not None
    assert found.id == row


def test_deadlines_say_what_how_long_and_from_when() -> None:
    for row in SEED.rules:
        if row.kind == "deadline":
            assert all(str(row.body[part]).strip() for part in ("event", "limit", "unit", "counted_from")), row.id


def test_the_periods_make_a_rulebook() -> None:
    book = load_rulebook(
        (row.body for row in SEED.rules if row.kind == "period"),
        (row.body for row in SEED.rules if row.kind == "parameter"),
    )
    governing = "R45-0 R45-1 R45-2 R45-3 R107-0 R107-1 R107-2 R527-1 R58-1 R58-2 R36-1 R36-2 R36-3"
    assert {rule.id for rule in book.rules if rule.governs} == set(governing.split())


@pytest.mark.parametrize("province", ["50", "42"])
def test_low_fines_are_known_for_hubei_and_not_for_chongqing(province: str) -> None:
    found = {row.body["party"]: row.body["below_yuan"] for row in SEED.rules if row.body.get("province") == province}
    assert found == ({"organization": 100_000, "natural_person": 10_000} if province == "42" else {})


@pytest.mark.parametrize(
    ("list_id", "severity", "effective_to"),
    [
        ("samr-serious", "serious", None),
        ("samr-serious-2014", "serious", date(2021, 8, 31)),
        ("abnormal-operations", "abnormal", None),
        ("abnormal-mark", "abnormal", None),
        ("serious-dishonesty", "serious", None),
        ("ecommerce-historic", "notice", date(2020, 12, 6)),
    ],
)
def test_the_lists_that_come_with_the_service(list_id: str, severity: str, effective_to: date | None) -> None:
    assert (LISTS[list_id].severity, LISTS[list_id].effective_to) == (severity, effective_to)


def test_every_list_has_a_basis_of_a_known_level_and_an_authority() -> None:
    for entry in SEED.lists:
        assert entry.legal_basis.strip(), entry.id
        assert entry.list_authority.strip(), entry.id
        assert (entry.basis_level in LEVELS, entry.severity in SEVERITIES, entry.scope in {"national", "local"}) == (
            True,
            True,
            True,
        ), entry.id


def test_a_list_of_which_a_part_is_not_confirmed_says_so() -> None:
    unsure = [entry for entry in SEED.lists if entry.grade == "unverified"]
    assert unsure
    assert [entry.id for entry in unsure if not entry.note] == []


def test_a_seed_with_a_list_without_basis_is_refused() -> None:
    groundless = replace(SEED.lists[0], legal_basis="  ")
    with pytest.raises(NoLegalBasis):
        check_seed(replace(SEED, lists=(groundless, *SEED.lists[1:])))


def test_a_list_is_found_by_any_of_its_names() -> None:
    catalog = Catalog(1, SEED.authorities, SEED.lists, SEED.sources, SEED.regions, SEED.rules)
    for entry in SEED.lists:
        for name in (entry.id, entry.name, entry.name_en, *entry.aliases):
            found = catalog.find_list(name)
            assert found is not None, name
            assert found.id == entry.id, name


def test_an_authority_is_found_by_any_of_its_names() -> None:
    catalog = Catalog(1, SEED.authorities, SEED.lists, SEED.sources, SEED.regions, SEED.rules)
    for authority in SEED.authorities:
        for name in (authority.code, authority.name, *authority.aliases):
            assert catalog.find_authority(name) == authority, name


def test_the_bodies_merged_in_2018_have_a_successor_that_is_in_office() -> None:
    by_code = {authority.code: authority for authority in SEED.authorities}
    merged = [authority for authority in SEED.authorities if authority.effective_to is not None]
    assert {authority.code: authority.successor_code for authority in merged} == {
        "cq-industry-commerce": "cq-market-regulation",
        "cq-quality": "cq-market-regulation",
        "cq-food-drugs": "cq-market-regulation",
        "cq-entry-exit-inspection": "cq-customs",
    }
    for authority in merged:
        assert by_code[authority.successor_code or ""].effective_to is None


def test_no_source_is_claimed_that_nobody_checked() -> None:
    assert SEED.sources == ()


def test_regions_form_a_tree() -> None:
    levels = {region.code: region.level for region in SEED.regions}
    above: dict[str, set[str | None]] = {
        "country": {None},
        "province": {None},
        "prefecture": {"province"},
        "county": {"province", "prefecture"},
    }
    for region in SEED.regions:
        parent = region.parent_code
        assert (None if parent is None else levels[parent]) in above[region.level], region
        assert parent is None or region.code.startswith(parent.rstrip("0")), region


def test_a_region_that_was_renamed_keeps_both_names() -> None:
    names = Counter(region.code for region in SEED.regions)
    assert max(names.values()) == 2
    assert min(region.first_edition for region in SEED.regions) == "201901"


@pytest.mark.parametrize("edition", ["201901", "202312"])
def test_regions_are_those_of_the_published_editions(edition: str) -> None:
    path = EDITIONS / f"{edition}.json"
    if not path.exists():
        pytest.skip(f"{path.name} of the shared data is not here")
    published = {(code, name.rstrip("*")) for code, name in json.loads(path.read_text("utf-8")).items()}
    ours = {(row.code, row.name) for row in SEED.regions if row.first_edition <= edition <= row.last_edition}
    assert ours - published == {("100000", "国家级")}
    assert published - ours == set()
