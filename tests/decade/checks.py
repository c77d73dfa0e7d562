"""What everybody is told at an instant, held against the model: statuses, past days, searches, files, lists, the log."""

import random
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from service.access.past import Moment, find_past
from service.access.rules import Role
from service.changes.actions import read_changes
from service.changes.rules import ChangeKind
from service.clock import legal_day
from service.db import Database
from service.records.queries import list_visible
from service.status.actions import Question, answer_batch, look_up
from service.subjects.credit_file import list_entries, list_penalties
from service.subjects.search import search_names, show_found
from tests.decade.model import Record, Subject, World, day_of
from tests.decade.people import AUTHORITIES, person
from tests.service.store.support import led_on, reading

KINDS = ("blacklist_entry", "penalty")


class Checks:
    """Asks the service and the model the same, and keeps a reader who follows the log."""

    def __init__(
        self, database: Database, world: World, chance: random.Random, counts: dict[str, int], folder: Path
    ) -> None:
        self.database = database
        self.folder = folder
        self.world = world
        self.chance = chance
        self.counts = counts
        self.position = 0
        self.held: set[str] = set()

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + by

    async def edge(self, codes: Collection[str], at: datetime, *, covered: bool) -> None:
        """The firms that have a window's edge a second off: all their statuses, several by one batch, and each looked at."""
        part = sorted(codes)
        if len(part) > 1:
            asked = orjson.loads(await answer_batch(self.database, part, divisions=frozenset(), now=at))
            for code, answer in zip(part, asked["results"], strict=True):
                self.status(self.world.subjects[code], answer, at, covered=covered)
        alone = self.chance.choice(part)
        for code in part:
            await self.subject(code, at, covered=covered, asked=code == alone)

    async def subject(self, code: str, at: datetime, *, covered: bool, asked: bool = True) -> None:
        """One firm: its status now where it was not asked by batch, its file for every authority, its lists, its names."""
        found = self.world.subjects[code]
        if asked:
            answer = await look_up(self.database, Question(code), divisions=frozenset(), now=at)
            self.status(found, orjson.loads(answer.body), at, covered=covered)
        if self.chance.random() < 0.5:
            await self.past(found, at)
        if self.chance.random() < 0.3:
            await self.files(found, at)
            await self.names(found, at)

    def status(self, subject: Subject, answer: dict[str, Any], at: datetime, *, covered: bool) -> None:
        told = {str(one["id"]) for one in answer["blacklist_entries"]}, {str(one["id"]) for one in answer["penalties"]}
        expected = subject.public(at, "blacklist_entry"), subject.public(at, "penalty")
        assert told == expected, self.words(subject, at, told, expected)
        outcome = (str(answer["outcome"]), answer["reason"] and str(answer["reason"]))
        assert outcome == subject.outcome(at, covered=covered), self.words(subject, at, outcome, answer)
        self.count("statuses")

    def words(self, subject: Subject, at: datetime, told: object, expected: object) -> str:
        history = "\n".join(f"{one.kind} {one.id}: {one.versions}" for one in subject.records)
        return f"{subject.code} at {at.isoformat()}: told {told}, expected {expected}\n{history}"

    async def past(self, subject: Subject, at: datetime) -> None:
        """A day in the past, as it is known now and as it was known at an instant in between."""
        as_of = at - (at - datetime(2019, 1, 1, tzinfo=UTC)) * self.chance.random()
        known_at = as_of + (at - as_of) * self.chance.random()
        for known in (None, known_at):
            question = Question(
                subject.code, as_of=as_of.isoformat(), known_at=None if known is None else known.isoformat()
            )
            answer = orjson.loads((await look_up(self.database, question, divisions=frozenset(), now=at)).body)
            for kind, name in zip(KINDS, ("blacklist_entries", "penalties"), strict=True):
                told = {str(one["id"]) for one in answer[name]}
                expected = subject.past(at, kind, as_of=as_of, known_at=known)
                assert told == expected, f"as of {as_of}, known at {known}; " + self.words(subject, at, told, expected)
        self.count("questions about the past", 2)
        if not self.world.waiting and self.chance.random() < 0.25:
            await self.past_records(subject, at, as_of=as_of, known_at=known_at)

    async def past_records(self, subject: Subject, at: datetime, *, as_of: datetime, known_at: datetime) -> None:
        """The same past as an authority finds it in the file, a platform in the lists, and everybody by a name."""
        authority = self.chance.choice(list(AUTHORITIES))
        reviewer, platform = person(Role.REVIEWER, authority, at), person(Role.PLATFORM, None, at)
        asked = f"as of {as_of}, known at {known_at}; "
        async with self.database.reading() as session:
            then = await find_past(session, Moment(None, known_at), today=day_of(at))
            penalties = await list_penalties(session, uscc=subject.code, actor=reviewer, past=then)
            entries = await list_entries(session, uscc=subject.code, actor=reviewer, past=then)
            told = {str(row["id"]) for row in (*penalties, *entries)}
            expected = subject.file_then(at, authority, known_at=known_at)
            assert told == expected, f"file for {authority}; " + asked + self.words(subject, at, told, expected)
            then = await find_past(session, Moment(as_of, known_at), today=day_of(at))
            for kind in KINDS:
                rows = await list_visible(
                    session, ChangeKind(kind), uscc=subject.code, actor=platform, state=None, after=None, limit=100,
                    past=then,
                )  # fmt: skip
                listed = {str(row["id"]) for row in rows}
                expected = subject.past(at, kind, as_of=as_of, known_at=known_at)
                assert listed == expected, asked + self.words(subject, at, listed, expected)
            borne = {v.name for one in subject.records for v in one.versions if v.name}
            for name in sorted({stated for _, stated in subject.names} | borne):
                search = await search_names(session, name=name, today=day_of(at), past=then)
                fitting = [one for one in search.found if one.candidate.name == name]
                hits = {str(hit["uscc"]) for hit in await show_found(session, fitting, past=then)}
                known = {
                    code
                    for code in self.world.bearers[name]
                    if self.world.subjects[code].found_then(name, at, as_of=as_of, known_at=known_at)
                }
                assert hits == known, f"{name}; {asked} at {at}: told {hits}, expected {known}"
        self.count("files, lists and searches of the past")

    async def files(self, subject: Subject, at: datetime) -> None:
        async with self.database.reading() as session:
            for authority in AUTHORITIES:
                actor = person(Role.REVIEWER, authority, at)
                penalties = await list_penalties(session, uscc=subject.code, actor=actor)
                entries = await list_entries(session, uscc=subject.code, actor=actor)
                told = {str(row["id"]) for row in (*penalties, *entries)}
                expected = subject.file(at, authority)
                assert told == expected, f"file for {authority}; " + self.words(subject, at, told, expected)
                self.count("credit files")
            if self.world.waiting:
                return  # lists of a kind read what is committed, numbered or not
            platform = person(Role.PLATFORM, None, at)
            for kind in KINDS:
                rows = await list_visible(
                    session, ChangeKind(kind), uscc=subject.code, actor=platform, state=None, after=None, limit=100
                )
                assert {str(row["id"]) for row in rows} == subject.public(at, kind), f"{subject.code} at {at}"
                self.count("lists")

    async def names(self, subject: Subject, at: datetime) -> None:
        names = {stated for _, stated in subject.names} | {
            v.name for one in subject.records for v in one.versions if v.name
        }
        async with self.database.reading() as session:
            for name in names:
                search = await search_names(session, name=name, today=day_of(at))
                hits = await show_found(session, [one for one in search.found if one.candidate.name == name])
                expected = {code for code in self.world.bearers[name] if self.world.subjects[code].found_by(name, at)}
                told = {str(hit["uscc"]) for hit in hits}
                assert told == expected, f"{name} at {at}: told {told}, expected {expected}"
                self.count("searches")

    async def everything(self, at: datetime, *, covered: bool) -> None:
        """All firms at one instant, in batches."""
        codes = list(self.world.subjects)
        for first in range(0, len(codes), 10_000):
            part = codes[first : first + 10_000]
            asked = await answer_batch(self.database, part, divisions=frozenset(), now=at)
            for code, answer in zip(part, orjson.loads(asked)["results"], strict=True):
                self.status(self.world.subjects[code], answer, at, covered=covered)
            await led_on(self.database, self.folder, now=at)
            async with reading(self.database, self.folder) as store:
                stored = await answer_batch(self.database, part, divisions=frozenset(), now=at, store=store)
                assert store.counts["store"], "the store was not asked"
            assert orjson.loads(stored)["results"] == orjson.loads(asked)["results"]
        self.count("looks at everything")

    async def pages(self, at: datetime, *, is_complete: bool) -> None:
        """Every page of the log as it reads now; and the reader who follows it holds exactly what is public."""
        async with self.database.reading() as session:
            rows = await session.execute(text("SELECT position, record_id::text AS id FROM change ORDER BY position"))
            about = {row.position: row.id for row in rows}
        records = {one.id: one for subject in self.world.subjects.values() for one in subject.records}
        items = await self.read(0, at)
        assert [one["position"] for one in items] == sorted(about)
        for item in items:
            record = records.get(about[item["position"]])
            if record is not None:
                self.item(item, record, at)
        if is_complete:
            for item in await self.read(self.position, at):
                if "ended_on" in item:
                    self.held.discard(str(item["id"]))
                elif item.get("kind") in KINDS:
                    self.held.add(str(item["id"]))
                self.position = item["position"]
            assert self.held == self.world.public(at), f"who follows the log, at {at}"
            self.count("readers of the log")

    def item(self, item: dict[str, Any], record: Record, at: datetime) -> None:
        if record.is_public(at):
            assert str(item["id"]) == record.id, f"at {at}: {item} of {record}"
            assert item["record"] is not None
        elif (ended := record.ended_on(at)) is not None:
            expected = {"position": item["position"], "event": "ended", "id": UUID(record.id), "ended_on": ended}
            assert item == expected, f"at {at}: {item} of {record}"
        else:
            assert item == {"position": item["position"], "event": "none"}, f"at {at}: {item} of {record}"
        self.count("changes rendered")

    async def read(self, after: int, at: datetime) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        while True:
            async with self.database.reading() as session:
                page = await read_changes(session, after=after, log_id=None, limit=2000, today=legal_day(at))
            items += page.items
            if page.next is None:
                return items
            after = page.next
