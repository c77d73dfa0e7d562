import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.status import BatchOut, StatusOut
from service.db import ReadSession
from service.status.actions import (
    BULK_FROM,
    Question,
    StatusAnswer,
    answer_question,
    find_entries,
    read_batch,
    render_batch,
)
from service.status.answers import Answer, to_json
from service.status.rules import FutureMoment, MalformedUscc, TooManyCodes
from tests.factories import (
    cover_region,
    make_entry,
    make_list,
    make_penalty,
    make_registration,
    make_source,
    make_uscc,
    number_changes,
)

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
NOWHERE: frozenset[str] = frozenset()


async def ask(session: AsyncSession, uscc: str, *, now: datetime = NOW, **question: str) -> StatusAnswer:
    return await answer_question(ReadSession(session), Question(uscc, **question), divisions=NOWHERE, now=now)


async def ask_many(session: AsyncSession, *codes: object, now: datetime = NOW) -> Answer:
    decoded: Answer = json.loads(await batch_of(session, codes, now=now))
    return decoded


async def batch_of(session: AsyncSession, codes: Sequence[object], *, now: datetime = NOW) -> bytes:
    batch = read_batch(codes)
    found = await find_entries(ReadSession(session), batch.asked, now=now)
    return render_batch(batch, found, divisions=NOWHERE, now=now)


def on_the_wire(answer: StatusAnswer) -> Answer:
    decoded: Answer = json.loads(to_json(answer.body))
    return decoded


def warned(answer: StatusAnswer) -> list[str]:
    return [warning.code for warning in StatusOut.model_validate(on_the_wire(answer)).warnings]


async def test_a_listed_subject_has_exactly_the_fields_of_the_contract(session: AsyncSession) -> None:
    await cover_region(session)
    uscc = await make_registration(session)
    await make_entry(session, uscc)
    await make_penalty(session, uscc)
    position = await number_changes(session)
    body = on_the_wire(await ask(session, uscc))
    assert list(body) == [
        *("uscc", "outcome", "reason", "name", "registration", "blacklist_entries", "penalties", "warnings"),
        *("as_of", "known_at", "position", "log_id", "sources"),
    ]
    assert body["outcome"] == "listed"
    assert body["reason"] is None
    assert body["registration"] == {"status": "active", "since": "2015-03-02"}
    assert body["position"] == position
    assert body["as_of"] == "2026-11-24T12:00:00+08:00"
    assert body["sources"] == [{"source": "test-source", "fresh_to": "2026-01-01"}]
    answer = StatusOut.model_validate(body)
    assert (answer.blacklist_entries[0].severity, answer.blacklist_entries[0].publish_until) == (
        "serious",
        date(2029, 1, 5),
    )
    assert (answer.penalties[0].kinds, answer.penalties[0].fine_fen) == (["fine"], 500_000)
    entry, penalty = body["blacklist_entries"], body["penalties"]
    assert isinstance(entry, list)
    assert isinstance(penalty, list)
    assert set(entry[0]) == set(type(answer.blacklist_entries[0]).model_fields)
    assert set(penalty[0]) == set(type(answer.penalties[0]).model_fields)


async def test_the_four_outcomes(session: AsyncSession) -> None:
    await cover_region(session)
    listed, penalised, clear = [await make_registration(session) for _ in range(3)]
    elsewhere = await make_registration(session, division_code="310101")
    unknown = make_uscc()
    await make_entry(session, listed, list_id=await make_list(session, "test-abnormal", severity="abnormal"))
    await make_penalty(session, penalised)
    await number_changes(session)
    outcomes = {}
    for uscc in (listed, penalised, clear, elsewhere, unknown):
        body = (await ask(session, uscc)).body
        outcomes[uscc] = (body["outcome"], body["reason"])
    assert list(outcomes.values()) == [
        ("listed", None),
        ("penalised", None),
        ("clear", None),
        ("not_covered", "no_source"),
        ("not_covered", "no_registration"),
    ]


async def test_a_subject_that_only_ended_records_know_is_unknown(session: AsyncSession) -> None:
    await cover_region(session)
    uscc = make_uscc()
    ended = await make_penalty(session, uscc)
    await number_changes(session)
    shown = (await ask(session, uscc)).body
    await make_penalty(session, uscc, head=ended, state="ended")
    await number_changes(session)
    silent = (await ask(session, uscc)).body
    assert (shown["outcome"], shown["name"], shown["registration"]) == ("penalised", "重庆市示例商贸有限公司", None)
    assert (silent["outcome"], silent["reason"], silent["name"]) == ("not_covered", "no_registration", None)


async def test_a_window_ends_with_its_last_day_in_shanghai(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await make_penalty(session, uscc, public_until=date(2026, 11, 24))
    await number_changes(session)
    last_second = datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC)
    last, after = (
        await ask(session, uscc, now=last_second),
        await ask(session, uscc, now=last_second + timedelta(seconds=1)),
    )
    assert (last.body["outcome"], after.body["outcome"]) == ("penalised", "not_covered")
    assert last.etag != after.etag


async def test_held_texts_are_left_out(session: AsyncSession) -> None:
    uscc = make_uscc()
    await make_entry(session, uscc, held_texts=["grounds", "party_name"])
    await make_penalty(session, uscc, held_texts=["document_no", "party_name"])
    await number_changes(session)
    body = on_the_wire(await ask(session, uscc))
    answer = StatusOut.model_validate(body)
    assert answer.blacklist_entries[0].grounds is None
    assert answer.penalties[0].document_no is None
    assert answer.name is None
    assert "示例事由" not in json.dumps(body, ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "differs"),
    [("重庆市示例商贸有限公司", False), ("旧名商行有限公司", False), ("记录名有限公司", False), ("别家有限公司", True)],
)
async def test_a_name_asked_is_compared_with_all_names_that_are_public(
    session: AsyncSession, name: str, differs: bool
) -> None:
    uscc = await make_registration(session, name="旧名商行有限公司")
    await number_changes(session)
    await make_registration(session, uscc)
    await make_penalty(session, uscc, party_name="记录名有限公司")
    await number_changes(session)
    assert ("name_differs" in warned(await ask(session, uscc, name=name))) is differs


async def test_a_name_that_only_an_ended_record_bears_is_not_confirmed(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await make_penalty(session, uscc, party_name="秘密旧账有限公司", state="ended")
    await number_changes(session)
    assert warned(await ask(session, uscc, name="秘密旧账有限公司")) == ["name_differs"]


async def test_a_past_day_shows_what_was_shown_then_and_may_still_be_shown(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await make_penalty(session, uscc, document_no="甲", public_from=date(2026, 1, 6), public_until=date(2026, 6, 1))
    await make_penalty(session, uscc, document_no="乙", public_from=date(2026, 3, 1), public_until=date(2027, 1, 1))
    await number_changes(session)
    shown = {
        as_of: [penalty.document_no for penalty in StatusOut.model_validate(on_the_wire(answer)).penalties]
        for as_of in ("2026-02-28", "2026-03-01", "2026-03-01T00:00:00+08:00", "2026-02-28T15:59:59Z", "2026-11-24")
        for answer in [await ask(session, uscc, as_of=as_of)]
    }
    assert list(shown.values()) == [[], ["乙"], ["乙"], [], ["乙"]]


async def test_what_was_known_at_an_instant_less_what_was_repaired_since(session: AsyncSession) -> None:
    await cover_region(session)
    february, march = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    uscc = await make_registration(session, name="旧名商行有限公司")
    corrected = await make_penalty(session, uscc, fine_fen=100)
    repaired = await make_entry(session, uscc)
    position = await number_changes(session, at=february)
    told_in_february = (await ask(session, uscc)).body
    await make_registration(session, uscc)
    await make_penalty(session, uscc, head=corrected, fine_fen=200, held_texts=["document_no"])
    await make_penalty(session, uscc, fine_fen=300)
    await make_entry(session, uscc, head=repaired, state="ended")
    await number_changes(session, at=march)
    past = StatusOut.model_validate(on_the_wire(await ask(session, uscc, known_at="2026-02-15")))
    assert (past.outcome, past.name, past.position) == ("penalised", "旧名商行有限公司", position)
    assert [(penalty.fine_fen, penalty.document_no) for penalty in past.penalties] == [(100, None)]
    assert past.blacklist_entries == []
    known_at = told_in_february["known_at"]
    assert isinstance(known_at, datetime)
    again = (await ask(session, uscc, known_at=known_at.isoformat())).body
    assert again["position"] == told_in_february["position"]
    before = (await ask(session, uscc, known_at="2026-01-15")).body
    assert (before["outcome"], before["reason"], before["position"]) == ("not_covered", "no_registration", 0)


async def test_an_answer_names_the_position_whose_state_it_shows_while_changes_wait(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    position = await number_changes(session)
    await make_penalty(session, uscc)
    waiting = on_the_wire(await ask(session, uscc))
    numbered = await number_changes(session)
    after = on_the_wire(await ask(session, uscc))
    assert (waiting["position"], waiting["penalties"]) == (position, [])
    assert after["position"] == numbered
    assert after["outcome"] == "penalised"


async def test_the_etag_stays_until_something_that_is_told_changes(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await number_changes(session)
    first = (await ask(session, uscc)).etag
    later_that_day = (await ask(session, uscc, now=NOW + timedelta(hours=1))).etag
    await make_source(session)
    delivered = (await ask(session, uscc)).etag
    await make_registration(session)
    await number_changes(session)
    moved = (await ask(session, uscc)).etag
    assert first == later_that_day
    assert len({first, delivered, moved}) == 3


async def test_a_malformed_code_is_refused_and_odd_writing_is_read(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await number_changes(session)
    assert (await ask(session, f" {uscc.lower()} ")).body["uscc"] == uscc
    with pytest.raises(MalformedUscc) as refused:
        await ask(session, "not a code")
    assert refused.value.extra["positions"] is not None


async def test_the_future_is_refused(session: AsyncSession) -> None:
    with pytest.raises(FutureMoment):
        await ask(session, make_uscc(), as_of="2026-11-25")
    with pytest.raises(FutureMoment):
        await ask(session, make_uscc(), known_at="2026-11-24T12:00:01+08:00")


async def test_a_batch_answers_in_order_what_single_questions_answer(session: AsyncSession) -> None:
    await cover_region(session)
    listed, clear = [await make_registration(session) for _ in range(2)]
    unknown = make_uscc(division_code="310101")
    await make_entry(session, listed)
    await number_changes(session)
    await make_penalty(session, clear)
    batch = await ask_many(session, clear, listed, "nonsense", unknown, clear.lower(), None, 7)
    parsed = TypeAdapter(BatchOut).validate_python(batch)
    assert [getattr(item, "outcome", None) for item in parsed.results] == [
        *("clear", "listed", None, "not_covered", "clear", None, None)
    ]
    frame = ("position", "log_id", "as_of", "known_at", "sources")
    assert list(batch) == ["as_of", "known_at", "position", "log_id", "sources", "results"]
    results = batch["results"]
    assert isinstance(results, list)
    for uscc, item in ((clear, results[0]), (listed, results[1]), (unknown, results[3])):
        single = on_the_wire(await ask(session, uscc))
        assert item == {name: value for name, value in single.items() if name not in frame}
        assert all(batch[name] == single[name] for name in frame if name != "sources")
    assert results[2]["uscc"] == "nonsense"
    assert results[2]["error"]["code"] == "malformed_uscc"
    assert [results[place]["uscc"] for place in (5, 6)] == [None, None]


@pytest.mark.parametrize("covered", [True, False])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": None, "registration_status": None, "registered_on": None},
        {"name": '引"号\\店'},
        {"registration_status": "cancelled"},
    ],
    ids=["usual", "nothing stated", "quotation marks", "cancelled"],
)
@pytest.mark.parametrize("delivered_at", [NOW, datetime(2026, 1, 1, tzinfo=UTC)], ids=["fresh", "stale"])
async def test_the_short_way_of_a_batch_writes_what_a_single_answer_says(
    session: AsyncSession, covered: bool, changes: dict[str, Any], delivered_at: datetime
) -> None:
    await make_source(
        session, covers=("penalties:50", "lists:50" if covered else "lists:31"), delivered_at=delivered_at
    )
    uscc = await make_registration(session, **changes)
    await number_changes(session)
    batch = await batch_of(session, [uscc])
    single = (await ask(session, uscc)).body
    frame = ("position", "log_id", "as_of", "known_at", "sources")
    assert to_json({name: value for name, value in single.items() if name not in frame}) in batch


async def test_a_large_batch_takes_the_vectorised_check_and_answers_the_same(session: AsyncSession) -> None:
    codes = [make_uscc() for _ in range(BULK_FROM + 20)]
    codes[7] = "91500105ＸＹ００００１２"
    for uscc in codes[:3]:
        await make_registration(session, uscc)
    await number_changes(session)
    large = await ask_many(session, *codes)
    small = await ask_many(session, *codes[:10])
    assert isinstance(large["results"], list)
    assert large["results"][:10] == small["results"]
    assert len(large["results"]) == len(codes)


async def test_an_empty_batch_and_one_too_large(session: AsyncSession) -> None:
    assert (await ask_many(session))["results"] == []
    with pytest.raises(TooManyCodes):
        await ask_many(session, *["x"] * 10_001)


async def test_a_region_in_no_edition_is_a_warning(session: AsyncSession) -> None:
    uscc = await make_registration(session, make_uscc(division_code="599999"))
    await number_changes(session)
    answer = await answer_question(ReadSession(session), Question(uscc), divisions=frozenset({"500105"}), now=NOW)
    assert warned(answer) == ["warn_unknown_region"]
