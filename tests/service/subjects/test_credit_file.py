import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.subjects import CreditFileOut
from service.access.rules import Actor, Role
from service.catalog.hierarchy import Hierarchy
from service.catalog.queries import load_catalog
from service.db import ReadSession
from service.status.answers import to_json
from service.subjects.actions import read_credit_file
from service.subjects.rules import NoCreditFile
from tests.factories import (
    make_actor,
    make_authority,
    make_entry,
    make_identifier,
    make_import,
    make_import_row,
    make_name,
    make_penalty,
    make_registration,
    make_uscc,
    number_changes,
)

TODAY = date(2026, 11, 24)


HIERARCHY = Hierarchy(parents={"city": None, "district": "city", "other": "city"})


def actor(*roles: Role, authority: str | None = None) -> Actor:
    return make_actor(*roles, authority=authority, hierarchy=HIERARCHY, on=TODAY)


async def read(session: AsyncSession, uscc: str, who: Actor) -> CreditFileOut:
    view = await read_credit_file(ReadSession(session), await load_catalog(session), uscc=uscc, actor=who)
    return CreditFileOut.model_validate(json.loads(to_json(view)))


async def test_a_file_has_registration_identifiers_names_and_records_with_where_they_came_from(
    session: AsyncSession,
) -> None:
    import_id = await make_import(session, file_name="registry.csv", source_code="test-registry")
    await make_import_row(session, import_id, 5, line=9)
    penalties = await make_import(session, file_name="penalties.xlsx", source_code="test-source")
    await make_import_row(session, penalties, 2, line=4)
    uscc = await make_registration(
        session,
        name="重庆星屿贸易有限公司",
        former_names=["重庆星屿商行有限公司"],
        reg_no="500105000000016",
        import_id=import_id,
        import_row=5,
    )
    await make_identifier(session, uscc, "500105000000016")
    await make_name(session, uscc, "重庆星屿商行有限公司", kind="former")
    await make_penalty(session, uscc, import_id=penalties, import_row=2, party_name="星屿贸易门市部")
    await make_entry(session, uscc, party_name="重庆星屿贸易有限公司")
    await number_changes(session)
    file = await read(session, uscc, actor(Role.PLATFORM))
    assert file.registration is not None
    provenance = file.registration.provenance
    assert (provenance.import_id, provenance.file, provenance.line) == (import_id, "registry.csv", 9)
    assert [(one.kind, one.value) for one in file.identifiers] == [("reg_no", "500105000000016")]
    assert {(one.name, one.kind) for one in file.names} == {
        ("重庆星屿贸易有限公司", "registered"),
        ("重庆星屿商行有限公司", "former"),
        ("星屿贸易门市部", "record"),
    }
    (penalty,) = file.penalties
    assert (penalty.provenance.file, penalty.provenance.line, penalty.provenance.source) == (
        "penalties.xlsx",
        4,
        "test-source",
    )
    (entry,) = file.blacklist_entries
    assert (entry.list, entry.provenance.file, entry.versions) == ("test-serious", None, 1)


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (actor(Role.PLATFORM), {"public"}),
        (actor(Role.ADMINISTRATOR, authority="district"), {"public"}),
        (actor(Role.REVIEWER, authority="district"), {"public", "draft", "ended", "undated"}),
        (actor(Role.RECORDER, authority="other"), {"public"}),
        (actor(Role.REVIEWER, authority="city"), {"public", "draft", "ended", "undated"}),
        (actor(Role.SUPERVISOR, authority="city"), {"public"}),
        (actor(Role.AUDITOR), {"public", "draft", "ended", "undated"}),
    ],
    ids=[
        "platform",
        "administrator",
        "its own reviewer",
        "another's recorder",
        "the one above",
        "supervisor",
        "auditor",
    ],
)
async def test_who_sees_which_records(session: AsyncSession, who: Actor, seen: set[str]) -> None:
    await make_authority(session, "city")
    await make_authority(session, "district", parent_code="city")
    await make_authority(session, "other", parent_code="city")
    uscc = await make_registration(session)
    undated = {"public_from": None, "public_until": None, "public_reason": "no_date"}
    records: dict[str, dict[str, Any]] = {
        "public": {},
        "draft": {"state": "draft"},
        "ended": {"state": "ended"},
        "void": {"state": "void"},
        "undated": undated,
    }
    for document_no, changes in records.items():
        await make_penalty(session, uscc, authority_code="district", document_no=document_no, **changes)
        await make_entry(session, uscc, authority_code="district", document_no=document_no, **changes)
    await number_changes(session)
    file = await read(session, uscc, who)
    assert {penalty.document_no for penalty in file.penalties} == seen
    assert {entry.document_no for entry in file.blacklist_entries} == seen


async def test_an_agreement_opens_what_is_decided_and_not_public_and_never_what_ended(session: AsyncSession) -> None:
    await make_authority(session, "district")
    uscc = await make_registration(session)
    undated = {"public_from": None, "public_until": None, "public_reason": "no_date"}
    past = {"public_from": date(2020, 1, 1), "public_until": date(2023, 1, 1)}
    records: dict[str, dict[str, Any]] = {
        "public": {}, "draft": {"state": "draft"}, "ended": {"state": "ended"}, "past": past, "undated": undated,
    }  # fmt: skip
    for document_no, changes in records.items():
        await make_penalty(session, uscc, authority_code="district", document_no=document_no, **changes)
        await make_entry(session, uscc, authority_code="district", document_no=document_no, **changes)
    await number_changes(session)
    partner = make_actor(Role.RECORDER, authority="other", on=TODAY, shared=frozenset({("district", "penalties")}))
    file = await read(session, uscc, partner)
    assert {penalty.document_no for penalty in file.penalties} == {"public", "undated"}
    assert {entry.document_no for entry in file.blacklist_entries} == {"public"}
    assert {penalty.channels for penalty in file.penalties} == {None}


async def test_a_firm_s_agent_reads_all_that_was_decided_and_no_note(session: AsyncSession) -> None:
    await make_authority(session, "district")
    uscc, other = await make_registration(session), await make_registration(session)
    for firm in (uscc, other):
        for state in ("published", "draft", "ended", "void"):
            await make_penalty(
                session, firm, authority_code="district", document_no=state, state=state, remark="内部备注",
                held_texts=["violation_facts"], violation_facts="当事人某甲的住址",
            )  # fmt: skip
    await number_changes(session)
    agent = make_actor(Role.SUBJECT_AGENT, on=TODAY, subjects=frozenset({uscc}))
    file = await read(session, uscc, agent)
    assert {(penalty.document_no, penalty.violation_facts, penalty.remark) for penalty in file.penalties} == {
        ("published", "当事人某甲的住址", None),
        ("ended", "当事人某甲的住址", None),
    }
    others = await read(session, other, agent)
    assert [(penalty.document_no, penalty.violation_facts) for penalty in others.penalties] == [("published", None)]


async def test_held_texts_and_notes_are_for_the_record_s_own_people(session: AsyncSession) -> None:
    await make_authority(session, "district")
    uscc = await make_registration(session)
    await make_penalty(
        session,
        uscc,
        authority_code="district",
        held_texts=["violation_facts", "party_name"],
        violation_facts="当事人某甲的住址",
        party_name="某甲的店",
        remark="内部备注",
        flags=["contradiction"],
    )
    await number_changes(session)
    (outside,) = (await read(session, uscc, actor(Role.PLATFORM))).penalties
    own_file = await read(session, uscc, actor(Role.REVIEWER, authority="district"))
    (inside,) = own_file.penalties
    assert (outside.violation_facts, outside.party_name, outside.remark, outside.flags) == (None, None, None, None)
    assert (inside.violation_facts, inside.remark, inside.flags) == ("当事人某甲的住址", "内部备注", ["contradiction"])
    assert inside.channels is not None
    assert "某甲的店" in {name.name for name in own_file.names}


async def test_a_file_that_holds_nothing_for_the_asker_is_not_there(session: AsyncSession) -> None:
    await make_authority(session, "district")
    drafted = make_uscc()
    await make_penalty(session, drafted, authority_code="district", state="draft")
    await number_changes(session)
    for uscc in (drafted, make_uscc()):
        with pytest.raises(NoCreditFile):
            await read(session, uscc, actor(Role.PLATFORM))
    assert len((await read(session, drafted, actor(Role.RECORDER, authority="district"))).penalties) == 1


async def test_a_file_is_the_state_at_the_position_it_states(session: AsyncSession) -> None:
    uscc = await make_registration(session, name="重庆星屿商行有限公司", reg_no="500105000000016")
    await make_identifier(session, uscc, "500105000000016")
    penalty = await make_penalty(session, uscc, fine_fen=100)
    entry = await make_entry(session, uscc)
    position = await number_changes(session)
    before = await read(session, uscc, actor(Role.AUDITOR))
    await make_registration(session, uscc, name="重庆星屿贸易有限公司", reg_no="500105000000017")
    await make_identifier(session, uscc, "500105000000017")
    await make_penalty(session, uscc, head=penalty, fine_fen=200)
    await make_penalty(session, uscc, document_no="渝示罚〔2026〕13号")
    await make_entry(session, uscc, head=entry, state="ended")
    await make_name(session, uscc, "星屿门市部", kind="record")
    assert await read(session, uscc, actor(Role.AUDITOR)) == before
    assert (before.position, [one.fine_fen for one in before.penalties]) == (position, [100])
    later = await number_changes(session)
    after = await read(session, uscc, actor(Role.AUDITOR))
    assert (after.position, after.log_id) == (later, before.log_id)
    assert sorted(one.fine_fen or 0 for one in after.penalties) == [200, 500_000]
    assert [one.state for one in after.blacklist_entries] == ["ended"]
    assert [one.value for one in after.identifiers] == ["500105000000016", "500105000000017"]
    assert [(one.name, one.kind) for one in after.names][:2] == [
        ("重庆星屿贸易有限公司", "registered"),
        ("重庆星屿商行有限公司", "former"),
    ]


async def test_a_subject_of_which_nothing_has_a_position_has_no_file(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await make_penalty(session, uscc)
    with pytest.raises(NoCreditFile):
        await read(session, uscc, actor(Role.AUDITOR))
    await number_changes(session)
    assert (await read(session, uscc, actor(Role.AUDITOR))).registration is not None


async def test_a_registration_that_was_taken_back_is_in_no_file(session: AsyncSession) -> None:
    uscc = await make_registration(session)
    await make_penalty(session, uscc)
    await number_changes(session)
    await make_registration(session, uscc, registered=False, state="void")
    assert (await read(session, uscc, actor(Role.AUDITOR))).registration is not None
    await number_changes(session)
    file = await read(session, uscc, actor(Role.AUDITOR))
    assert (file.registration, file.identifiers) == (None, [])
    assert len(file.penalties) == 1
