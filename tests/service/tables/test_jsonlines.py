import json
from pathlib import Path

import pytest

from service.tables.problems import TooManyColumns
from service.tables.reader import open_table
from tests.service.tables.test_text import read, written


def test_the_header_is_the_union_of_all_keys(tmp_path: Path) -> None:
    first = {"企业名称": "虚构甲", "统一社会信用代码": None, "罚款": 915000001234567890, "明细": [1, "二"]}
    lines = [json.dumps(first, ensure_ascii=False), "", '{"企业名称": "虚构乙", "备注": true, "罚款": 0.5}']
    with open_table(written(tmp_path, "\n".join(lines), "x.csv")) as table:
        rows, rejects = read(table)
    assert (table.format, table.header_line) == ("jsonl", 0)
    assert table.header == ("企业名称", "统一社会信用代码", "罚款", "明细", "备注")
    assert rows == [
        (1, ("虚构甲", None, "915000001234567890", '[1, "二"]', None)),
        (3, ("虚构乙", None, "0.5", None, "true")),
    ]
    assert table.blank_rows == 1
    assert rejects == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"企业名称": "虚构', "bad_json"),
        ("[1, 2]", "not_an_object"),
        ('"x"', "not_an_object"),
        ('{"企业名称": "甲", "企业名称": "乙"}', "duplicate_key"),
        ('{"企业名称": "甲\\u0000乙"}', "nul_bytes"),
        ('{"企业名称": "' + "x" * 1_000_001 + '"}', "cell_too_large"),
        ('{"a": ' * 2000 + "1" + "}" * 2000, "bad_json"),
    ],
)
def test_lines_that_are_no_record_are_rejects(tmp_path: Path, line: str, reason: str) -> None:
    good = '{"企业名称": "虚构甲", "备注": "注意: \\"引号\\": 3"}'
    with open_table(written(tmp_path, f"{good}\n{line}\n{good}")) as table:
        rows, rejects = read(table)
    assert [number for number, _ in rows] == [1, 3]
    assert rows[0][1][1] == '注意: "引号": 3'
    assert [(one.line, one.reason) for one in rejects] == [(2, reason)]
    assert len(rejects[0].content) < 21_000


def test_digits_beyond_the_machine_word_are_kept(tmp_path: Path) -> None:
    with open_table(written(tmp_path, '{"企业名称": "甲", "注册号": 123456789012345678901234}')) as table:
        assert read(table)[0][0][1] == ("甲", "123456789012345678901234")


def test_too_many_keys(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({"企业名称": "甲", f"k{n}": 1}, ensure_ascii=False) for n in range(600))
    with pytest.raises(TooManyColumns):
        open_table(written(tmp_path, lines))
