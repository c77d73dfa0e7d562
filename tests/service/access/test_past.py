"""Lists, credit files and the search of a past, held against a plain list of events over random histories."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.past import Moment, Past, find_past
from service.access.rules import Actor, Role
from service.catalog.queries import load_catalog
from service.changes.rules import ChangeKind
from service.clock import SHANGHAI, day_start, legal_day
from service.db import ReadSession
from service.records.queries import list_visible
from service.status.actions import Question, answer_question
from service.subjects.actions import read_credit_file
from service.subjects.credit_file import list_entries, list_penalties
from service.subjects.rules import NoCreditFile
from service.subjects.search import find_by_identifier, search_names, show_found
from tests.factories import (
    make_actor,
    make_authority,
    make_entry,
    make_identifier,
    make_name,
    make_penalty,
    make_registration,
    number_changes,
)

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
TODAY = legal_day(NOW)
KINDS = (ChangeKind.PENALTY, ChangeKind.BLACKLIST_ENTRY)
STATES = ("draft", "published", "published", "published", "recalled", "ended", "void")


@dataclass
class Told:
    """One event of a record: what its version says, and the instant at which everybody was told."""

    at: datetime
    says: dict[str, Any]


@dataclass
class Record:
    id: str
    kind: ChangeKind
    authority: str
    events: list[Told] = field(default_factory=list)

    def by(self, at: datetime) -> Told | None:
        told = [event for event in self.events if event.at <= at]
        return told[-1] if told else None


def shown(says: dict[str, Any], day: date) -> bool:
    first, last = says["public_from"], says["public_until"]
    return bool(says["state"] == "published" and first <= day and (last is None or day <= last))


def wiped(record: Record, then: Told) -> bool:
    return any(event.says["silences_before"] for event in record.events[record.events.index(then) + 1 :])


def decided(record: Record, says: dict[str, Any]) -> date:
    day: date = says["decided_on" if record.kind is ChangeKind.PENALTY else "listed_on"]
    return day


def expected(record: Record, who: str, as_of: datetime | None, known_at: datetime | None) -> dict[str, Any] | None:
    """What an asker is told of a record: read event by event, in the words of the decisions."""
    then = record.by(known_at or NOW)
    if then is None:
        return None
    now, says = record.events[-1].says, then.says
    day = TODAY if as_of is None else legal_day(as_of)
    if shown(says, day) and shown(now, TODAY) and not wiped(record, then):
        return says
    if as_of is not None and decided(record, says) > day:
        return None
    if who in {"own", "auditor"}:
        mine = who == "auditor" or record.authority == "district"
        return says if mine and says["state"] != "void" else None
    if who == "agent" and says["state"] in {"published", "ended"} and not wiped(record, then):
        return says
    return None


@dataclass
class History:
    """Random lives of a few records of one firm, on the database and as a list."""

    session: AsyncSession
    chance: random.Random
    records: list[Record] = field(default_factory=list)
    uscc: str = ""
    names: list[tuple[datetime, str, str]] = field(default_factory=list)

    async def play(self) -> None:
        self.uscc = await make_registration(self.session, name="重庆某甲商行有限公司", reg_no="500105000000016")
        await make_identifier(self.session, self.uscc, "500105000000016")
        at = datetime(2026, 1, 5, tzinfo=UTC)
        await number_changes(self.session, at=at)
        self.names.append((at, "重庆某甲商行有限公司", "500105000000016"))
        for step in range(24):
            at += timedelta(days=self.chance.uniform(0.5, 13))
            if step == 8:
                await self.rename(at)
            elif len(self.records) < 4 or self.chance.random() < 0.2:
                await self.happen(None, at)
            else:
                await self.happen(self.chance.choice(self.records), at)
            await number_changes(self.session, at=at)

    async def rename(self, at: datetime) -> None:
        await make_registration(self.session, self.uscc, name="重庆某乙贸易有限公司", reg_no="500105000000024")
        await make_identifier(self.session, self.uscc, "500105000000024")
        self.names.append((at, "重庆某乙贸易有限公司", "500105000000024"))

    async def happen(self, record: Record | None, at: datetime) -> None:
        kind = self.chance.choice(KINDS) if record is None else record.kind
        authority = self.chance.choice(("district", "other")) if record is None else record.authority
        made = legal_day(at) - timedelta(days=self.chance.randrange(40))
        first = made + timedelta(days=self.chance.randrange(-60, 30))
        says = {
            "state": self.chance.choice(STATES),
            "public_from": first,
            "public_until": self.chance.choice((None, first + timedelta(days=self.chance.randrange(400)))),
            "silences_before": self.chance.random() < 0.3,
            "held_texts": ["document_no"] if self.chance.random() < 0.2 else [],
            "document_no": f"示〔{self.chance.randrange(1000)}〕号",
            "party_name": self.chance.choice(("重庆某丙门市部", "重庆某丁经营部")),
            "decided_on" if kind is ChangeKind.PENALTY else "listed_on": made,
        }
        extra = {"ending": "repaired"} if says["state"] == "ended" else {}
        make = make_penalty if kind is ChangeKind.PENALTY else make_entry
        values = says | extra | {"authority_code": authority}
        found = await make(self.session, self.uscc, head=None if record is None else UUID(record.id), **values)
        if record is None:
            record = Record(str(found), kind, authority)
            self.records.append(record)
        record.events.append(Told(at, says))

    def known_names(self, known_at: datetime | None) -> dict[str, str]:
        told = [name for at, name, _ in self.names if at <= (known_at or NOW)]
        return {name: "registered" if name == told[-1] else "former" for name in told}


ACTORS = {
    "platform": make_actor(Role.PLATFORM, on=TODAY),
    "own": make_actor(Role.REVIEWER, authority="district", on=TODAY),
    "auditor": make_actor(Role.AUDITOR, on=TODAY),
}


def agent(uscc: str) -> Actor:
    return make_actor(Role.SUBJECT_AGENT, on=TODAY, subjects=frozenset({uscc}))


async def check_lists(history: History, who: str, actor: Actor, past: Past) -> dict[str, Any]:
    reading, uscc = ReadSession(history.session), history.uscc
    moment = past.moment
    wanted = {
        record.id: says
        for record in history.records
        if (says := expected(record, who, moment.as_of, moment.known_at)) is not None
    }
    rows = [
        row
        for kind in KINDS
        for row in await list_visible(
            reading, kind, uscc=uscc, actor=actor, state=None, after=None, limit=100, past=past
        )
    ]
    filed = [
        *await list_penalties(reading, uscc=uscc, actor=actor, past=past),
        *await list_entries(reading, uscc=uscc, actor=actor, past=past),
    ]
    for found in (rows, filed):
        told = {str(row["id"]): (row["state"], row["document_no"], row["public_from"]) for row in found}
        assert told == {
            key: (says["state"], says["document_no"], says["public_from"]) for key, says in wanted.items()
        }, (who, moment)
    held = {record.id: record.events[-1].says["held_texts"] for record in history.records}
    for row in rows:
        also = [] if row["is_own"] else held[str(row["id"])]
        assert set(row["held_texts"]) == {*wanted[str(row["id"])]["held_texts"], *also}
    return wanted


async def check_status_and_search(history: History, past: Past, wanted: dict[str, Any]) -> None:
    reading, moment = ReadSession(history.session), past.moment
    asked = Question(
        history.uscc,
        as_of=None if moment.as_of is None else moment.as_of.isoformat(),
        known_at=None if moment.known_at is None else moment.known_at.isoformat(),
    )
    answer: Any = (await answer_question(reading, asked, divisions=frozenset(), now=NOW)).body
    assert {str(one["id"]) for kind in ("penalties", "blacklist_entries") for one in answer[kind]} == set(wanted)
    held = {record.id: record.events[-1].says["held_texts"] for record in history.records}
    borne = {
        says["party_name"] for key, says in wanted.items() if "party_name" not in {*says["held_texts"], *held[key]}
    }
    kinds = history.known_names(moment.known_at) | dict.fromkeys(borne, "record")
    for name in ("重庆某甲商行有限公司", "重庆某乙贸易有限公司", "重庆某丙门市部", "重庆某丁经营部"):
        search = await search_names(reading, name=name, today=TODAY, past=past)
        hits = [hit for hit in await show_found(reading, search.found, past=past) if hit["matched"] == name]
        assert [hit["matched_kind"] for hit in hits] == ([kinds[name]] if name in kinds else []), (name, moment)
    for at, _, number in history.names:
        hits = await find_by_identifier(reading, identifier=number, past=past)
        assert len(hits) == (at <= (moment.known_at or NOW))


@pytest.mark.parametrize("seed", [4, *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(10, 40))])
async def test_the_past_is_told_as_a_list_of_events_would_tell_it(session: AsyncSession, seed: int) -> None:
    history = History(session, random.Random(seed))  # noqa: S311 - a repeatable test
    for code in ("district", "other"):
        await make_authority(session, code)
    await history.play()
    for name in ("重庆某丙门市部", "重庆某丁经营部"):
        await make_name(session, history.uscc, name, kind="record")
    seen = 0
    for _ in range(8):
        instants = [
            None if history.chance.random() < 0.3 else NOW - (NOW - datetime(2026, 1, 1, tzinfo=UTC)) * share
            for share in (history.chance.random(), history.chance.random())
        ]
        moment = Moment(*(None if one is None else one.astimezone(SHANGHAI) for one in instants))
        past = await find_past(ReadSession(session), moment, today=TODAY)
        for who, actor in (ACTORS | {"agent": agent(history.uscc)}).items():
            wanted = await check_lists(history, who, actor, past)
            seen += len(wanted)
            if who == "platform":
                await check_status_and_search(history, past, wanted)
    assert seen > 30, "nothing was ever shown"


async def test_a_credit_file_of_the_past_names_what_it_was_asked(session: AsyncSession) -> None:
    await make_authority(session, "district")
    february = datetime(2026, 2, 1, tzinfo=UTC)
    uscc = await make_registration(session, name="重庆旧名商行有限公司")
    penalty = await make_penalty(session, uscc, authority_code="district", fine_fen=100)
    position = await number_changes(session, at=february)
    await make_registration(session, uscc, name="重庆新名商行有限公司")
    await make_penalty(session, uscc, head=penalty, authority_code="district", state="ended", ending="repaired")
    await number_changes(session, at=datetime(2026, 3, 1, tzinfo=UTC))
    moment = Moment(day_start(date(2026, 2, 10)), day_start(date(2026, 2, 15)))
    reading = ReadSession(session)
    past = await find_past(reading, moment, today=TODAY)
    catalog = await load_catalog(session)
    files = {
        who: await read_credit_file(reading, catalog, uscc=uscc, actor=actor, past=past)
        for who, actor in ACTORS.items()
    }
    for file in files.values():
        assert (file["as_of"], file["known_at"], file["position"]) == (moment.as_of, moment.known_at, position)
        registration: Any = file["registration"]
        assert registration["name"] == "重庆旧名商行有限公司"
        assert file["names"] == [{"name": "重庆旧名商行有限公司", "kind": "registered"}, *file["names"][1:]]  # type: ignore[index]
    told: Any = {who: [(one["fine_fen"], one["public"]) for one in file["penalties"]] for who, file in files.items()}  # type: ignore[attr-defined]
    assert told == {"platform": [], "own": [(100, True)], "auditor": [(100, True)]}
    before = await find_past(reading, Moment(None, day_start(date(2026, 1, 10))), today=TODAY)
    with pytest.raises(NoCreditFile):
        await read_credit_file(reading, catalog, uscc=uscc, actor=ACTORS["auditor"], past=before)
