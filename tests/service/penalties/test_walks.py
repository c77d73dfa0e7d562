"""Random lives over the real API, a slow model beside them; and every pair of state and command."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from service.access.rules import Actor, Grant, Role
from service.catalog.hierarchy import Hierarchy
from service.db import Database
from service.penalties.rules import MOVES, State
from service.records.rules import Standing, WrongState, refusal
from tests.factories import make_uscc
from tests.service.penalties.lives import SIGNED, SUSPENDED, WITHDRAWN, Office, open_office

REASON = {"reason": "依法办理"}
#: What each command sends, and who gives it.
COMMANDS: dict[str, tuple[str, dict[str, Any]]] = {
    "edit": ("recorder", {"remark": "备注"}),
    "submit": ("recorder", {}),
    "discard": ("recorder", REASON),
    "return": ("reviewer", REASON),
    "approve": ("reviewer", SIGNED),
    "publish": ("reviewer", {}),
    "withhold": ("reviewer", REASON | {"basis": "政府信息公开条例第十四条", "until": "2027-01-01"}),
    "reopen": ("recorder", REASON),
    "withdraw": ("reviewer", WITHDRAWN),
    "suspend": ("reviewer", SUSPENDED),
    "resume": ("reviewer", REASON),
    "recall": ("recorder", REASON | {"cause": "other"}),
    "republish": ("reviewer", SIGNED | REASON),
}
#: Endings are rare, so that lives are long.
WEIGHTS = {"discard": 1, "withdraw": 1} | {name: 8 for name in COMMANDS if name not in {"discard", "withdraw"}}


def actor(*roles: Role) -> Actor:
    return Actor(
        UUID(int=1), "x", frozenset(Grant(role, "a") for role in roles), Hierarchy({"a": None}, {"a": "500000"})
    )


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("command", MOVES)
def test_a_command_is_refused_in_every_state_that_its_move_does_not_name(state: State, command: str) -> None:
    move = MOVES[command]
    found = refusal(MOVES, Standing(state, 1, "a"), command, actor(*move.roles))
    assert (found is None) is (state in move.sources)
    assert found is None or isinstance(found, WrongState)


@pytest.fixture
async def office(database: Database) -> AsyncIterator[Office]:
    async with open_office(database) as opened:
        yield opened


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_random_lives_show_exactly_what_the_model_says(office: Office, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a repeatable test
    uscc = make_uscc(500 + seed)
    records = [await office.draft(uscc=uscc, document_no=f"渝示市监罚〔2026〕{n}号") for n in range(3)]
    first_published: dict[str, str] = {}
    for _ in range(40):
        place = chance.randrange(len(records))
        command = chance.choices(list(COMMANDS), weights=[WEIGHTS[name] for name in COMMANDS])[0]
        if records[place]["state"] not in MOVES[command].sources and chance.random() < 0.7:
            continue
        who, body = COMMANDS[command]
        record = records[place]
        done = await office.do(getattr(office, who), record, command, body)
        if record["state"] == "void":
            assert done.status_code == 404
        elif record["state"] not in MOVES[command].sources:
            assert (done.status_code, done.json()["code"]) == (409, "wrong_state")
        else:
            assert done.status_code == 200, f"{command} on {record['state']}: {done.text}"
            after = done.json()
            assert after["state"] == (MOVES[command].target or record["state"])
            assert after["version_no"] == record["version_no"] + 1
            if after["published_on"] is not None:
                assert first_published.setdefault(after["id"], after["published_on"]) == after["published_on"]
            records[place] = after
        shown = {one["id"] for one in records if one["state"] == "published"}
        assert await office.status_ids(uscc) == shown


async def test_of_two_reviewers_at_once_one_wins(office: Office) -> None:
    record = await office.submitted()
    answers = await asyncio.gather(
        office.do(office.reviewer, record, "approve", SIGNED),
        office.do(office.second_reviewer, record, "return", REASON),
        office.do(office.second_reviewer, record, "approve", SIGNED),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
