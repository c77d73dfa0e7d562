from pathlib import Path

import pytest

from service.tables.columns import choose_map, kind_scores
from service.tables.problems import NotATable
from service.tables.reader import open_table

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data"

REGISTER = (
    "企业名称",
    "统一社会信用代码",
    "注册日期",
    "企业类型",
    "法人代表",
    "注册资金",
    "经营范围",
    "所在省份",
    "地区",
    "注册地址",
)

FILES = [
    ("penalties/shandong_env_penalties_dev.xlsx", "xlsx", None, 1, 17, 1467, "penalties", "penalty-workbook", 2),
    ("blacklists/shandong_env_blacklist_dev.xlsx", "xlsx", None, 1, 6, 2000, "blacklist", "penalised-firms-list", 1),
    ("blacklists/creditchina_ecommerce_dev.xlsx", "xlsx", None, 1, 5, 250, "blacklist", "creditchina-list", 0),
    ("companies/kinginsun_registry/1999_重庆.csv", "csv", "utf-8", 1, 10, 1624, "subjects", "registry-extract", 0),
    ("companies/kinginsun_registry/2003_重庆.csv", "csv", "utf-8", 1, 10, 2319, "subjects", "registry-extract", 0),
    ("companies/kinginsun_registry/2007_重庆.csv", "csv", "utf-8", 1, 10, 7297, "subjects", "registry-extract", 0),
    ("companies/kinginsun_registry/2019_重庆.csv", "csv", "utf-8", 1, 10, 5276, "subjects", "registry-extract", 0),
    ("companies/zhejiang_check01.xlsx", "xlsx", None, 1, 4, 477, "subjects", "spot-check-list", 0),
    ("companies/zhejiang_sccheck01_spreadsheetml.xlsx", "spreadsheetml", None, 1, 4, 477, "subjects", "spot-check-list", 0),
    ("companies/chongqing_listed_55.xls", "xls", None, 1, 9, 55, "subjects", "listed-companies", 0),
    ("standards/zhejiang_xzcf_import_template.xls", "xls", None, 2, 8, 1, "penalties", "penalty-workbook", 0),
    ("standards/zhejiang_punish_batch_template.xls", "xls", None, 2, 10, 0, "penalties", "penalty-workbook", 0),
    ("divisions/gbt2260_history.csv", "csv", "utf-8", 1, 4, 7461, None, None, None),
    ("amounts/amount_gold_dev.tsv", "tsv", "utf-8", 1, 6, 1116, None, None, None),
]  # fmt: skip


def published(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the shared data folder with {name} is not beside the project")
    return path


@pytest.mark.parametrize(
    ("name", "kind_of_file", "encoding", "header_line", "columns", "rows", "kind", "map_id", "unknown"), FILES
)
def test_published_files_are_read_whole(
    name: str,
    kind_of_file: str,
    encoding: str | None,
    header_line: int,
    columns: int,
    rows: int,
    kind: str | None,
    map_id: str | None,
    unknown: int | None,
) -> None:
    with open_table(published(name)) as table:
        chunks = list(table.chunks(1000))
    assert (table.format, table.encoding, table.header_line) == (kind_of_file, encoding, header_line)
    assert len(table.header) == columns
    assert sum(len(chunk.lines) for chunk in chunks) == rows
    assert [one for chunk in chunks for one in chunk.rejects] == []
    lines = [line for chunk in chunks for line in chunk.lines]
    assert lines == sorted(set(lines))
    if kind is not None:
        scores = kind_scores(table.header)
        assert max(scores, key=lambda one: scores[one]) == kind
        choice = choose_map(table.header, next(one for one in scores if one == kind))
        assert (choice.map_id, len(choice.unknown)) == (map_id, unknown)


def test_the_register_extract_keeps_its_header() -> None:
    with open_table(published("companies/kinginsun_registry/1999_重庆.csv")) as table:
        assert table.header == REGISTER


def test_a_line_break_inside_a_name_is_taken_out() -> None:
    with open_table(published("penalties/shandong_env_penalties_dev.xlsx")) as table:
        assert table.sheet == "企业名单"
        assert not any("\n" in name or name != name.strip() for name in table.header)


def test_the_note_above_the_batch_template_is_kept() -> None:
    with open_table(published("standards/zhejiang_punish_batch_template.xls")) as table:
        assert len(table.notes) == 1


@pytest.mark.parametrize(
    "name",
    [
        "divisions/gbt2260_json/201901.json",
        "standards/header_aliases_xzcf.json",
        "standards/shuanggongshi_penalty_fields.json",
    ],
)
def test_one_json_document_is_no_table(name: str) -> None:
    with pytest.raises(NotATable):
        open_table(published(name))
