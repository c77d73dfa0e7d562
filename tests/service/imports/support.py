"""Running imports in tests: a seeded database, sources, and files written on the spot."""

import csv
import hashlib
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from service.catalog.actions import add_list, add_source, sync_seed
from service.catalog.queries import load_catalog
from service.catalog.rules import KnownList, KnownSource
from service.catalog.seed import load_seed
from service.changes.actions import drain
from service.db import Database
from service.imports.actions import ImportRequest, UploadedFile, create_import, new_import_id
from service.imports.queries import get_import
from service.imports.runner import run_import
from service.models import DataImport
from service.samples import sample_code

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
AUTHORITY = "cq-market-regulation"
PENALTY_HEADER = (
    "行政相对人名称",
    "行政相对人代码_1(统一社会信用代码)",
    "行政处罚决定书文号",
    "处罚类别",
    "处罚内容",
    "处罚决定日期",
    "公示日期",
)


def clock() -> datetime:
    return NOW


async def seed(database: Database) -> None:
    async with database.transaction() as session:
        await sync_seed(session, load_seed(), now=NOW)
        for code, covers in (
            ("registry", ("registrations:",)),
            ("site", ("penalties:50",)),
            ("other-site", ("penalties:50",)),
            ("lists", ("lists:50",)),
        ):
            source = KnownSource(code, code, "示例", True, "https://site.example/", covers, (AUTHORITY,), 35, None)
            await add_source(session, source, now=NOW)
        await add_list(session, penalised_firms())


def penalised_firms() -> KnownList:
    return KnownList(
        id="penalised-firms",
        name="受罚企业名单",
        name_en="List of penalised firms (tests)",
        aliases=(),
        severity="notice",
        legal_basis="测试用依据",
        basis_level="local_regulation",
        list_authority="测试机关",
        scope="local",
        catalog_edition=None,
        effective_from=datetime(2010, 1, 1, tzinfo=UTC).date(),
        effective_to=None,
        period_months=None,
        grade="unverified",
        note=None,
    )


def write_csv(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = PENALTY_HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def penalty(n: int, **changes: str) -> list[str]:
    row = {
        "name": f"重庆示例{n}贸易有限公司",
        "code": sample_code(n),
        "number": f"渝示市监罚〔2026〕{n}号",
        "kinds": "罚款",
        "content": f"罚款人民币{n}000元；没收违法所得{n}00元",
        "decided": "2026-10-08",
        "published": "2026-10-12",
    }
    return list((row | changes).values())


async def queue(database: Database, file: Path, **request: Any) -> UUID:
    import_id = new_import_id()
    stored = file.with_name(import_id.hex)
    shutil.copyfile(file, stored)
    content = stored.read_bytes()
    asked = {"kind": "penalties", "authority": AUTHORITY, "source": "site"} | request
    async with database.transaction() as session:
        await create_import(
            session,
            import_id=import_id,
            request=ImportRequest(**asked),
            file=UploadedFile(str(stored), file.name, len(content), hashlib.sha256(content).hexdigest()),
            actor="test",
            catalog=await load_catalog(session),
            now=NOW,
        )
    return import_id


async def bring_in(database: Database, file: Path, **request: Any) -> DataImport:
    import_id = await queue(database, file, **request)
    assert await run_import(database, import_id, clock=clock)
    await drain(database, clock)
    async with database.transaction() as session:
        return await get_import(session, import_id)


def outcomes(job: DataImport) -> dict[str, int]:
    assert job.counts is not None, job.problem
    assert sum(job.counts["outcomes"].values()) == job.rows_read, "every row has exactly one outcome"
    found: dict[str, int] = job.counts["outcomes"]
    return found


def reasons(job: DataImport) -> dict[str, int]:
    assert job.counts is not None
    found: dict[str, int] = job.counts["reasons"]
    return found


async def rows_of(database: Database, sql: str) -> list[Any]:
    async with database.reading() as session:
        return list((await session.execute(text(sql))).all())
