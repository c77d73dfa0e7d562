"""Workbooks made to read files, call hosts or fill the memory."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from service.tables.chunk import Limits
from service.tables.problems import TableProblem
from service.tables.reader import open_table

HEADER = ["企业名称", "统一社会信用代码"]
CONTENT = "the content of a file that is nobody's business"


def workbook(*rows: list[str], **parts: bytes) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEADER, *rows):
        sheet.append(row)
    plain = io.BytesIO()
    book.save(plain)
    target = io.BytesIO()
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in source.namelist():
            copy.writestr(name, parts.get(name, source.read(name)))
        for name in set(parts) - set(source.namelist()):
            copy.writestr(name, parts[name])
    return target.getvalue()


def texts(path: Path) -> str:
    try:
        with open_table(path, limits=Limits(unpacked=5_000_000, ratio_from=100_000)) as table:
            return " ".join(str(chunk.columns) for chunk in table.chunks())
    except TableProblem as problem:
        return problem.detail


def test_links_and_entities_of_a_workbook_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(CONTENT)
    address = (tmp_path / "secret.txt").as_uri()
    shared = (
        f'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY x SYSTEM "{address}">]>'
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="3" uniqueCount="3">'
        "<si><t>企业名称</t></si><si><t>统一社会信用代码</t></si><si><t>&x;</t></si></sst>"
    )
    link = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship'
        f' Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" Target="{address}"'
        ' TargetMode="External"/></Relationships>'
    )
    for number, content in enumerate(
        (
            workbook(["a", "b"], **{"xl/sharedStrings.xml": shared.encode()}),
            workbook(["=[1]Sheet1!A1", "b"], **{"xl/externalLinks/_rels/externalLink1.xml.rels": link.encode()}),
            workbook([f'=WEBSERVICE("{address}")', f'=HYPERLINK("{address}")']),
        )
    ):
        path = tmp_path / f"{number}.xlsx"
        path.write_bytes(content)
        assert CONTENT not in texts(path)


@pytest.mark.parametrize("kind", ["laughs", "external"])
def test_entities_of_a_spreadsheet_in_xml_are_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "secret.txt").write_text(CONTENT)
    doubled = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    declared = {
        "laughs": f'<!ENTITY l0 "lol">{doubled}',
        "external": f'<!ENTITY l9 SYSTEM "{(tmp_path / "secret.txt").as_uri()}">',
    }[kind]
    path = tmp_path / "a.xml"
    path.write_text(
        f'<?xml version="1.0"?><!DOCTYPE Workbook [{declared}]><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'
        "<Worksheet><Table><Row><Cell><Data>企业名称</Data></Cell></Row><Row><Cell><Data>&l9;</Data></Cell></Row></Table>"
        "</Worksheet></Workbook>"
    )
    said = texts(path)
    assert CONTENT not in said
    assert "lollol" not in said


def test_a_sheet_that_unpacks_to_far_more_than_it_is_is_refused(tmp_path: Path) -> None:
    sheet = b'<?xml version="1.0"?><worksheet><sheetData>' + b"<row/>" * 2_000_000 + b"</sheetData></worksheet>"
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(workbook(["a", "b"], **{"xl/worksheets/sheet1.xml": sheet}))
    assert path.stat().st_size < 100_000
    with pytest.raises(TableProblem), open_table(path, limits=Limits(unpacked=5_000_000, ratio_from=100_000)) as table:
        list(table.chunks())
