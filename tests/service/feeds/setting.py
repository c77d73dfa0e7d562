"""Records, definitions and other sides for tests of feeds; the other sides are real servers of the same protocol."""

import csv
import io
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from service.catalog.actions import sync_seed
from service.db import Database
from service.deadlines.actions import track_deadlines
from service.feeds.working import work_feeds
from tests.clients import NOW
from tests.factories import make_entry, make_penalty, make_uscc, number_changes
from tests.service.deadlines.setting import SEED

AUTHORITY_CODE = make_uscc(900_001, prefix="11")
FEED_SEED = replace(
    SEED,
    authorities=tuple(replace(one, uscc=AUTHORITY_CODE) if one.code == "district" else one for one in SEED.authorities),
)


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


async def open_law(database: Database) -> None:
    async with database.transaction() as session:
        await sync_seed(session, FEED_SEED, now=NOW)


async def publish(database: Database, code: str, **changes: Any) -> Any:
    """Record a published penalty of the district's own, with all that Credit China asks for; return its id."""
    values: dict[str, Any] = {
        "authority_code": "district",
        "authority_name": "示例机关district",
        "source_code": "own:district",
        "state": "published",
        "command": "publish",
        "reviewer": "test-reviewer",
        "published_on": date(2026, 11, 20),
        "decided_on": date(2026, 11, 18),
        "document_no": f"渝示罚〔2026〕{code[8:16]}号",
        "violation_type": "示例违法行为",
        "violation_facts": "示例事实",
        "legal_basis": "示例办法第一条",
        "penalty_content": "罚款五千元",
        "fine_fen": 500_001,
        "valid_until": date(2027, 11, 18),
        "legal_representative": "示例人",
        "gsxt_from": date(2026, 11, 20),
        "gsxt_until": date(2027, 11, 20),
        "gsxt_rule": "R107-2",
        "gsxt_grade": "secondary",
        "credit_china_from": date(2026, 11, 18),
        "credit_china_until": date(2027, 11, 18),
        "public_from": date(2026, 11, 20),
        "public_until": date(2027, 11, 18),
    } | changes
    async with database.transaction() as session:
        found = await make_penalty(session, code, **values)
        await number_changes(session)
    return found


async def end(database: Database, code: str, head: Any, **changes: Any) -> None:
    """Append the version by which a penalty's publication ends."""
    values = {"state": "ended", "ending": "repaired", "command": "repair", "reviewer": None, "event": "ended"} | changes
    await publish(database, code, head=head, **values)


async def list_entry(database: Database, code: str, **changes: Any) -> Any:
    async with database.transaction() as session:
        found = await make_entry(session, code, **changes)
        await number_changes(session)
    return found


async def turn(database: Database, folder: Path, clock: Clock) -> int:
    """Work out the deadlines and give every feed its turn."""
    await track_deadlines(database, now=clock())
    return await work_feeds(database, folder, clock=clock)


async def items(database: Database, feed: str = "cc") -> dict[str, tuple[str, str]]:
    """Return operation and state of each item by credit code."""
    async with database.reading() as session:
        rows = await session.execute(
            text("SELECT uscc, operation, state FROM feed_item WHERE feed_id = :feed ORDER BY uscc"), {"feed": feed}
        )
        return {row.uscc: (row.operation, row.state) for row in rows}


async def one(database: Database, sql: str, **values: Any) -> Any:
    """Return the first row of a question to the database."""
    async with database.reading() as session:
        return (await session.execute(text(sql), values)).first()


RECEIPTS = """
[receipts]
kind = "file"
days = 3
columns = { key = ["CF_CFJGDM", "CF_WSH", "CF_XDR_SHXYM"], status = "状态", reason_code = "错误码", reason = "错误信息", on = "日期", file = "文件名" }
statuses = { accepted = ["成功"], rejected = ["失败"], received = ["已接收"] }
[receipts.reasons]
1001 = "未查询到主体或查询到的主体信息不匹配"
"""


def define(folder: Path, name: str, content: str) -> None:
    """Write a definition file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(content, "utf-8")


def credit_china(folder: Path, place: Path, *, extra: str = "", receipts: str = RECEIPTS) -> None:
    """Define the feed `cc`: penalties to Credit China by a directory."""
    place.mkdir(parents=True, exist_ok=True)
    define(
        folder,
        "cc",
        f'id = "cc"\nname = "信用中国"\ntarget = "credit_china"\nshape = "shuanggongshi-2018"\nevery_seconds = 0\n{extra}\n'
        f'[transport]\ntype = "directory"\npath = "{place}"\n{receipts}',
    )


KEY = ("CF_CFJGDM", "CF_WSH", "CF_XDR_SHXYM")


@dataclass
class OtherSide:
    """A platform that collects files from a directory, keeps rows by their key, and answers by files."""

    place: Path
    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    answers: int = 0

    def collect(self) -> list[dict[str, str]]:
        """Take the finished files in, each once by name; return the rows of the new ones in order."""
        new: list[dict[str, str]] = []
        for path in sorted(self.place.glob("*.csv"), key=lambda one: one.name.replace("-withdraw", "")):
            if path.name in self.read:
                continue
            self.read.append(path.name)
            for row in csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))):
                key = "|".join(row[name] for name in KEY)
                row["文件名"] = path.name
                new.append(row)
                if "withdraw" in path.name:
                    self.rows.pop(key, None)
                else:
                    self.rows[key] = row
        return new

    def answer(
        self, rows: list[dict[str, str]], status: str = "成功", *, name: str | None = None, **cells: str
    ) -> None:
        """Write a file of receipts for rows."""
        self.answers += 1
        folder = self.place / "receipts"
        folder.mkdir(exist_ok=True)
        columns = [*KEY, "文件名", "状态", "错误码", "错误信息", "日期"]
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, extrasaction="ignore", restval="")
        writer.writeheader()
        for row in rows:
            writer.writerow({**row, "状态": status, **cells})
        (folder / (name or f"r{self.answers:04d}.csv")).write_text(out.getvalue(), "utf-8")

    def show(self, name: str = "list-1.csv") -> None:
        """Write the list of what it shows."""
        folder = self.place / "shown"
        folder.mkdir(exist_ok=True)
        columns = (
            [column for column in next(iter(self.rows.values())) if column != "文件名"] if self.rows else list(KEY)
        )
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(self.rows.values())
        (folder / name).write_text(out.getvalue(), "utf-8")


async def fault(database: Database, table: str, check: str | None) -> None:
    """Let a table refuse what the check forbids, or take that back: the work breaks off there."""
    change = "DROP CONSTRAINT ck_fault" if check is None else f"ADD CONSTRAINT ck_fault CHECK ({check}) NOT VALID"
    async with database.transaction() as session:
        await session.execute(text(f"ALTER TABLE {table} {change}"))
