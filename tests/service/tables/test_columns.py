import json

import pytest

from service.tables.columns import KINDS, choose_map, fields_of, is_known_name, kind_scores, load_maps
from service.tables.problems import UnknownColumn, UnknownField
from tests.service.tables.test_published_files import published

EDITION_2018 = (
    "行政相对人名称", "行政相对人类别", "行政相对人代码_1(统一社会信用代码)", "行政相对人代码_2(工商注册号)",
    "行政相对人代码_3(组织机构代码)", "行政处罚决定书文号", "违法行为类型", "违法事实", "处罚内容",
    "罚款金额（万元）", "处罚决定日期", "公示截止期", "处罚机关",
)  # fmt: skip
EDITION_2015 = (
    "行政处罚决定书文号", "处罚名称", "处罚类别1", "处罚类别2", "处罚事由", "处罚依据", "行政相对人名称",
    "行政相对人代码_1(统一社会信用代码)", "行政相对人代码_2(组织机构代码)", "行政相对人代码_3(工商登记码)", "处罚结果",
    "处罚生效期", "处罚截止期", "处罚机关", "当前状态", "地方编码",
)  # fmt: skip


def test_every_map_names_only_known_fields_and_is_cited() -> None:
    maps = load_maps()
    assert len({one.id for one in maps}) == len(maps)
    for one in maps:
        assert one.kind in KINDS
        assert one.citation
        assert one.grade in {"verified", "secondary", "unverified"}
        assert {our_field for our_field, _ in one.names.values()} <= set(fields_of(one.kind))


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_names_are_read_back(kind: str) -> None:
    one = next(name for name in KINDS if name == kind)
    choice = choose_map(tuple(fields_of(one)), one)
    unread = {name for name in fields_of(one) if choice.fields.get(name) != list(fields_of(one)).index(name)}
    assert unread == set()


def test_labels_in_brackets_decide_what_a_code_column_means() -> None:
    new = choose_map(EDITION_2018, "penalties")
    old = choose_map(EDITION_2015, "penalties")
    assert (new.map_id, new.fields["reg_no"], new.fields["org_code"]) == ("shuanggongshi-2018", 3, 4)
    assert (old.map_id, old.fields["org_code"], old.fields["reg_no"]) == ("shuanggongshi-2015", 8, 9)
    assert (new.fields["uscc"], old.fields["uscc"]) == (2, 7)
    assert (new.warnings, old.warnings) == ((), ())


def test_code_columns_without_a_label_follow_the_edition() -> None:
    def bare(header: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name.split("(")[0] if "代码_" in name else name for name in header)

    new = choose_map(bare(EDITION_2018), "penalties")
    old = choose_map(bare(EDITION_2015), "penalties")
    assert (new.fields["reg_no"], new.fields["org_code"]) == (3, 4)
    assert (old.fields["org_code"], old.fields["reg_no"]) == (8, 9)
    assert {one.code for one in (*new.warnings, *old.warnings)} == {"code_column_by_edition"}


def test_a_number_alone_is_not_guessed_at() -> None:
    header = ("行政相对人名称", "行政相对人代码_2", "行政相对人代码_3", "处罚决定日期")
    choice = choose_map(header, "penalties")
    assert choice.unknown == (1, 2)
    assert [(one.code, one.column) for one in choice.warnings] == [
        ("ambiguous_code_column", 1),
        ("ambiguous_code_column", 2),
    ]
    forced = choose_map(header, "penalties", {"行政相对人代码_2": "org_code"})
    assert forced.fields["org_code"] == 1


@pytest.mark.parametrize(
    ("name", "unit"),
    [("罚款金额（万元）", "wan"), ("罚款金额(元)", "yuan"), ("罚款金额", "wan")],
)
def test_the_unit_of_an_amount_is_that_of_its_header_else_that_of_the_edition(name: str, unit: str) -> None:
    header = tuple(name if one.startswith("罚款") else one for one in EDITION_2018)
    choice = choose_map(header, "penalties")
    assert choice.fields["fine"] == header.index(name)
    assert choice.units["fine"] == unit


@pytest.mark.parametrize(
    "name",
    [
        "统一社会信用代码",
        " 统一社会 信用代码 ",
        "统一社会信用代码（必填）",
        "ＣＦ＿ＷＳＨ",
        "cf-wsh",
    ],
)
def test_width_blanks_joiners_and_notes_do_not_hide_a_name(name: str) -> None:
    assert is_known_name(name)


@pytest.mark.parametrize("name", ["", "虚构列", "91500000MA5ABCDE0X", "2024-05-01"])
def test_other_texts_are_no_names(name: str) -> None:
    assert not is_known_name(name)


def test_overrides_win_and_are_checked() -> None:
    header = ("企业名称", "统一社会信用代码", "别的", "注册日期")
    choice = choose_map(header, "subjects", {"别的": "remark", "注册日期": "", "企业名称": "former_names"})
    assert choice.fields["remark"] == 2
    assert choice.fields["former_names"] == 0
    assert "registered_on" not in choice.fields
    assert 3 in choice.unknown
    with pytest.raises(UnknownColumn, match="企业名称"):
        choose_map(header, "subjects", {"无此列": "remark"})
    with pytest.raises(UnknownField, match="fine"):
        choose_map(header, "subjects", {"别的": "fine"})


def test_a_second_column_for_one_field_stays_raw_with_a_warning() -> None:
    choice = choose_map(("企业名称", "统一社会信用代码", "统一社会信用代码"), "subjects")
    assert choice.fields["uscc"] == 1
    assert choice.unknown == (2,)
    assert [(one.code, one.column) for one in choice.warnings] == [("second_column_for_field", 2)]


def test_files_of_each_kind_are_told_apart() -> None:
    scores = kind_scores(EDITION_2018)
    assert scores["penalties"] > 2 * max(scores["subjects"], scores["blacklist"])


def test_spellings_met_on_real_tables_are_known() -> None:
    aliases = json.loads(published("standards/header_aliases_xzcf.json").read_text(encoding="utf-8"))

    def spellings(node: object) -> list[str]:
        if isinstance(node, dict):
            return [one for key, value in node.items() if not key.startswith("_") for one in spellings(value)]
        if isinstance(node, list):
            return [one for value in node for one in ([value] if isinstance(value, str) else spellings(value))]
        return []

    names = spellings(aliases)
    missed = [name for name in names if not is_known_name(name)]
    assert len(names) >= 100
    assert missed == []
