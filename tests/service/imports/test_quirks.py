"""What real tables have beyond the slices beside the checkout, one fictitious row each: how it is written, what becomes of it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from service.db import Database
from service.samples import sample_code
from service.uscc.arithmetic import c18
from tests.service.imports.support import bring_in, penalised_firms, penalty, seed, write_csv

WAITS, CHECK, BAD = (
    ("quarantined", "waiting_subject"),
    ("quarantined", "suspect_check18"),
    ("quarantined", "malformed_code"),
)
NEW, TWICE, NONE = ("new", None), ("duplicate", "repeated_in_file"), ("quarantined", "no_penalty_stated")


def looking_alike(code: str) -> str:
    """A code with the letter O for a zero: no letter that a code may have."""
    return code[:2] + code[2:].replace("0", "O", 1)


def with_last(first17: str) -> str:
    return first17 + c18(first17)


#: What is written beside the plain row, outcome and reason, and what the record says then.
PENALTIES: dict[str, tuple[dict[str, str], tuple[str, str | None], dict[str, Any]]] = {
    "no penalty at all": ({"number": "", "kinds": "", "content": ""}, NONE, {}),
    "unknown stands for nothing": ({"number": "不详", "kinds": "不详", "content": "不详"}, NONE, {}),
    "plain": ({"content": "罚款人民币5000元"}, NEW, {"fine_fen": 500_000}),
    "a sum in words": ({"content": "罚款人民币贰万伍仟元整"}, NEW, {"fine_fen": 2_500_000}),
    "a share of an investment": ({"content": "处总投资额100万元百分之三的罚款，计人民币3万元"}, NEW, {"fine_fen": 3_000_000}),
    "an order without a fine": ({"kinds": "", "content": "责令改正"}, NEW, {"fine_fen": None}),
    "number without its last sign": ({"number": "渝示罚字（2018）12"}, NEW, {"document_key": "渝示罚字〔2018〕12号"}),
    "brackets of two kinds": ({"number": "渝示罚〔2018]13号"}, NEW, {"document_key": "渝示罚〔2018〕13号"}),
    "angle brackets": ({"number": "渝示罚〈2018〉14号"}, NEW, {"document_key": "渝示罚〔2018〕14号"}),
    "blanks in the number": ({"number": "渝示罚 〔 2018 〕 15 号"}, NEW, {"document_key": "渝示罚〔2018〕15号"}),
    "number in a title": ({"number": "行政处罚决定书（渝示罚〔2018〕16号）"}, NEW, {"document_key": "渝示罚〔2018〕16号"}),
    "title of a list": ({"number": "2018年第三季度行政处罚情况"}, NEW, {"document_key": None}),
    "one number, two parties, first": ({"number": "渝示罚〔2018〕17号"}, NEW, {"document_key": "渝示罚〔2018〕17号"}),
    "one number, two parties, second": ({"number": "渝示罚〔2018〕17号"}, NEW, {"document_key": "渝示罚〔2018〕17号"}),
    "one code, another name": ({"code": sample_code(3), "name": "重庆虚构商行"}, NEW, {"party_name": "重庆虚构商行"}),
    "branch under its parent's code": (
        {"code": sample_code(3), "name": "重庆示例3贸易有限公司渝北分公司"}, NEW, {"party_name": "重庆示例3贸易有限公司渝北分公司"},
    ),
    "look-alike letter": ({"code": looking_alike(sample_code(30))}, BAD, {}),
    "lower case": ({"code": sample_code(31).lower()}, NEW, {}),
    "day as a number": ({"decided": "43101", "published": "43102"}, NEW, {"decided_on": "2018-01-01"}),
    "day in Chinese numerals": ({"decided": "二〇一八年九月一日"}, NEW, {"decided_on": "2018-09-01"}),
    "half-width bracket in the name": ({"name": "重庆示例(集团）有限公司"}, NEW, {"party_name": "重庆示例（集团）有限公司"}),
    "private-use character in the name": ({"name": "重庆\ue00b示例贸易有限公司"}, NEW, {"party_name": "重庆示例贸易有限公司"}),
    "control character in a text": ({"content": "罚款\x85人民币7000元"}, NEW, {"fine_fen": 700_000}),
    "old number": ({"code": "500000000000011"}, WAITS, {}),
    "cooperative number": ({"code": "500234NA000123X"}, WAITS, {}),
}  # fmt: skip


async def outcomes_by_row(database: Database, import_id: object) -> list[tuple[str, str | None]]:
    async with database.transaction() as session:
        rows = await session.execute(
            text("SELECT outcome, reasons[1] FROM import_row WHERE import_id = :id ORDER BY n"), {"id": import_id}
        )
        return [(row[0], row[1]) for row in rows]


async def test_rows_of_penalties(database: Database, tmp_path: Path) -> None:
    await seed(database)
    rows = [penalty(n, **changes) for n, (changes, _, _) in enumerate(PENALTIES.values(), start=200)]
    file = write_csv(tmp_path / "a.csv", [*rows, rows[2]])
    job = await bring_in(database, file)
    expected = [told for _, told, _ in PENALTIES.values()]
    assert dict(zip(PENALTIES, await outcomes_by_row(database, job.id), strict=False)) == dict(
        zip(PENALTIES, expected, strict=True)
    )
    assert (await outcomes_by_row(database, job.id))[-1] == TWICE
    async with database.transaction() as session:
        told = await session.execute(text("SELECT import_row, to_jsonb(v) FROM penalty_version v"))
        records = {row[0]: row[1] for row in told}
    for n, (what, (_, _, says)) in enumerate(PENALTIES.items(), start=1):
        assert {name: records[n][name] for name in says} == says, what


SUBJECTS: dict[str, tuple[str, str, tuple[str, str | None]]] = {
    "plain": ("重庆示例41贸易有限公司", sample_code(41), NEW),
    "organisation part does not check out": ("重庆示例42贸易有限公司", with_last("91500000XY0000421"), NEW),
    "region that is in no edition": ("重庆示例43贸易有限公司", sample_code(43, prefix="91509999"), NEW),
    "rare prefix": ("重庆示例44农民专业合作社", sample_code(44, prefix="93500000"), NEW),
    "wrong check character": ("重庆示例45贸易有限公司", sample_code(45)[:17] + ("1" if sample_code(45)[17] != "1" else "2"), CHECK),
    "15 digits": ("重庆示例46贸易有限公司", "500000000000046", WAITS),
    "13 digits": ("重庆示例47贸易有限公司", "5000000000047", WAITS),
    "organisation code with a hyphen": ("重庆示例48贸易有限公司", "XY000001-2", WAITS),
    "foreign enterprise, in words": ("重庆示例49有限公司", "企独渝总字第000049号", WAITS),
    "cooperative": ("重庆示例50农民专业合作社", "500234NA000050X", WAITS),
    "look-alike small letter": ("重庆示例51贸易有限公司", looking_alike(sample_code(51)).lower(), BAD),
    "private-use character": ("重庆\ue00b示例52贸易有限公司", "\ue00b" + sample_code(52), NEW),
    "second name, other brackets": ("重庆示例(53）有限公司 重庆虚构53有限公司", sample_code(53), NEW),
    "second name in brackets": ("重庆示例54有限公司(原重庆虚构54有限公司)", sample_code(54), NEW),
    "the same row again": ("重庆示例41贸易有限公司", sample_code(41), TWICE),
}  # fmt: skip


async def test_rows_of_registry_extracts(database: Database, tmp_path: Path) -> None:
    await seed(database)
    lines = [f"{name},{code},2003-05-06" for name, code, _ in SUBJECTS.values()]
    file = tmp_path / "a.csv"
    # Too few fields, and a comma that nobody quoted.
    broken = ["重庆示例61贸易有限公司", f"重庆示例62,贸易有限公司,{sample_code(62)},2003-05-06"]
    file.write_text("\n".join(["企业名称,统一社会信用代码,注册日期", *lines, *broken]) + "\n", encoding="utf-8")
    job = await bring_in(database, file, kind="subjects", source="registry")
    found = await outcomes_by_row(database, job.id)
    assert dict(zip(SUBJECTS, found, strict=False)) == {what: told for what, (_, _, told) in SUBJECTS.items()}
    assert found[len(SUBJECTS) :] == [("quarantined", "field_count")] * 2
    async with database.transaction() as session:
        rows = await session.execute(
            text("SELECT name, former_names FROM subject_version WHERE former_names <> '{}' ORDER BY name")
        )
        assert [tuple(row) for row in rows] == [
            ("重庆示例54有限公司", ["重庆虚构54有限公司"]),
            ("重庆示例（53）有限公司", ["重庆虚构53有限公司"]),
        ]


ENTRIES: dict[str, tuple[str, str, tuple[str, str | None]]] = {
    "day as a number": (sample_code(71), "43101", NEW),
    "day with points": (sample_code(72), "2018.1.2", NEW),
    "no day": (sample_code(73), "", ("quarantined", "no_listed_on")),
    "look-alike letter": (looking_alike(sample_code(74)), "2018-01-01", BAD),
    "wrong check character": (sample_code(75)[:17] + ("1" if sample_code(75)[17] != "1" else "2"), "2018-01-01", CHECK),
    "old number": ("370000000000012", "2018-01-01", WAITS),
    "another province": (sample_code(76, prefix="91370000"), "2018/1/3", NEW),
    "the same again": (sample_code(71), "2018-01-01", TWICE),
}


async def test_rows_of_lists(database: Database, tmp_path: Path) -> None:
    await seed(database)
    rows = [[f"示例{n}有限公司" if what != "the same again" else "示例1有限公司", code, day]
            for n, (what, (code, day, _)) in enumerate(ENTRIES.items(), start=1)]  # fmt: skip
    file = write_csv(tmp_path / "a.csv", rows, ("企业名称", "代码匹配", "列入日期"))
    job = await bring_in(database, file, kind="blacklist", source="lists", list=penalised_firms().id)
    found = dict(zip(ENTRIES, await outcomes_by_row(database, job.id), strict=True))
    assert found == {what: told for what, (_, _, told) in ENTRIES.items()}


@pytest.mark.parametrize("words", ["警告", "责令改正", "不予处罚", "见处罚决定书"])
async def test_words_in_a_column_of_amounts_are_no_sum(database: Database, tmp_path: Path, words: str) -> None:
    await seed(database)
    header = ("行政相对人名称", "统一社会信用代码", "行政处罚决定书文号", "处罚内容", "罚款金额", "处罚决定日期")
    row = ["重庆示例1贸易有限公司", sample_code(1), "渝示罚〔2018〕1号", "警告", words, "2018-01-01"]
    await bring_in(database, write_csv(tmp_path / "a.csv", [row], header))
    async with database.transaction() as session:
        found = await session.execute(
            text("SELECT fine_fen, 'fine_column_unreadable' = ANY (flags) FROM penalty_version")
        )
        assert found.one() == (None, True)
