"""Numbers whose format says the words: read as they are shown."""

from pathlib import Path

import openpyxl
import pytest

from service.tables.reader import open_table
from service.tables.word_formats import shown


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ('0"万元"', 5.0, "5万元"),
        ('"渝示罚〔2018〕"0"号"', 12.0, "渝示罚〔2018〕12号"),
        ('"警告"', 1.0, "警告"),
        ("罚款General元", 500.0, "罚款500元"),
        ('[DBNum2][$-804]"罚款人民币"General"元整"', 20000.0, "罚款人民币20000元整"),
        ('[Red]"罚款"#,##0.00"元";[$-804]"无"', 1234.5, "罚款1234.50元"),
        ('"投资额的"0%', 0.05, "投资额的5%"),
        ("[$￥-804]0\\元_)", 3.0, "￥3元"),
        ('0"万元"', -5.0, None),
    ],
)
def test_a_format_shows_its_words(code: str, value: float, text: str | None) -> None:
    assert shown(code, value) == text


def test_cells_are_read_as_they_are_shown(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "处罚 & 名单"
    sheet.append(["企业名称", "处罚内容", "罚款", "处罚决定日期"])
    sheet.append(["重庆示例贸易有限公司", 20000, 5, 43101])
    sheet.append(["重庆虚构贸易有限公司", 3, 7, 43102])
    sheet["B2"].number_format = '"罚款人民币"0"元"'
    sheet["C2"].number_format = '0"万元"'
    sheet["C3"].number_format = "0.00"
    sheet["D2"].number_format = sheet["D3"].number_format = 'yyyy"年"m"月"d"日"'
    book.save(tmp_path / "a.xlsx")
    with open_table(tmp_path / "a.xlsx") as table:
        rows = [list(row) for chunk in table.chunks() for row in zip(*chunk.columns, strict=True)]
    assert rows == [
        ["重庆示例贸易有限公司", "罚款人民币20000元", "5万元", "2018-01-01"],
        ["重庆虚构贸易有限公司", "3", "7", "2018-01-02"],
    ]
