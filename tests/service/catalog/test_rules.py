from datetime import date
from typing import Any

import pytest

from service.catalog.rules import (
    BadCoverage,
    Catalog,
    Coverage,
    ImpossiblePeriod,
    KnownAuthority,
    KnownList,
    KnownRegion,
    KnownSource,
    NoLegalBasis,
    NoSuchAuthority,
    PublishedNowhere,
    check_authority,
    check_list,
    check_source,
    parse_cover,
    source_covers,
)


def authority(code: str, name: str, *aliases: str, **changes: Any) -> KnownAuthority:
    values: dict[str, Any] = {
        "uscc": None,
        "system": "market_regulation",
        "division_code": "500000",
        "parent_code": None,
        "successor_code": None,
        "effective_from": None,
        "effective_to": None,
        "citation": None,
    } | changes
    return KnownAuthority(code=code, name=name, aliases=aliases, **values)


def source(*covers: str, **changes: Any) -> KnownSource:
    values: dict[str, Any] = {
        "code": "sample",
        "name": "示例来源",
        "owner": "示例单位",
        "published": False,
        "published_where": None,
        "importing_authorities": (),
        "stale_after_days": 35,
        "licence": None,
    } | changes
    return KnownSource(covers=covers, **values)


def blacklist(**changes: Any) -> KnownList:
    values: dict[str, Any] = {
        "id": "sample-list",
        "name": "示例名单",
        "name_en": "Sample list",
        "aliases": ("示例黑名单",),
        "severity": "serious",
        "legal_basis": "示例办法第一条",
        "basis_level": "department_rule",
        "list_authority": "示例监管局",
        "scope": "national",
        "catalog_edition": None,
        "effective_from": date(2021, 9, 1),
        "effective_to": None,
        "period_months": 36,
        "grade": "unverified",
        "note": None,
    } | changes
    return KnownList(**values)


@pytest.mark.parametrize(
    ("covers", "what", "division", "covered"),
    [
        pytest.param(["penalties:50"], "penalties", "500105", True, id="a province covers its counties"),
        pytest.param(["penalties:50"], "penalties", "510105", False, id="and no other province"),
        pytest.param(["penalties:5001"], "penalties", "500105", True, id="a prefecture covers its counties"),
        pytest.param(["penalties:5001"], "penalties", "500231", False, id="and not those of the next one"),
        pytest.param(["penalties:500105"], "penalties", "500105", True, id="a county covers itself"),
        pytest.param(["penalties:"], "penalties", "500105", True, id="no digits: the whole country"),
        pytest.param(["penalties:000000"], "penalties", "500105", True, id="six zeros: the whole country"),
        pytest.param(["penalties:500000"], "penalties", "500105", True, id="trailing zeros are left out"),
        pytest.param(["penalties:50"], "lists", "500105", False, id="penalties are no lists"),
        pytest.param(["lists:50", "penalties:51"], "lists", "510105", False, id="each entry stands alone"),
        pytest.param(["registrations:50"], "registrations", None, False, id="an unknown region is not in province 50"),
        pytest.param(["registrations:"], "registrations", None, True, id="but it is in the country"),
        pytest.param([], "penalties", "500105", False, id="a source may cover nothing"),
    ],
)
def test_what_a_source_covers(covers: list[str], what: str, division: str | None, covered: bool) -> None:
    assert source_covers(source(*covers), Coverage(what), division) is covered


@pytest.mark.parametrize(
    "entry", ["", "penalties", "penalties:5", "fines:50", "penalties:50x", "penalties:５０", ":50"]
)
def test_a_coverage_of_another_form_is_refused(entry: str) -> None:
    with pytest.raises(BadCoverage):
        parse_cover(entry)


def catalog() -> Catalog:
    return Catalog(
        version=3,
        authorities=(
            authority("a", "星屿区市场监督管理局", "市监局", uscc="11500105XY0000012K"),
            authority("b", "海棠区市场监督管理局", "市监局", "海棠区市场监管局（新）"),
        ),
        lists=(blacklist(),),
        sources=(source("penalties:50"), source("penalties:51", code="other")),
        regions=(
            KnownRegion("500105", "江北区", "county", "500000", "201901", "202312"),
            KnownRegion("500112", "新渝北区", "county", "500000", "202201", "202312"),
            KnownRegion("500112", "渝北区", "county", "500000", "201901", "202112"),
        ),
        rules=(),
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a", "a"),
        ("星屿区市场监督管理局", "a"),
        (" 星屿区 市场监督管理局 ", "a"),
        ("11500105XY0000012K", "a"),
        ("海棠区市场监管局(新)", "b"),
        ("市监局", None),
        ("无此局", None),
    ],
)
def test_an_authority_is_found_by_code_name_alias_or_credit_code(text: str, code: str | None) -> None:
    found = catalog().find_authority(text)
    assert (None if found is None else found.code) == code


def test_an_alias_of_two_authorities_names_both() -> None:
    assert [found.code for found in catalog().authorities_named("市监局")] == ["a", "b"]


@pytest.mark.parametrize("text", ["sample-list", "示例名单", "Sample list", "示例黑名单"])
def test_a_list_is_found_by_id_name_or_alias(text: str) -> None:
    assert catalog().find_list(text) == blacklist()


def test_a_list_nobody_made_is_not_found() -> None:
    assert catalog().find_list("别的名单") is None


def test_a_region_has_the_name_of_its_last_edition() -> None:
    assert catalog().region_name("500112") == "新渝北区"
    assert catalog().region_name("999999") is None
    assert catalog().known_divisions == {"500105", "500112"}


def test_covering_sources() -> None:
    assert [found.code for found in catalog().covering_sources(Coverage.PENALTIES, "510105")] == ["other"]


@pytest.mark.parametrize("basis", ["", " ", "\u3000"])
def test_a_list_without_a_basis_is_refused(basis: str) -> None:
    with pytest.raises(NoLegalBasis):
        check_list(blacklist(legal_basis=basis))


def test_a_list_with_a_basis_and_one_day_in_force_is_accepted() -> None:
    check_list(blacklist(effective_to=date(2021, 9, 1)))


def test_a_list_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ImpossiblePeriod):
        check_list(blacklist(effective_to=date(2021, 8, 31)))


@pytest.mark.parametrize(
    ("published", "where", "refused"),
    [(True, "示例网站", False), (False, None, False), (True, None, True), (True, " ", True), (False, "示例网站", True)],
)
def test_a_published_source_says_where_and_no_other_does(published: bool, where: str | None, refused: bool) -> None:
    row = source("penalties:50", published=published, published_where=where)
    if refused:
        with pytest.raises(PublishedNowhere):
            check_source(row)
    else:
        check_source(row)


def test_a_source_with_a_bad_coverage_is_refused() -> None:
    with pytest.raises(BadCoverage):
        check_source(source("penalties:5"))


@pytest.mark.parametrize("other", [{"parent_code": "x"}, {"successor_code": "x"}])
def test_an_authority_below_or_before_an_unknown_one_is_refused(other: dict[str, str]) -> None:
    with pytest.raises(NoSuchAuthority, match="'x'"):
        check_authority(authority("c", "丙局", **other), ["a", "b"])
    check_authority(authority("c", "丙局", **other), ["a", "x"])


def test_an_authority_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ImpossiblePeriod):
        check_authority(authority("c", "丙局", effective_from=date(2020, 1, 2), effective_to=date(2020, 1, 1)), ["a"])
