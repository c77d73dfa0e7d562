from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.subjects.ranking import MOST_CANDIDATES
from service.subjects.search import MOST_OVERLAPPING, Hit, find_by_identifier, search_names, show_found
from tests.factories import (
    make_entry,
    make_identifier,
    make_name,
    make_penalty,
    make_registration,
    make_uscc,
    number_changes,
)

TODAY = date(2026, 11, 24)


async def hits(session: AsyncSession, name: str) -> list[Hit]:
    search = await search_names(ReadSession(session), name=name, today=TODAY)
    return await show_found(ReadSession(session), search.found)


async def test_a_registered_subject_is_found_by_its_name_with_its_state(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="重庆星屿贸易有限公司")
    await number_changes(session)
    assert await hits(session, "星屿") == [
        {
            "uscc": uscc,
            "name": "重庆星屿贸易有限公司",
            "registration_status": "active",
            "successors": [],
            "match": "overlap",
            "matched": "重庆星屿贸易有限公司",
            "matched_kind": "registered",
        }
    ]


async def test_a_former_name_finds_the_subject_under_its_present_name(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="重庆星屿商行有限公司")
    await number_changes(session)
    await make_registration(session, uscc, name="重庆月湾食品有限公司")
    await number_changes(session)
    (hit,) = await hits(session, "星屿商行")
    assert (hit["name"], hit["match"], hit["matched_kind"]) == ("重庆月湾食品有限公司", "overlap", "former")


@pytest.mark.parametrize(
    "term",
    [
        "重庆星屿贸易",
        "重庆星与贸易有限公司",
        "重庆星贸易有限公司",
        "重庆屿星贸易有限公司",
        "重慶星屿贸易有限公司",
        "星屿贸易公司",
    ],
    ids=["no form", "wrong", "missing", "swapped", "traditional", "short form"],
)
async def test_misspelt_terms_find_the_likely_name(session: AsyncSession, term: str) -> None:
    uscc = await make_registration(session, name="重庆星屿贸易有限公司")
    await make_registration(session, name="成都月湾食品有限公司")
    await number_changes(session)
    assert [hit["uscc"] for hit in await hits(session, term)] == [uscc]


async def test_a_name_on_a_public_record_finds_an_unregistered_subject(session: AsyncSession) -> None:
    uscc = make_uscc()
    await make_penalty(session, uscc, party_name="重庆星屿贸易有限公司")
    await make_name(session, uscc, "重庆星屿贸易有限公司", kind="record")
    await number_changes(session)
    (hit,) = await hits(session, "星屿贸易")
    assert (hit["uscc"], hit["name"], hit["registration_status"]) == (uscc, "重庆星屿贸易有限公司", None)


@pytest.mark.parametrize(
    "record",
    [
        {"state": "draft"},
        {"state": "ended"},
        {"state": "void"},
        {"public_from": None, "public_until": None, "public_reason": "no_date"},
        {"public_until": date(2026, 11, 23)},
        {"public_from": date(2026, 11, 25)},
        {"party_name": "别的名字有限公司"},
        {"held_texts": ["party_name"]},
    ],
    ids=",".join,
)
async def test_a_name_that_no_public_record_bears_finds_nothing(session: AsyncSession, record: dict[str, Any]) -> None:
    uscc = make_uscc()
    await make_penalty(session, uscc, **({"party_name": "重庆星屿贸易有限公司"} | record))
    await make_entry(session, uscc, **({"party_name": "重庆星屿贸易有限公司"} | record))
    await make_name(session, uscc, "重庆星屿贸易有限公司", kind="record")
    await number_changes(session)
    assert await hits(session, "重庆星屿贸易有限公司") == []


async def test_a_pending_record_is_not_found_yet_and_a_pending_end_not_noticed_yet(session: AsyncSession) -> None:
    new, ending = make_uscc(), make_uscc()
    ended = await make_penalty(session, ending, party_name="重庆月湾食品有限公司")
    await make_name(session, ending, "重庆月湾食品有限公司", kind="record")
    await number_changes(session)
    await make_penalty(session, new, party_name="重庆星屿贸易有限公司")
    await make_name(session, new, "重庆星屿贸易有限公司", kind="record")
    await make_penalty(session, ending, head=ended, state="ended")
    assert await hits(session, "星屿贸易") == []
    assert len(await hits(session, "月湾食品")) == 1
    await number_changes(session)
    assert len(await hits(session, "星屿贸易")) == 1
    assert await hits(session, "月湾食品") == []


async def test_an_alias_on_ended_records_does_not_find_a_registered_subject(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="重庆月湾食品有限公司")
    await make_penalty(session, uscc, party_name="重庆星屿贸易有限公司", state="ended")
    await make_name(session, uscc, "重庆星屿贸易有限公司", kind="record")
    await number_changes(session)
    assert await hits(session, "星屿贸易") == []


async def test_a_secret_name_finds_no_less_than_an_unknown_one(session: AsyncSession) -> None:
    similar = await make_registration(session, name="重庆星屿贸易一部有限公司")
    ended = make_uscc()
    for name in ("重庆星屿贸易二部有限公司", *(f"重庆星屿贸易二部第{number}店" for number in range(12))):
        await make_penalty(session, ended, party_name=name, state="ended")
        await make_name(session, ended, name, kind="record")
    await number_changes(session)
    secret, unknown = await hits(session, "重庆星屿贸易二部"), await hits(session, "重庆星屿贸易三部")
    assert [hit["uscc"] for hit in secret] == [hit["uscc"] for hit in unknown] == [similar]


async def test_a_subject_whose_registration_was_taken_back_is_not_found(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="重庆星屿贸易有限公司")
    await make_registration(session, uscc, registered=False, state="void")
    await number_changes(session)
    assert await hits(session, "星屿贸易") == []


async def test_a_common_term_ranks_a_thousand_and_says_so(session: AsyncSession) -> None:
    for number in range(MOST_CANDIDATES + 5):
        await make_name(session, await registered_head(session), f"重庆某{number}号", kind="registered")
    await number_changes(session)
    common = await search_names(ReadSession(session), name="重庆", today=TODAY)
    assert (len(common.found), common.truncated) == (MOST_CANDIDATES, True)
    selective = await search_names(ReadSession(session), name="某77号", today=TODAY)
    assert not selective.truncated
    assert selective.found[0].candidate.name == "重庆某77号"


@pytest.mark.parametrize(
    ("prefix", "kind", "name"),
    [("91", "record", "'重庆星屿' || n"), ("92", "registered", "'张建国'")],
    ids=["names on no public record", "names of persons"],
)
@pytest.mark.parametrize("also", ["重庆星屿", "张建国", "重庆屿星"])
async def test_names_that_may_not_be_found_do_not_count(
    session: AsyncSession, prefix: str, kind: str, name: str, also: str
) -> None:
    found = await make_registration(session, name=f"{also}贸易有限公司")
    await number_changes(session)
    before = await search_names(ReadSession(session), name=also, today=TODAY)
    insert = """WITH made AS (
            INSERT INTO subject (uscc, version_no, created_at)
            SELECT :prefix || '500105MA' || lpad(n::text, 8, '0'), 0, now() FROM generate_series(1, :many) AS n
            RETURNING uscc, right(uscc, 6) AS n
        ), named AS (SELECT uscc, {name} AS name FROM made)
        INSERT INTO subject_name (uscc, name, kind, folded, bigrams)
        SELECT uscc, name, :kind, name, ARRAY(SELECT substr(name, i, 2) FROM generate_series(1, length(name) - 1) i)
        FROM named"""
    many = max(MOST_CANDIDATES, MOST_OVERLAPPING) + 10
    await session.execute(text(insert.replace("{name}", name)), {"prefix": prefix, "kind": kind, "many": many})
    after = await search_names(ReadSession(session), name=also, today=TODAY)
    assert (after.truncated, [hit.candidate.uscc for hit in after.found]) == (False, [found])
    assert after == before


async def registered_head(session: AsyncSession) -> str:
    return await make_registration(session, name=None)


async def test_a_piece_of_a_legal_form_finds_names_that_have_it(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="重庆星屿贸易有限公司")
    await number_changes(session)
    assert [hit["uscc"] for hit in await hits(session, "有限")] == [uscc]


async def test_old_identifiers_find_registered_subjects(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="重庆星屿贸易有限公司")
    await make_identifier(session, uscc, "500105000000016")
    await make_identifier(session, uscc, "XY000001-2", kind="org_code")
    unregistered = make_uscc()
    await make_penalty(session, unregistered)
    await make_identifier(session, unregistered, "500105000000017")
    await number_changes(session, at=datetime(2026, 2, 1, tzinfo=UTC))
    found = {
        identifier: [hit["uscc"] for hit in await find_by_identifier(ReadSession(session), identifier=identifier)]
        for identifier in (
            "500105000000016",
            " 5001 0500 0000 016",
            "xy0000012",
            "XY000001-2",
            "500105000000017",
            "1234",
        )
    }
    assert list(found.values()) == [[uscc], [uscc], [uscc], [uscc], [], []]
