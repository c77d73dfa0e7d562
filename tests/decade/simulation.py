"""The decade itself: instants in order, what happens at them, and what everybody may be told just before and after.

Jobs and the sequencer stand still now and then; whatever they do or do not do, no answer may show what is not public.
"""

import csv
import hashlib
import heapq
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from service.access.rules import Role
from service.catalog.actions import add_list, add_source
from service.catalog.proposals.actions import decide_proposal, propose_rule
from service.catalog.queries import Catalog, load_catalog
from service.catalog.rules import KnownList, KnownSource
from service.changes.actions import drain
from service.db import Database
from service.horizons.actions import log_clock_edges
from service.imports.actions import ImportRequest, UploadedFile, create_import, new_import_id, revert_import
from service.imports.runner import run_import
from service.subjects.actions import put_registration
from service.subjects.rules import Registration, RegistrationStatus
from service.versions import ANY_VERSION
from tests.decade import law
from tests.decade.checks import Checks
from tests.decade.lives import FINES, KINDS, EntryLife, PenaltyLife, Step, party
from tests.decade.model import DAY, Record, Subject, Version, World, day_of, midnight
from tests.decade.people import AUTHORITIES, Terms, person
from tests.factories import make_authority, make_uscc

FIRST = datetime(2019, 1, 1, 1, tzinfo=UTC)
LAST = datetime(2029, 12, 31, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OWN_LIST = "penalised-firms"
HEADER = (
    "行政相对人名称", "行政相对人代码_1(统一社会信用代码)", "行政处罚决定书文号", "处罚类别", "处罚内容", "处罚决定日期", "公示日期",
)  # fmt: skip
#: Kinds of an imported row: as the column says it, and as the law counts it.
COLUMNS = (("警告", {"warning"}), ("罚款", {"fine"}), ("吊销许可证件", {"permit_revocation"}))


@dataclass
class Size:
    """How much happens: firms with lives of their own, firms that files name, and how often everything is looked at."""

    lives: int
    filed: int
    files: int
    looks: int
    #: Of window edges one in so many is looked at (one second before and after), all of them with 1.
    edges: int = 1
    #: How likely a look reads every page of the log too.
    pages: float = 1.0


@dataclass
class Decade:
    """A simulation on a database. `run` plays it to the end; every difference is an AssertionError that says when and where."""

    database: Database
    folder: Path
    size: Size
    chance: random.Random
    world: World = field(default_factory=World)
    amounts: law.Amounts = field(default_factory=law.Amounts)
    counts: dict[str, int] = field(default_factory=dict)
    catalog: Catalog = field(init=False)
    checks: Checks = field(init=False)
    _due: list[tuple[datetime, int, Step]] = field(default_factory=list)
    _serial: int = 0
    _asleep: list[tuple[datetime, datetime]] = field(default_factory=list)
    _edges: set[tuple[datetime, str]] = field(default_factory=set)
    _looks: dict[datetime, list[str]] = field(default_factory=dict)
    _logged: date | None = None
    _told: datetime = FIRST
    _delivered: dict[Any, tuple[str, datetime]] = field(default_factory=dict)
    _files: list[tuple[Any, list[Record], Path]] = field(default_factory=list)

    def later(self, at: datetime, step: Step) -> None:
        if at < LAST:
            self._serial += 1
            heapq.heappush(self._due, (at, self._serial, step))

    def number(self) -> int:
        self._serial += 1
        return self._serial

    def any_instant(self, first: datetime = FIRST) -> datetime:
        """Now and then a second before or after midnight, else any time."""
        at = first + (LAST - first) * self.chance.random()
        near = midnight(day_of(at)).astimezone(UTC)
        return self.chance.choice((near - SECOND, near, near + SECOND, at, at, at, at, at))

    async def run(self) -> None:
        await self._open()
        while self._due:
            due, _, step = heapq.heappop(self._due)
            at = max(due, self._told)  # of two things at one instant the second knows what was told of the first
            await self._wake(at)
            await step(at)
            if self.world.waiting and self.chance.random() < 0.95:  # else it waits for its number a while
                await self._number(at + timedelta(milliseconds=1))
            self._watch_edges(at)
        await self.checks.everything(LAST, covered=self._covered(LAST))

    async def _number(self, at: datetime) -> None:
        await drain(self.database, lambda: at)
        self.world.number(at)
        self._told = at

    async def _wake(self, at: datetime) -> None:
        """Let the jobs run as they would have by now, unless they are asleep."""
        if self._logged == day_of(at) or any(first <= at <= last for first, last in self._asleep):
            return
        await log_clock_edges(self.database, now=at)
        self._logged = day_of(at)

    def _watch_edges(self, at: datetime) -> None:
        for code in sorted(self.world.touched):
            for record in self.world.subjects[code].records:
                for edge in sorted(record.edges()):
                    if edge > at and (edge, record.id) not in self._edges:
                        self._edges.add((edge, record.id))
                        if self.chance.random() < 1 / self.size.edges:
                            for moment in (edge - SECOND, edge + SECOND):
                                self._look_later(moment.astimezone(UTC), code)
        self.world.touched.clear()

    def _look_later(self, at: datetime, code: str) -> None:
        """Look at a firm at that instant, together with all others that have an edge there."""
        if at not in self._looks:
            self._looks[at] = []
            self.later(at, self._look(at))
        self._looks[at].append(code)

    def _look(self, due: datetime) -> Step:
        async def look(at: datetime) -> None:
            codes = self._looks.pop(due)
            await self.checks.edge(set(codes), at, covered=self._covered(at))
            self.counts["edges looked at"] = self.counts.get("edges looked at", 0) + len(codes)

        return look

    def _covered(self, at: datetime) -> bool:
        """Whether both sources had delivered something that was not taken back."""
        told = {source for source, when in self._delivered.values() if when <= at}
        return told == {"site", "lists"}

    async def _open(self) -> None:
        async with self.database.transaction() as session:
            for code, (system, province) in AUTHORITIES.items():
                await make_authority(session, code, system=system, division_code=f"{province}0000")
            for code, covers in (("site", "penalties:50"), ("lists", "lists:50")):
                importers = ("cq-market-regulation",)
                source = KnownSource(
                    code, code, "示例", True, "https://site.example/", (covers,), importers, 9999, None
                )
                await add_source(session, source, now=FIRST)
            await add_list(
                session,
                KnownList(
                    OWN_LIST, "受罚企业名单", "Penalised firms", (), "notice", "示例依据", "local_regulation", "示例机关",
                    "local", None, date(2010, 1, 1), None, None, "unverified", None,
                ),
            )  # fmt: skip
            self.catalog = await load_catalog(session)
        self.checks = Checks(self.database, self.world, self.chance, self.counts, self.folder / "store")
        for n in range(self.size.lives + self.size.filed):
            code = make_uscc(n, prefix="92" if n % 9 == 0 else "91")
            self.world.subjects[code] = Subject(code)
            if n < self.size.lives:
                self.later(self.any_instant(), self._found(code, n))
                for _ in range(self.chance.choice((1, 1, 2))):
                    self.later(self.any_instant(), self._offend(code, n))
                if self.chance.random() < 0.4:
                    self.later(self.any_instant(), self._list(code, n))
        for n in range(self.size.files):
            self.later(self.any_instant(), self._deliver(n))
            if n % 4 == 0:
                self.later(self.any_instant(), self._deliver_list(n))
        for _ in range(self.size.looks):
            self.later(self.any_instant(), self._look_at_everything)
        self.later(self.any_instant(datetime(2023, 1, 1, tzinfo=UTC)), self._enter_threshold)
        for _ in range(12):
            asleep = self.any_instant()
            self._asleep.append((asleep, asleep + timedelta(days=self.chance.uniform(1, 40))))

    async def _look_at_everything(self, at: datetime) -> None:
        if self.world.waiting and self.chance.random() < 0.7:
            await self._number(at)
        await self.checks.everything(at, covered=self._covered(at))
        if self.chance.random() < self.size.pages:
            await self.checks.pages(at, is_complete=self._logged == day_of(at))

    def _found(self, code: str, n: int) -> Step:
        async def found(at: datetime) -> None:
            subject = self.world.subjects[code]
            name = f"重庆示{n}号{self.chance.choice('甲乙丙丁')}贸易有限公司"
            stated = Registration(name, RegistrationStatus.ACTIVE, division_code="500105")
            actor = person(Role.REGISTRAR, "cq-market-regulation", at)
            async with self.database.transaction() as session:
                await put_registration(
                    session, uscc=code, registration=stated, actor=actor, expected=ANY_VERSION, now=at
                )
            told = at + timedelta(milliseconds=1)
            await self._number(told)
            if not subject.names or subject.names[-1][1] != name:
                subject.names.append((told, name))
                self.world.bears(name, code)
            if self.chance.random() < 0.5:
                self.later(self.any_instant(at), found)

        return found

    def _name(self, subject: Subject, n: int) -> str:
        if subject.names and self.chance.random() < 0.7:
            return subject.names[-1][1]
        return f"重庆示{n}号{self.chance.choice('子丑')}经营部"

    def _offend(self, code: str, n: int) -> Step:
        async def offend(at: datetime) -> None:
            kinds = self.chance.choice(KINDS)
            decided = day_of(at) - self.chance.randrange(60) * DAY
            terms = Terms(
                kinds,
                self.chance.choice(FINES) if "fine" in kinds else None,
                80_000 if "confiscation_gains" in kinds else None,
                decided,
                self.chance.random() < 0.05,
                law.months_later(decided, self.chance.choice((24, 60))) if "activity_restriction" in kinds else None,
            )
            subject = self.world.subjects[code]
            life = PenaltyLife(self, subject, self.chance.choice(list(AUTHORITIES)), terms, self._name(subject, n))
            await life.begin(at)

        return offend

    def _list(self, code: str, n: int) -> Step:
        async def enter(at: datetime) -> None:
            subject = self.world.subjects[code]
            list_id = "abnormal-operations" if party(code) == "organization" else "abnormal-mark"
            life = EntryLife(self, subject, "cq-market-regulation", list_id, self._name(subject, n))
            await life.begin(at)

        return enter

    async def _enter_threshold(self, at: datetime) -> None:
        """Somebody finds the low fine of Chongqing, and somebody else approves it."""
        for party_type, yuan in (("organization", 80_000), ("natural_person", 20_000)):
            body = {
                "id": f"low-fine-50-{party_type}", "name": "low_fine_threshold", "province": "50", "party": party_type,
                "below_yuan": yuan, "effective_from": "2021-09-01", "citation": "示例", "grade": "secondary",
            }  # fmt: skip
            async with self.database.transaction() as session:
                proposal = await propose_rule(
                    session, kind="parameter", body=body, supersedes=None, reason="示例",
                    actor=person(Role.RULE_KEEPER, None, at), now=at,
                )  # fmt: skip
                second = person(Role.RULE_KEEPER, None, at, second=True)
                await decide_proposal(
                    session, proposal_id=proposal.id, approve=True, reason="核对无误", actor=second, now=at
                )
            self.amounts.low.setdefault("50", {})[party_type] = yuan * 100
        async with self.database.transaction() as session:
            self.catalog = await load_catalog(session)
        self.counts["rule changes"] = 2

    def _deliver(self, n: int) -> Step:
        """A file of the disclosure site: new rows, or an old file again, which undoes nothing; or it is taken back."""

        async def deliver(at: datetime) -> None:
            if self._files and self.chance.random() < 0.3:
                if self.chance.random() < 0.5:
                    await self._take_back(at)
                else:
                    _, _, file = self.chance.choice(self._files)
                    await self._import(at, file, kind="penalties", source="site")
                return
            rows, records = [], []
            filed = list(self.world.subjects)[self.size.lives :]
            for place in range(max(1, self.size.filed // max(1, self.size.files))):
                code = self.chance.choice(filed)
                word, kinds = self.chance.choice(COLUMNS)
                decided = day_of(at) - self.chance.randrange(1, 900) * DAY
                published = None if self.chance.random() < 0.2 else decided + self.chance.randrange(30) * DAY
                if published is not None and published > day_of(at):
                    published = day_of(at)
                number = f"示件〔{at.year}〕{n * 100_000 + place}号"
                fine = self.chance.choice((5, 500)) * 1000 if kinds == {"fine"} else None
                told = f"罚款人民币{fine}元" if fine else word
                name = f"重庆示件{n * 100_000 + place}号商行"
                rows.append(
                    [name, code, number, word, told, decided.isoformat(), published.isoformat() if published else ""]
                )
                facts = law.Facts("market_regulation", "50", party(code), kinds, fine and fine * 100, None, decided)
                shown = law.display(facts, published or decided, self.amounts)
                record = Record("", "penalty", "cq-market-regulation", code)
                record.number = number
                records.append(record)
                self.world.happens(record, Version(shown.allowed, published or day_of(at), shown.until, name))
                self.world.subjects[code].records.append(record)
            file = self.folder / f"{n}.csv"
            with file.open("w", encoding="utf-8", newline="") as out:
                csv.writer(out).writerows([HEADER, *rows])
            import_id = await self._import(at, file, kind="penalties", source="site")
            async with self.database.reading() as session:
                found = await session.execute(
                    text("SELECT id::text, document_no FROM penalty_version WHERE import_id = :id"), {"id": import_id}
                )
                ids = {row.document_no: row.id for row in found}
            for record in records:
                record.id = ids[record.number]
            self._files.append((import_id, records, file))

        return deliver

    async def _take_back(self, at: datetime) -> None:
        import_id, records, _ = self._files.pop(self.chance.randrange(len(self._files)))
        async with self.database.transaction() as session:
            await revert_import(session, import_id=import_id, actor="test", now=at)
        del self._delivered[import_id]
        for record in records:
            last = record.versions[-1]
            self.world.happens(record, Version(False, last.first, last.last, last.name, is_void=True))
        self.counts["imports taken back"] = self.counts.get("imports taken back", 0) + 1

    def _deliver_list(self, n: int) -> Step:
        async def deliver(at: datetime) -> None:
            code = self.chance.choice(list(self.world.subjects)[self.size.lives :])
            subject = self.world.subjects[code]
            listed = day_of(at) - self.chance.randrange(100) * DAY
            file = self.folder / f"list-{n}.csv"
            name = f"重庆示列{n}商行"
            with file.open("w", encoding="utf-8", newline="") as out:
                csv.writer(out).writerows(
                    [["企业名称", "统一社会信用代码", "列入日期"], [name, code, listed.isoformat()]]
                )
            import_id = await self._import(at, file, kind="blacklist", source="lists", list=OWN_LIST)
            async with self.database.reading() as session:
                found = await session.scalar(
                    text("SELECT id::text FROM blacklist_entry_version WHERE import_id = :id"), {"id": import_id}
                )
            if found is None:
                return  # the same day of listing again
            record = Record(found, "blacklist_entry", "cq-market-regulation", code)
            subject.records.append(record)
            self.world.happens(record, Version(True, day_of(at), None, name))

        return deliver

    async def _import(self, at: datetime, file: Path, **request: Any) -> Any:
        import_id = new_import_id()
        stored = file.with_name(import_id.hex)
        content = file.read_bytes()
        stored.write_bytes(content)
        async with self.database.transaction() as session:
            await create_import(
                session,
                import_id=import_id,
                request=ImportRequest(authority="cq-market-regulation", **request),
                file=UploadedFile(str(stored), file.name, len(content), hashlib.sha256(content).hexdigest()),
                actor="test",
                catalog=self.catalog,
                now=at,
            )
        assert await run_import(self.database, import_id, clock=lambda: at)
        self._delivered[import_id] = (request["source"], at)
        self.counts["imports"] = self.counts.get("imports", 0) + 1
        return import_id
