from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession
from service.models import PendingChange, Subject, SubjectIdentifier, SubjectName, SubjectVersion
from service.reading.names import bigrams, fold_name
from service.subjects.rules import PARTS, Registration

FORMER: Final = "former"
REGISTERED: Final = "registered"


async def lock_subject(session: AsyncSession, *, uscc: str, now: datetime) -> Subject:
    """Return the subject's head, made when there was none, locked until the transaction ends."""
    await session.execute(
        insert(Subject).values(uscc=uscc, version_no=0, created_at=now).on_conflict_do_nothing(index_elements=["uscc"])
    )
    query = select(Subject).where(Subject.uscc == uscc).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one()


async def find_registration(session: AsyncSession | ReadSession, *, uscc: str) -> SubjectVersion | None:
    """Return the current version of a subject's registration, or None when no registry source states one."""
    query = select(SubjectVersion).where(
        SubjectVersion.uscc == uscc,
        SubjectVersion.superseded_at.is_(None),
        SubjectVersion.registered,
        SubjectVersion.state != "void",
    )
    return (await session.scalars(query)).one_or_none()


async def find_registration_version(
    session: AsyncSession | ReadSession, *, uscc: str, version_no: int
) -> SubjectVersion | None:
    """Return one version of a subject's registration, or None when it takes the registration back."""
    query = select(SubjectVersion).where(
        SubjectVersion.uscc == uscc,
        SubjectVersion.version_no == version_no,
        SubjectVersion.registered,
        SubjectVersion.state != "void",
    )
    return (await session.scalars(query)).one_or_none()


async def insert_version(
    session: AsyncSession,
    *,
    head: Subject,
    registration: Registration,
    command: str,
    event: str,
    actor: str,
    source_code: str | None,
    now: datetime,
) -> SubjectVersion:
    """Append a version to a locked subject, with its pending change, and return it."""
    await session.execute(
        update(SubjectVersion)
        .where(SubjectVersion.uscc == head.uscc, SubjectVersion.superseded_at.is_(None))
        .values(superseded_at=now)
    )
    head.version_no += 1
    content: dict[str, Any] = {part: getattr(registration, part) for part in PARTS}
    content |= {
        "registration_status": registration.registration_status.value,
        "former_names": list(registration.former_names),
        "successors": list(registration.successors),
    }
    version = SubjectVersion(
        uscc=head.uscc,
        version_no=head.version_no,
        state="published",
        command=command,
        actor=actor,
        recorded_at=now,
        source_code=source_code,
        registered=True,
        **content,
    )
    session.add(version)
    session.add(
        PendingChange(
            uscc=head.uscc, kind="subject", record_id=None, version_no=head.version_no, event=event, recorded_at=now
        )
    )
    await session.flush()
    return version


async def replace_names(session: AsyncSession, *, uscc: str, name: str, former_names: Iterable[str]) -> None:
    """Make `name` the registered name; one that was registered before becomes a former name, as do `former_names`."""
    was = SubjectName.uscc == uscc, SubjectName.kind == REGISTERED, SubjectName.name != name
    before = (await session.scalars(select(SubjectName.name).where(*was))).all()
    await session.execute(delete(SubjectName).where(*was))
    await _insert_name(session, uscc, name, REGISTERED)
    for former in dict.fromkeys((*before, *former_names)):
        if former != name:
            await _insert_name(session, uscc, former, FORMER)


async def _insert_name(session: AsyncSession, uscc: str, name: str, kind: str) -> None:
    folded = fold_name(name)
    row = {"uscc": uscc, "name": name, "kind": kind, "folded": folded, "bigrams": bigrams(folded)}
    await session.execute(insert(SubjectName).values(row).on_conflict_do_nothing())


async def insert_identifiers(session: AsyncSession, *, uscc: str, identifiers: Sequence[tuple[str, str]]) -> None:
    """Add (kind, value) pairs under which the subject is found; those that are known already stay."""
    rows = [{"uscc": uscc, "kind": kind, "value": value} for kind, value in identifiers]
    if rows:
        await session.execute(insert(SubjectIdentifier).values(rows).on_conflict_do_nothing())
