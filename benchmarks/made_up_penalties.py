"""Made-up penalty files: dates in three writings, brackets of four kinds, quoted texts, odd codes, repeated rows."""

import csv
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from service.samples import sample_code

HEADER: Final = (
    "行政相对人名称", "行政相对人代码_1(统一社会信用代码)", "行政处罚决定书文号", "违法行为类型", "违法事实", "处罚依据", "处罚类别",
    "处罚内容", "罚款金额(万元)", "处罚决定日期", "公示日期", "备注",
)  # fmt: skip
_FIRMS: Final = 300_000


def rows(first: int, count: int) -> Iterator[tuple[str, ...]]:
    """Yield `count` rows whose document numbers begin at `first`; the same rows for the same numbers."""
    chance = random.Random(20261124 + first)  # noqa: S311 - made-up rows, no secrets
    row: tuple[str, ...] = ()
    for n in range(first, first + count):
        if row and chance.random() < 0.003:  # the same row once more, or the same decision with another fine
            yield row if chance.random() < 0.8 else (*row[:7], "罚款人民币1元", *row[8:])
            continue
        firm = n % _FIRMS + 1
        opening, closing = chance.choice(("〔〕", "（）", "[]", "【】"))
        day = f"{2024 + n % 2}-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
        written = chance.choice((day, day.replace("-", "/"), day.replace("-", ".")))
        yuan = chance.randrange(1, 500) * 100
        code = sample_code(firm) if chance.random() > 0.002 else sample_code(firm)[:17] + "0"
        facts = f"经查，当事人于第{n % 700}次检查时存在不符合规定的宣传行为"
        if chance.random() < 0.001:
            facts += ',另见"附件"'
        row = (
            f"重庆示例{firm}号贸易有限公司", code, f"渝示市监罚{opening}2025{closing}{n}号", "虚假宣传", facts,
            "《中华人民共和国广告法》第五十五条", "罚款", f"责令停止违法行为；罚款人民币{yuan}元", f"{yuan / 10000:.6f}", written, "", "",
        )  # fmt: skip
        yield row


def write_csv(path: Path, first: int, count: int) -> None:
    """Write rows as UTF-8 CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows(first, count))


def write_xlsx(path: Path, first: int, count: int) -> None:
    """Write rows as a workbook of one sheet with its texts inline."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{links}"><Relationship Id="r1" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {space} xmlns:r="{office}"><sheets><sheet name="处罚" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{links}"><Relationship Id="r1" Type="{office}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f"<worksheet {space}><sheetData>".encode())
            for at, row in enumerate([HEADER, *rows(first, count)], start=1):
                cells = "".join(
                    f'<c r="{chr(65 + column)}{at}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
                    for column, cell in enumerate(row)
                    if cell
                )
                sheet.write(f'<row r="{at}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
