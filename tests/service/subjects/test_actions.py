import dataclasses
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Role
from service.db import Database, ReadSession
from service.models import PendingChange, SubjectIdentifier, SubjectName, SubjectVersion
from service.subjects.actions import Put, put_registration, read_registration
from service.subjects.rules import NoRegistration, Registration, RegistrationStatus
from service.versions import ANY_VERSION, ExpectedVersion, VersionMismatch
from tests.factories import make_actor, make_authority, make_penalty, make_registration, make_uscc

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
REGISTRAR = make_actor(Role.REGISTRAR, authority="registry", number=7, name="registrar")
PLATFORM = make_actor(Role.PLATFORM, number=8, name="platform")
FIRST = Registration(
    name="重庆星屿商行有限公司",
    registration_status=RegistrationStatus.ACTIVE,
    registered_on=date(2015, 3, 2),
    division_code="500105",
    legal_representative="某甲",
    reg_no="500105000000016",
)


async def put(
    session: AsyncSession, uscc: str, registration: Registration, *, expected: ExpectedVersion = ANY_VERSION
) -> Put:
    return await put_registration(
        session, uscc=uscc, registration=registration, actor=REGISTRAR, expected=expected, now=NOW
    )


async def test_a_first_registration_is_new_and_leaves_its_change_pending(session: AsyncSession) -> None:
    uscc = make_uscc()
    made = await put(session, uscc, FIRST)
    assert (made.is_new, made.version_no, made.view["name"]) == (True, 1, "重庆星屿商行有限公司")
    version = (await session.scalars(select(SubjectVersion).where(SubjectVersion.uscc == uscc))).one()
    assert (version.source_code, version.actor, version.registered) == ("own:registry", str(REGISTRAR.id), True)
    change = (await session.scalars(select(PendingChange).where(PendingChange.uscc == uscc))).one()
    assert (change.kind, change.version_no, change.event) == ("subject", 1, "registered")


async def test_the_same_registration_again_changes_nothing(session: AsyncSession) -> None:
    uscc = make_uscc()
    await put(session, uscc, FIRST)
    again = await put(session, uscc, FIRST)
    assert (again.is_new, again.version_no) == (False, 1)
    assert len((await session.scalars(select(PendingChange).where(PendingChange.uscc == uscc))).all()) == 1


async def test_names_and_identifiers_keep_step(session: AsyncSession) -> None:
    uscc = make_uscc()
    await put(session, uscc, FIRST)
    renamed = dataclasses.replace(
        FIRST, name="重庆星屿贸易有限公司", former_names=("更早商行",), reg_no=None, tax_no="500105XY1"
    )
    made = await put(session, uscc, renamed)
    assert (made.is_new, made.version_no) == (False, 2)
    names = await session.execute(select(SubjectName.name, SubjectName.kind).where(SubjectName.uscc == uscc))
    assert {tuple(row) for row in names} == {
        ("重庆星屿贸易有限公司", "registered"),
        ("重庆星屿商行有限公司", "former"),
        ("更早商行", "former"),
    }
    identifiers = await session.execute(
        select(SubjectIdentifier.kind, SubjectIdentifier.value).where(SubjectIdentifier.uscc == uscc)
    )
    assert {tuple(row) for row in identifiers} == {
        ("reg_no", "500105000000016"),
        ("org_code", uscc[8:17]),
        ("tax_no", "500105XY1"),
    }
    events = await session.scalars(
        select(PendingChange.event).where(PendingChange.uscc == uscc).order_by(PendingChange.id)
    )
    assert list(events) == ["registered", "renamed"]


async def test_one_version_is_current_and_the_earlier_one_is_superseded_once(session: AsyncSession) -> None:
    uscc = make_uscc()
    for name in ("甲有限公司", "乙有限公司", "丙有限公司"):
        await put(session, uscc, dataclasses.replace(FIRST, name=name))
    versions = await session.scalars(
        select(SubjectVersion).where(SubjectVersion.uscc == uscc).order_by(SubjectVersion.version_no)
    )
    assert [(one.name, one.superseded_at) for one in versions] == [
        ("甲有限公司", NOW),
        ("乙有限公司", NOW),
        ("丙有限公司", None),
    ]


async def test_a_subject_known_from_records_becomes_registered(session: AsyncSession) -> None:
    uscc = make_uscc()
    await make_penalty(session, uscc)
    assert (await put(session, uscc, FIRST)).is_new


async def test_another_version_than_expected_is_refused(session: AsyncSession) -> None:
    uscc = make_uscc()
    await put(session, uscc, FIRST, expected=ExpectedVersion(is_new=True))
    with pytest.raises(VersionMismatch) as refused:
        await put(
            session, uscc, dataclasses.replace(FIRST, name="乙有限公司"), expected=ExpectedVersion(frozenset({2}))
        )
    assert refused.value.extra["version_no"] == 1


async def test_two_writers_of_one_version_and_one_is_told(database: Database) -> None:
    uscc = make_uscc()
    async with database.transaction() as session:
        await put(session, uscc, FIRST)
    async with database.transaction() as slow:
        await put(slow, uscc, dataclasses.replace(FIRST, name="乙有限公司"), expected=ExpectedVersion(frozenset({1})))
    with pytest.raises(VersionMismatch):
        async with database.transaction() as late:
            await put(
                late, uscc, dataclasses.replace(FIRST, name="丙有限公司"), expected=ExpectedVersion(frozenset({1}))
            )


async def test_the_legal_representative_is_for_authorities(session: AsyncSession) -> None:
    await make_authority(session, "registry")
    uscc = make_uscc()
    await put(session, uscc, FIRST)
    reviewer = make_actor(Role.REVIEWER, authority="registry", number=9, name="reviewer")
    seen = {
        actor.name: (await read_registration(ReadSession(session), uscc=uscc, actor=actor))[0]["legal_representative"]
        for actor in (reviewer, PLATFORM)
    }
    assert seen == {"reviewer": "某甲", "platform": None}


async def test_no_registration_is_the_same_answer_for_unknown_and_unregistered(session: AsyncSession) -> None:
    drafted = make_uscc()
    await make_penalty(session, drafted, state="draft")
    unregistered = await make_registration(session, registered=False)
    for uscc in (drafted, unregistered, make_uscc()):
        with pytest.raises(NoRegistration):
            await read_registration(ReadSession(session), uscc=uscc, actor=PLATFORM)
