import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.reading.names import fold_name
from service.subjects.ranking import (
    Candidate,
    Match,
    TermTooShort,
    is_findable,
    keep_alike,
    likeness_to,
    pick_rare,
    rank,
    read_term,
)


def named(name: str, *, kind: str = "registered", uscc: str = "915001050000000001") -> Candidate:
    return Candidate(uscc, name, kind, fold_name(name))


@pytest.mark.parametrize(
    ("term", "name", "kind", "match"),
    [
        ("重庆星屿贸易有限公司", "重庆星屿贸易有限责任公司", "registered", Match.EXACT),
        ("重庆(星屿)贸易", "重庆（星屿）贸易有限公司", "registered", Match.EXACT),
        ("重庆星屿", "重庆星屿贸易有限公司", "registered", Match.PREFIX),
        ("重庆星屿贸易", "重庆星屿贸易有限公司", "former", Match.FORMER),
        ("重庆星屿", "重庆星屿贸易有限公司", "record", Match.FORMER),
        ("星屿", "重庆星屿贸易有限公司", "registered", Match.OVERLAP),
        ("星屿", "重庆星屿贸易有限公司", "former", Match.OVERLAP),
        ("重庆星与贸易有限公司", "重庆星屿贸易有限公司", "registered", Match.OVERLAP),
        ("有限", "重庆星屿贸易有限公司", "registered", Match.OVERLAP),
    ],
)
def test_how_a_name_fits(term: str, name: str, kind: str, match: Match) -> None:
    (found,) = rank(read_term(term), [named(name, kind=kind)])
    assert found.match is match


def test_the_order_is_exact_prefix_former_overlap_and_what_is_not_alike_is_left_out() -> None:
    names = [
        ("重庆市月湾食品有限公司", "registered"),
        ("月湾食品重庆分公司", "former"),
        ("月湾食品", "registered"),
        ("月湾食品销售", "registered"),
        ("重庆月湾食品", "registered"),
        ("重庆月湾水产", "registered"),
    ]
    candidates = [named(name, kind=kind, uscc=f"91500105000000000{n}") for n, (name, kind) in enumerate(names)]
    assert [found.candidate.name for found in rank(read_term("月湾食品"), candidates)] == [
        "月湾食品",
        "月湾食品销售",
        "月湾食品重庆分公司",
        "重庆月湾食品",
        "重庆市月湾食品有限公司",
    ]


def test_a_subject_is_found_once_by_its_best_name() -> None:
    candidates = [named("重庆旧名贸易", kind="former"), named("重庆旧名贸易二部")]
    (found,) = rank(read_term("重庆旧名贸易"), candidates)
    assert found.candidate.name == "重庆旧名贸易二部"
    assert found.match is Match.PREFIX


def test_names_that_share_too_little_are_not_kept() -> None:
    near, far = named("重庆星与贸易有限公司"), named("重庆月湾食品有限公司")
    assert keep_alike(read_term("重庆星屿贸易"), [near, far]) == [near]


@pytest.mark.parametrize("name", ["张三丰", "欧阳小明", "个体工商户"])
def test_a_sole_trader_without_a_trade_name_is_not_found_by_name(name: str) -> None:
    assert not is_findable(named(name, uscc="92500105MA00000001"))


def test_a_sole_trader_with_a_trade_name_is() -> None:
    assert is_findable(named("江北区三丰小面馆", uscc="92500105MA00000001"))


@pytest.mark.parametrize("text", ["", " ", "重", "（重）", "A", "--"])
def test_a_term_needs_two_characters(text: str) -> None:
    with pytest.raises(TermTooShort):
        read_term(text)


@pytest.mark.parametrize(
    ("text", "is_form"), [("有限", True), ("有限公司", True), ("合伙", True), ("重庆", False), ("限重", False)]
)
def test_a_piece_of_a_legal_form_is_known(text: str, is_form: bool) -> None:
    assert read_term(text).is_legal_form is is_form


def test_rare_pieces_are_picked_within_the_budget() -> None:
    frequencies = {"重庆": 0.6, "贸易": 0.05, "星屿": 0.001}
    pieces = ["重庆", "庆星", "星屿", "屿贸", "贸易"]
    assert pick_rare(pieces, frequencies, least=0.001, names=200_000, budget=2_000) == ["屿贸", "庆星", "星屿"]
    assert pick_rare(["重庆"], frequencies, least=0.001, names=200_000, budget=2_000) == ["重庆"]
    assert pick_rare(pieces, {}, least=0, names=0, budget=2_000) == sorted(pieces)


@given(st.text("重庆星屿贸易月湾", min_size=2, max_size=12), st.text("重庆星屿贸易月湾", min_size=2, max_size=12))
def test_likeness_is_a_share_and_whole_only_for_the_same_pieces(term: str, name: str) -> None:
    likeness = likeness_to(term)
    assert 0 <= likeness(name) <= likeness(term) <= 1
