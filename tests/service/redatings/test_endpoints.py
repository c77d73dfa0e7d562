"""A threshold is entered, the records it decides are listed, and their authority decides in bulk."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from service.access.rules import Role
from service.catalog import examples
from service.db import Database
from service.models import LegalRule
from service.redatings.actions import find_redatings
from tests.clients import NOW, client_of, make_app, make_key
from tests.factories import make_entry, make_list, make_uscc, number_changes
from tests.service.deadlines.setting import open_law, record

PATH = "/v1/redatings"
UNDECIDED: dict[str, Any] = {
    "state": "published",
    "kinds": ["fine"],
    "fine_fen": 3_000_000,
    "decided_on": date(2026, 3, 2),
    "published_on": date(2026, 3, 9),
    "party_type": "organization",
    "tier": "undecided",
    "tier_basis": "the threshold between the tiers is not known for this authority",
    "public_from": None,
    "public_until": None,
    "public_rule": None,
    "public_grade": None,
    "public_reason": "undecided_tier",
    "window_flags": ["framework_22_in_force", "threshold_unknown"],
    "gsxt_reason": "undecided_tier",
    "credit_china_from": date(2026, 3, 2),
    "credit_china_until": date(2029, 3, 2),
    "credit_china_rule": "R58-1",
    "credit_china_grade": "verified",
}


async def find(database: Database) -> int:
    return await find_redatings(database, now=NOW)


async def enter(database: Database, **changes: Any) -> None:
    """Put a threshold in force, as an approved proposal does."""
    body = examples.PROPOSED["body"] | changes
    async with database.transaction() as session:
        session.add(
            LegalRule(
                id=body["id"],
                kind="parameter",
                citation=body["citation"],
                grade=body["grade"],
                effective_from=date.fromisoformat(body["effective_from"]),
                body=body,
                origin="entered",
                supersedes=body.get("supersedes"),
                entered_at=NOW,
            )
        )
        await session.execute(text("UPDATE catalog_version SET version = version + 1"))


@asynccontextmanager
async def reviewer_of(database: Database, authority: str = "district") -> AsyncIterator[httpx.AsyncClient]:
    key = await make_key(database, Role.REVIEWER, authority_code=authority)
    async with client_of(make_app(database), key=key) as client:
        yield client


async def window(database: Database, uscc: str) -> tuple[Any, ...]:
    """Return version number, command, tier, first and last public day, and the reason of a subject's one penalty."""
    async with database.reading() as session:
        row = (
            await session.execute(
                text(
                    """SELECT version_no, command, tier, public_from, public_until, public_reason FROM penalty_version
                    WHERE uscc = :uscc AND superseded_at IS NULL"""
                ),
                {"uscc": uscc},
            )
        ).one()
    return row.version_no, row.command, row.tier, str(row.public_from), str(row.public_until), row.public_reason


async def test_records_follow_a_new_threshold_when_their_authority_says_so(database: Database) -> None:
    await open_law(database)
    codes = [make_uscc() for _ in range(3)]
    for code in codes:
        await record(database, code, **UNDECIDED)
    assert await find(database) == 0, "the records stand by the present law"
    await enter(database)
    assert await find(database) == 3
    assert await find(database) == 0, "and are listed once"
    assert (await window(database, codes[0]))[1] == "import", "nothing was moved"
    async with reviewer_of(database) as reviewer:
        preview = (await reviewer.get(f"{PATH}/preview", params={"effect": "shown"})).json()
        assert preview["redatings"] == 3
        (group,) = preview["groups"]
        assert (group["rule_before"], group["rule_after"], group["last_until_after"]) == (None, "R107-1", "2026-06-09")
        items = (await reviewer.get(PATH)).json()["items"]
        assert {item["before"]["public_reason"] for item in items} == {"undecided_tier"}
        assert {item["after"]["tier"] for item in items} == {"minor"}
        stale = await reviewer.post(f"{PATH}/decisions", json={"decision": "apply", "reason": "已公布", "expected": 2})
        assert (stale.status_code, stale.json()["code"], stale.json()["open"]) == (409, "preview_outdated", 3)
        done = await reviewer.post(
            f"{PATH}/decisions", json={"decision": "apply", "reason": "已公布", "expected": 3, "effect": "shown"}
        )
        assert (done.status_code, done.json()) == (200, {"applied": 3, "kept": 0, "moot": 0}), done.text
        again = await reviewer.post(f"{PATH}/decisions", json={"decision": "apply", "reason": "已公布", "expected": 3})
        assert (again.status_code, again.json()["code"]) == (409, "nothing_open")
    for code in codes:
        assert await window(database, code) == (2, "redate", "minor", "2026-03-09", "2026-06-09", None)
    async with database.transaction() as session:
        pending = (await session.execute(text("SELECT event FROM pending_change"))).scalars().all()
        assert pending == ["corrected"] * 3
        queued = (await session.execute(text("SELECT channel FROM outbox_item ORDER BY channel"))).scalars().all()
        assert queued == ["credit_china"] * 3 + ["gsxt"] * 3
        await number_changes(session)
    assert await find(database) == 0


async def test_a_record_without_a_day_of_publication_is_shown_from_the_day_of_the_decision(database: Database) -> None:
    await open_law(database)
    code = make_uscc()
    await record(database, code, **(UNDECIDED | {"published_on": None, "decided_on": date(2026, 11, 2)}))
    await enter(database)
    await find(database)
    async with reviewer_of(database) as reviewer:
        await reviewer.post(f"{PATH}/decisions", json={"decision": "apply", "reason": "已公布", "expected": 1})
    assert (await window(database, code))[3:5] == ("2026-11-24", "2027-02-02")


async def test_what_is_kept_is_not_listed_again_until_the_law_gives_something_else(database: Database) -> None:
    await open_law(database)
    code = make_uscc()
    head = await record(database, code, **UNDECIDED)
    await enter(database)
    await find(database)
    async with reviewer_of(database) as reviewer:
        kept = await reviewer.post(f"{PATH}/decisions", json={"decision": "keep", "reason": "诉讼中", "expected": 1})
        assert kept.json() == {"applied": 0, "kept": 1, "moot": 0}
        await record(database, code, head=head, **(UNDECIDED | {"remark": "示例"}))
        assert await find(database) == 0, "a new version with the same difference"
        await enter(database, id="corrected", below_yuan=20_000, supersedes="low-fine-50-organization")
        assert await find(database) == 1
        (item,) = (await reviewer.get(PATH)).json()["items"]
        assert item["after"]["tier"] == "general"
    assert (await window(database, code))[2] == "undecided"


async def test_a_record_that_changed_since_is_left_alone_and_listed_anew(database: Database) -> None:
    await open_law(database)
    code = make_uscc()
    head = await record(database, code, **UNDECIDED)
    await enter(database)
    await find(database)
    await record(database, code, head=head, **(UNDECIDED | {"fine_fen": 3_100_000}))
    async with reviewer_of(database) as reviewer:
        done = await reviewer.post(f"{PATH}/decisions", json={"decision": "apply", "reason": "已公布", "expected": 1})
        assert done.json() == {"applied": 0, "kept": 0, "moot": 1}
        assert await find(database) == 1
        assert len((await reviewer.get(PATH)).json()["items"]) == 1
        await record(database, code, head=head, **(UNDECIDED | {"state": "void"}))
        assert await find(database) == 1, "a void record needs no decision"
        assert (await reviewer.get(PATH)).json()["items"] == []


async def test_entries_follow_a_changed_row_of_their_list_when_their_authority_says_so(database: Database) -> None:
    await open_law(database)
    codes = [make_uscc() for _ in range(3)]
    dates: dict[str, Any] = {
        "listed_on": date(2025, 3, 9),
        "public_from": date(2025, 3, 10),
        "public_until": date(2028, 3, 9),
    }
    async with database.transaction() as session:
        await make_list(session, "own-list", period_months=36)
        for code in codes[:2]:
            await make_entry(
                session, code, list_id="own-list", authority_code="district", public_rule="own-list", **dates
            )
        assumed = {
            "public_from": None,
            "public_until": None,
            "public_reason": "assumed_date",
            "listed_on_grade": "assumed",
        }
        await make_entry(session, codes[2], list_id="own-list", authority_code="district", **dates | assumed)
        await number_changes(session)
    await record(database, codes[0], **UNDECIDED)
    assert await find(database) == 0
    async with database.transaction() as session:
        await session.execute(text("UPDATE blacklist SET period_months = 24 WHERE id = 'own-list'"))
        await session.execute(text("UPDATE catalog_version SET version = version + 1"))
    await enter(database)
    assert await find(database) == 3, "two entries and the penalty"
    assert await find(database) == 0
    async with reviewer_of(database) as reviewer:
        items = (await reviewer.get(PATH, params={"effect": "shorter"})).json()["items"]
        assert {(one["record_kind"], one["uscc"], one["after"]["public_until"]) for one in items} == {
            ("blacklist_entry", code, "2027-03-09") for code in codes[:2]
        }
        assert items[0]["document_no"] is not None
        assert items[0]["after"]["tier"] is None
        chosen = {"decision": "apply", "reason": "名单期限已改", "expected": 1, "ids": [items[0]["id"]]}
        assert (await reviewer.post(f"{PATH}/decisions", json=chosen)).json() == {"applied": 1, "kept": 0, "moot": 0}
        keep = {"decision": "keep", "reason": "依原决定", "expected": 1, "effect": "shorter"}
        assert (await reviewer.post(f"{PATH}/decisions", json=keep)).json()["kept"] == 1
    async with database.transaction() as session:
        rows = await session.execute(
            text(
                """SELECT command, public_from::text, public_until::text, version_no FROM blacklist_entry_version
                WHERE superseded_at IS NULL AND public_reason IS NULL ORDER BY version_no DESC"""
            )
        )
        assert [tuple(row) for row in rows] == [
            ("redate", "2025-03-10", "2027-03-09", 2), ("import", "2025-03-10", "2028-03-09", 1),
        ]  # fmt: skip
        told = (await session.execute(text("SELECT kind, event FROM pending_change"))).all()
        assert [tuple(row) for row in told] == [("blacklist_entry", "corrected")]
        heads = await session.execute(text("SELECT max(version_no) FROM blacklist_entry"))
        assert heads.scalar_one() == 2
        await number_changes(session)
    assert await find(database) == 0, "what was kept is not listed again"


@pytest.mark.parametrize(
    ("authority", "body", "code"),
    [
        ("environment", {}, "nothing_open"),
        ("city", {}, "nothing_open"),
        ("city", {"authority": "district"}, "not_your_redatings"),
    ],
    ids=["another authority", "the one above", "the one above, by name"],
)
async def test_only_the_owning_authority_decides(
    database: Database, authority: str, body: dict[str, str], code: str
) -> None:
    await open_law(database)
    await record(database, make_uscc(), **UNDECIDED)
    await enter(database)
    await find(database)
    async with reviewer_of(database, authority) as other:
        refused = await other.post(
            f"{PATH}/decisions", json={"decision": "apply", "reason": "已公布", "expected": 1} | body
        )
        assert refused.json()["code"] == code
        seen = (await other.get(PATH)).json()["items"]
        assert len(seen) == (1 if authority == "city" else 0)
