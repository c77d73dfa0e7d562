"""Random calls by everybody about everything: no answer reveals what its asker may not see.

Every record that is not public carries a word found nowhere else, and an id. After each call the whole answer, headers and
cursors included, is searched for the words and ids of all records that the asker may not see. What is somebody else's answers
like what does not exist; and what the public sees of a firm does not change with what others record about it.
"""

from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Role
from service.changes.actions import drain
from service.db import Database
from tests.clients import NOW, at, client_of
from tests.factories import (
    make_authority,
    make_entry,
    make_import,
    make_import_row,
    make_penalty,
    make_registration,
    number_changes,
)
from tests.offices import Offices, open_offices

#: A city over two districts, one of them over two offices; and a body beside them all in the same region.
PARENTS = {"city": None, "east": "city", "west": "city", "office-1": "east", "office-2": "east", "aside": None}
BELOW = {
    "city": {"east", "west", "office-1", "office-2"}, "east": {"office-1", "office-2"}, "west": set(), "office-1": set(),
    "office-2": set(), "aside": set(),
}  # fmt: skip
WORK = (Role.RECORDER, Role.REVIEWER, Role.CONSENTER, Role.LISTER)
TRANSITIONS = (
    "submit",
    "discard",
    "approve",
    "publish",
    "withdraw",
    "recall",
    "return",
    "propose-correction",
    "correct",
)


@dataclass
class Secret:
    """A record that is not public: the word it carries, its authority, and where it is."""

    word: str
    authority: str
    uscc: str
    id: str
    kind: str


#: Whose records somebody sees, and whose imports alone.
Sight = tuple[frozenset[str], frozenset[str]]
NOTHING: Sight = (frozenset(), frozenset())


def sees_it(sight: Sight, secret: Secret) -> bool:
    return secret.authority in sight[0] or (secret.kind == "imports" and secret.authority in sight[1])


@dataclass
class World:
    """Who is there, what is hidden, and what the public saw last of each firm."""

    offices: Offices
    random: Random
    people: list[tuple[AsyncClient, Sight]] = field(default_factory=list)
    recorders: dict[str, AsyncClient] = field(default_factory=dict)
    secrets: list[Secret] = field(default_factory=list)
    firms: list[str] = field(default_factory=list)
    public_files: dict[str, Any] = field(default_factory=dict)
    found: list[tuple[str, str]] = field(default_factory=list)

    def word(self) -> str:
        return f"隐{self.random.getrandbits(60):015x}"

    def check(self, answer: Response, sees: Sight, asked: str) -> None:
        """Note what an answer shows that its asker may not see; what the question itself said is no secret."""
        texts = [answer.text, str(answer.headers.multi_items())]
        document = answer.json() if answer.headers.get("content-type", "").endswith("json") else None
        cursor = document.get("next") if isinstance(document, dict) else None
        if isinstance(cursor, str):
            texts.append(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode())
        for secret in self.secrets:
            if not sees_it(sees, secret):
                for mark in (secret.word, secret.id):
                    if mark not in asked and any(mark in text for text in texts):
                        self.found.append((asked, mark))
        if answer.status_code >= 500:
            self.found.append((asked, answer.text))


async def fill(session: AsyncSession) -> None:
    for code, parent in PARENTS.items():
        await make_authority(session, code, parent_code=parent, division_code="500000")


async def hide_records(world: World, session: AsyncSession, authority: str) -> None:
    """Enter a record of each kind that is not public, for one authority, each with a word of its own."""
    uscc = world.random.choice(world.firms)
    undated = {"public_from": None, "public_until": None, "public_reason": "no_date"}
    for make, kind in ((make_penalty, "penalties"), (make_entry, "blacklist-entries")):
        for changes in ({"state": "draft"}, {"state": "ended"}, undated):
            word = world.word()
            made = await make(
                session,
                uscc,
                authority_code=authority,
                document_no=word,
                party_name=f"{word}有限公司",
                remark=word,
                **changes,
            )
            world.secrets.append(Secret(word, authority, uscc, str(made), kind))
    word = world.word()
    imported = await make_import(
        session, authority_code=authority, file_name=f"{word}.csv", table_info={"header": ["a"]}
    )
    await make_import_row(
        session, imported, 1, line=2, outcome="quarantined", content={"a": word}, reasons=["malformed_code"]
    )
    world.secrets.append(Secret(word, authority, uscc, str(imported), "imports"))


async def build(offices: Offices, random: Random) -> World:
    world = World(offices, random)
    async with offices.database.transaction() as session:
        world.firms = [await make_registration(session) for _ in range(4)]
        for uscc in world.firms:
            await make_penalty(session, uscc, authority_code="city", document_no="公开")
        for authority in PARENTS:
            await hide_records(world, session, authority)
        await number_changes(session)
    for authority in PARENTS:
        worker = await offices.hire(*WORK, authority=authority)
        world.recorders[authority] = worker
        world.people.append((worker, (frozenset({authority, *BELOW[authority]}), frozenset())))
        world.people.append((await offices.hire(Role.SUPERVISOR, authority=authority), NOTHING))
        world.people.append(
            (await offices.hire(Role.REGISTRAR, authority=authority), (frozenset(), frozenset({authority})))
        )
    for role in (Role.PLATFORM, Role.PLATFORM, Role.ADMINISTRATOR, Role.RULE_KEEPER, Role.EXPORTER, Role.SUBJECT_AGENT):
        world.people.append((await offices.hire(role), NOTHING))
    return world


async def step(world: World) -> None:
    """Let somebody ask about something, and check the answer."""
    random = world.random
    client, sees = random.choice(world.people)
    secret = random.choice(world.secrets)
    limit = random.randint(1, 3)
    record = f"/v1/subjects/{secret.uscc}/{secret.kind}/{secret.id}"
    if secret.kind == "imports":
        record = f"/v1/imports/{secret.id}"
    elif random.random() < 0.1:
        record = record.replace(secret.uscc, random.choice(world.firms))
    question = random.choice(
        [
            f"/v1/subjects/{secret.uscc}/credit-file", f"/v1/subjects/{secret.uscc}/penalties?limit={limit}",
            f"/v1/subjects/{secret.uscc}/blacklist-entries?limit={limit}", f"/v1/status/{secret.uscc}",
            f"/v1/subjects/{secret.uscc}", f"/v1/subjects?name={secret.word}", f"/v1/changes?limit={limit}",
            f"/v1/imports?limit={limit}", f"/v1/deadlines?standing=all&limit={limit}", "/v1/me",
            f"/v1/sharing-agreements?limit={limit}", f"/v1/substitutions?limit={limit}", "/v1/catalog/supplies",
            "/v1/penalties/reviews", record, record, f"{record}/versions", f"{record}/explain", f"{record}/checklist",
            f"{record}/rows", f"{record}/correction",
        ]
    )  # fmt: skip
    if random.random() < 0.25:
        headers = {"If-Match": random.choice(["*", '"1"', '"2"'])}
        question = (
            f"{record}/{random.choice(TRANSITIONS if secret.kind != 'imports' else ('revert', 'rows/1/resubmit'))}"
        )
        if sees_it(sees, secret):
            return  # its own people may well change it; that is another test's matter
        body = {"reason": "x", "cells": {}} if random.random() < 0.5 else {}
        answer = await client.post(question, json=body, headers=headers)
    else:
        headers = {"If-None-Match": random.choice(['"1"', "*"])} if random.random() < 0.1 else {}
        answer = await client.get(question, headers=headers)
    world.check(answer, sees, question)
    if answer.status_code == 200 and "limit" in question and answer.json().get("next"):
        world.check(await client.get(question, params={"cursor": answer.json()["next"]}), sees, question)
    if question.startswith(record) and not sees_it(sees, secret) and answer.status_code not in {403, 405, 422}:
        absent = question.replace(secret.id, str(UUID(int=random.getrandbits(128), version=4)))
        sent = {"Content-Type": "application/json"} if answer.request.content else {}
        twin = await client.request(
            answer.request.method, absent, headers=headers | sent, content=answer.request.content
        )
        same = [
            (one.status_code, one.json().get("code"), str(one.json().get("detail")).replace(asked.split("/")[-1], ""))
            for one, asked in ((answer, secret.id), (twin, absent))
        ]
        if same[0][:2] != same[1][:2] and answer.status_code != 304:
            world.found.append((question, f"{same}"))


async def record(world: World) -> None:
    """Let somebody record a draft over HTTP; what the public sees of the firm stays what it was."""
    authority = world.random.choice(sorted(PARENTS))
    uscc, word = world.random.choice(world.firms), world.word()
    draft = {"document_no": word, "party_name": f"{word}有限公司", "violation_facts": word, "decided_on": "2026-11-02"}
    made = await world.recorders[authority].post(f"/v1/subjects/{uscc}/penalties", json=draft)
    assert made.status_code == 201, made.text
    world.secrets.append(Secret(word, authority, uscc, made.json()["id"], "penalties"))
    await drain(world.offices.database, at(NOW))
    async with client_of(world.offices.app) as public:
        status = (await public.get(f"/v1/status/{uscc}")).json()
        found = (await public.get(f"/v1/subjects?name={word}")).json()["items"]
    seen = {name: status[name] for name in ("outcome", "reason", "name", "penalties", "blacklist_entries", "warnings")}
    if world.public_files.setdefault(uscc, seen) != seen or found:
        world.found.append((uscc, "what the public sees changed with a draft"))


async def play(database: Database, *, seed: int, steps: int) -> None:
    async with open_offices(database, fill=fill) as offices:
        world = await build(offices, Random(seed))  # noqa: S311 - it plays, it keeps no secret
        for n in range(steps):
            await (record(world) if n % 25 == 0 else step(world))
        assert world.found == []


async def test_no_answer_reveals_what_its_asker_may_not_see(database: Database) -> None:
    await play(database, seed=1, steps=250)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(2, 6))
async def test_no_answer_reveals_what_its_asker_may_not_see_in_thousands_of_calls(
    database: Database, seed: int
) -> None:
    await play(database, seed=seed, steps=5_000)
