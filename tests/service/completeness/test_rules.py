import pytest

from service.completeness.rules import NoNumbers, SeriesTooWide, compare, gaps, read_numbers

HERE = ["渝示罚〔2026〕1号", "渝示罚〔2026〕2号", "渝示罚〔2026〕5号", "渝示罚〔2025〕1号", "渝示处字〔2026〕2号"]


def test_a_series_begins_with_1_and_misses_what_lies_between() -> None:
    found = {(one.office, one.year): one.missing for one in gaps([*HERE, "20260001号"])}
    assert found == {("渝示罚", 2026): (3, 4), ("渝示罚", 2025): (), ("渝示处字", 2026): (1,)}


def test_a_mistyped_number_is_named_and_not_a_gap_of_a_million() -> None:
    with pytest.raises(SeriesTooWide, match="20260012"):
        gaps([*HERE, "渝示罚〔2026〕20260012号"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_compared_whatever_its_brackets_and_encoding(encoding: str) -> None:
    file = "文号,当事人\n渝示罚[2026]1号,甲\n渝示罚（2026）第3号,乙\n渝示罚【2026】５号,丙\n无文号,丁\n".encode(
        encoding
    )
    result = compare(read_numbers(file), HERE)
    assert (result.in_file, result.in_both) == (3, 2)
    assert result.missing_here == ("渝示罚〔2026〕第3号",)
    # 2025 and the other office are not spoken of.
    assert result.missing_there == ("渝示罚〔2026〕2号",)
    assert result.unreadable == ((5, "无文号"),)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"PK\x03\x04\x00\x00", b"0", b'"' + b"x" * 140_000],
    ids=["empty", "blank", "binary", "no number", "a cell without end"],
)
def test_what_is_no_list_of_numbers_is_refused(content: bytes) -> None:
    with pytest.raises(NoNumbers):
        compare(read_numbers(content), [])
