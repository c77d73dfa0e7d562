"""Fictitious sample data: invented firms with invented codes, one of every outcome and every list.

It enters the way real data does: as files through an import, from sources that say what they cover.
"""

import csv
import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from service.catalog.actions import add_source
from service.catalog.queries import load_catalog
from service.catalog.rules import KnownSource
from service.clock import Clock, legal_day
from service.db import Database
from service.imports.actions import ImportRequest, UploadedFile, create_import, new_import_id
from service.imports.runner import run_import
from service.sample_lives import load_sample_lives
from service.uscc.rules import c18, org_check

AUTHORITY: Final = "cq-market-regulation"
SOURCES: Final = (
    KnownSource(
        code="sample-registry", name="示例登记信息", owner="示例", published=True,
        published_where="https://registry.example/", covers=("registrations:50",), importing_authorities=(AUTHORITY,),
        stale_after_days=35, licence="fictitious",
    ),
    KnownSource(
        code="sample-penalties", name="示例行政处罚", owner="示例", published=True,
        published_where="https://penalties.example/", covers=("penalties:50",), importing_authorities=(AUTHORITY,),
        stale_after_days=35, licence="fictitious",
    ),
    KnownSource(
        code="sample-lists", name="示例名单", owner="示例", published=True,
        published_where="https://lists.example/", covers=("lists:50",), importing_authorities=(AUTHORITY,),
        stale_after_days=35, licence="fictitious",
    ),
)  # fmt: skip
_BRANDS: Final = ("星屿", "云溪", "禾木", "青屏", "远岫", "松风", "朗月", "晴川", "织云", "渡口", "山雀", "白鹭")
_TRADES: Final = ("贸易", "食品", "电子商务", "机械", "环保科技", "餐饮管理")
LISTS: Final = ("samr-serious", "abnormal-operations", "abnormal-mark", "serious-dishonesty")


def sample_code(number: int, *, prefix: str = "91500000") -> str:
    """Return an invented credit code: organisation code XY and `number`, with right check characters."""
    org = f"XY{number:06d}"
    first = f"{prefix}{org}{org_check(org)}"
    return first + c18(first)


def sample_name(number: int) -> str:
    """Return an invented firm's name."""
    return f"重庆{_BRANDS[number % 12]}{_TRADES[number // 12 % 6]}有限公司"


#: Firm 1 is listed, 2 penalised, 3 clear; the code of firm 900 is known to nobody.
LISTED, PENALISED, CLEAR, UNKNOWN = sample_code(1), sample_code(2), sample_code(3), sample_code(900)


#: These firms have a penalty of the sample authority's own: a draft, one in review, a published one.
LIVES: Final = (57, 58, 59)


def sample_files(folder: Path, today: date) -> dict[str, Path]:
    """Write the sample files below `folder` and return them by import kind."""
    subjects = [
        ["企业名称", "统一社会信用代码", "注册日期", "企业类型", "注册资金", "经营范围", "所在省份", "地区", "注册地址", "企业状态"],
        *(
            [
                sample_name(n), sample_code(n), f"20{n % 24:02d}-{n % 12 + 1:02d}-{n % 28 + 1:02d}", "有限责任公司",
                f"{n % 9 + 1}00万人民币", "销售：日用百货", "重庆", "渝中", f"重庆市渝中区示例路{n}号", "存续" if n % 17 else "注销",
            ]
            for n in range(1, 61)
        ),
    ]  # fmt: skip
    penalties = [
        [
            "行政相对人名称", "行政相对人代码_1(统一社会信用代码)", "行政处罚决定书文号", "违法行为类型", "违法事实", "处罚依据",
            "处罚类别", "处罚内容", "罚款金额(万元)", "处罚决定日期", "公示日期", "处罚机关",
        ],
        *(_penalty(n, today) for n in [2, *range(20, 45)]),
    ]  # fmt: skip
    entries = [
        ["名单名称", "企业名称", "统一社会信用代码", "列入原因", "列入日期", "列入文号"],
        *(_entry(n, today) for n in [1, *range(46, 57)]),
    ]
    written = {}
    for kind, rows in (("subjects", subjects), ("penalties", penalties), ("blacklist", entries)):
        written[kind] = folder / f"sample-{kind}.csv"
        with written[kind].open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)
    return written


def _penalty(n: int, today: date) -> list[str]:
    decided = today - timedelta(days=5 * n)
    kinds, content, fine = (
        ("罚款;没收违法所得", f"罚款人民币{n}000元，没收违法所得{n}00元", f"{n / 10:.6f}")
        if n % 4
        else ("责令停产停业", "责令停产停业三十日", "")
    )
    return [
        sample_name(n), sample_code(n), f"渝星市监罚〔{decided.year}〕{n}号", "销售侵犯注册商标专用权的商品" if n % 3 else "虚假宣传",
        f"经查，当事人于{decided.year}年销售不符合规定的商品", "《中华人民共和国商标法》第六十条", kinds, content, fine,
        decided.isoformat(), (decided + timedelta(days=3)).isoformat(), "重庆市市场监督管理局",
    ]  # fmt: skip


def _entry(n: int, today: date) -> list[str]:
    listed = today - timedelta(days=7 * (n % 40))
    name = LISTS[n % len(LISTS)] if n > 1 else "samr-serious"
    return [name, sample_name(n), sample_code(n), "示例列入原因", listed.isoformat(), f"渝星列〔{listed.year}〕{n}号"]


async def load_samples(database: Database, folder: Path, *, clock: Clock) -> bool:
    """Bring the sample data in, once; returns False when it was there already."""
    async with database.transaction() as session:
        catalog = await load_catalog(session)
        if SOURCES[0].code in catalog.source_by_code:
            return False
        for source in SOURCES:
            await add_source(session, source, now=clock())
    folder.mkdir(parents=True, exist_ok=True)
    files = sample_files(folder, legal_day(clock()))
    for kind, source in (("subjects", SOURCES[0]), ("penalties", SOURCES[1]), ("blacklist", SOURCES[2])):
        await _import(database, kind, files[kind], source.code, clock=clock)
    firms = tuple((sample_code(number), sample_name(number)) for number in LIVES)
    async with database.transaction() as session:
        await load_sample_lives(session, await load_catalog(session), authority=AUTHORITY, firms=firms, now=clock())
    return True


async def _import(database: Database, kind: str, path: Path, source: str, *, clock: Clock) -> None:
    content = path.read_bytes()
    import_id = new_import_id()
    async with database.transaction() as session:
        await create_import(
            session,
            import_id=import_id,
            request=ImportRequest(kind=kind, authority=AUTHORITY, source=source),
            file=UploadedFile(str(path), path.name, len(content), hashlib.sha256(content).hexdigest()),
            actor="sample",
            catalog=await load_catalog(session),
            now=clock(),
        )
    await run_import(database, import_id, clock=clock)


def firms() -> Sequence[tuple[str, str]]:
    """Return a code for each outcome, with the outcome."""
    return ((LISTED, "listed"), (PENALISED, "penalised"), (CLEAR, "clear"), (UNKNOWN, "not_covered"))
