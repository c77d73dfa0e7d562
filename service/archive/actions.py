"""The file of a case: how it stands, the whole of it as one package, and how long its authority keeps it."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role
from service.archive.packing import Package
from service.archive.queries import (
    find_position,
    list_audit,
    list_case_versions,
    list_cases,
    list_documents_of,
    list_parts,
    list_periods,
    list_repair_states,
    list_versions_of,
    lock_period,
)
from service.archive.rules import (
    CaseKind,
    Found,
    NoCaseFile,
    NotYourArchive,
    Outcome,
    Retention,
    Row,
    check_pieces,
    is_kept_here,
    retention_of,
    view_of,
)
from service.blacklist import views as entry_views
from service.clock import legal_day
from service.db import Database, ReadSession
from service.documents.queries import get_content
from service.documents.rules import digest
from service.models import RetentionPeriod
from service.penalties import views as penalty_views
from service.versions import ExpectedVersion, VersionMismatch

#: Version of the package's form, told in `case.json`.
FORM: Final = "1.0"
_ENDINGS: Final = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "text/plain": "txt"}


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case as its file stands: versions oldest first, documents, pieces, and how long it is kept."""

    kind: CaseKind
    versions: Sequence[Row]
    documents: Sequence[Row]
    found: Sequence[Found]
    retention: Retention

    @property
    def current(self) -> Row:
        """The record as it is now."""
        return self.versions[-1]

    @property
    def missing(self) -> list[str]:
        """The pieces that are missing."""
        return [one.piece.id for one in self.found if one.outcome is Outcome.MISSING]


async def get_case_file(
    session: ReadSession, kind: CaseKind, *, uscc: str, record_id: UUID, actor: Actor, now: datetime
) -> CaseFile:
    """Return how the file of a case stands.

    Raises:
        NoCaseFile: there is none that the actor may see.
    """
    versions = await list_case_versions(session, kind, uscc=uscc, record_id=record_id, actor=actor)
    if not versions:
        raise NoCaseFile(
            f"There is no {kind.value.replace('_', ' ')} {record_id} whose file you may see.",
            detail_zh="没有可供查看的此项案卷。",
        )
    documents = (await list_documents_of(session, [(uscc, record_id)])).get(record_id, [])
    repairs = (await list_repair_states(session, [(uscc, record_id)])).get(record_id, set())
    periods = await list_periods(session, authorities=[versions[-1]["authority_code"]])
    return _case_file(kind, versions, documents, repairs, periods, today=legal_day(now))


def _case_file(
    kind: CaseKind,
    versions: Sequence[Row],
    documents: Sequence[Row],
    repairs: Collection[str],
    periods: Sequence[RetentionPeriod],
    *,
    today: date,
) -> CaseFile:
    owner = versions[-1]["authority_code"]
    period = next((one for one in periods if (one.authority_code, one.record_kind) == (owner, kind.value)), None)
    return CaseFile(
        kind,
        versions,
        documents,
        check_pieces(kind, versions, {row["kind"] for row in documents}, repairs),
        retention_of(
            versions,
            years=None if period is None else period.years,
            basis=None if period is None else period.basis,
            today=today,
        ),
    )


async def list_case_files(
    session: ReadSession,
    kind: CaseKind,
    *,
    actor: Actor,
    authority: str | None,
    after: tuple[str, UUID] | None,
    limit: int,
    now: datetime,
) -> list[CaseFile]:
    """Return the files of the cases that the actor's authorities keep here, behind the pair named; five questions in all."""
    keys = await list_cases(session, kind, actor=actor, authority=authority, after=after, limit=limit)
    versions = await list_versions_of(session, kind, keys)
    documents = await list_documents_of(session, keys)
    repairs = await list_repair_states(session, keys)
    periods = await list_periods(session)
    today = legal_day(now)
    return [
        _case_file(kind, versions[key], documents.get(key, []), repairs.get(key, set()), periods, today=today)
        for _, key in keys
    ]


def case_view(case: CaseFile) -> dict[str, Any]:
    """Return how a case file stands, as JSON has it."""
    row, kept = case.current, case.retention
    return {
        "uscc": row["uscc"],
        "record_kind": case.kind.value,
        "record_id": row["id"],
        "document_no": row["document_no"],
        "authority_code": row["authority_code"],
        "state": row["state"],
        "version_no": row["version_no"],
        "kept_here": is_kept_here(row),
        "complete": not case.missing,
        "missing": case.missing,
        "pieces": view_of(case.found),
        "documents": [
            {
                name: one[name]
                for name in ("id", "kind", "file_name", "media_type", "size", "sha256", "added_by", "added_at")
            }
            for one in case.documents
        ],
        "retention": {
            "years": kept.years,
            "basis": kept.basis,
            "counts_from": kept.counts_from,
            "until": kept.until,
            "reason": kept.reason,
        },
    }


async def stream_package(
    database: Database, kind: CaseKind, *, uscc: str, record_id: UUID, actor: Actor, now: datetime
) -> AsyncIterator[bytes]:
    """Yield the package of a case, in one snapshot: a ZIP archive with everything that its own people may see of it.

    Raises:
        NoCaseFile: there is none that the actor may see.
    """
    async with database.reading() as session:
        case = await get_case_file(session, kind, uscc=uscc, record_id=record_id, actor=actor, now=now)
        log_id, position = await find_position(session)
        package = Package(at=now)
        view = case_view(case) | {
            "form": FORM,
            "made_at": now.isoformat(),
            "made_by": str(actor.id),
            "log_id": str(log_id),
            "position": position,
        }
        yield package.add_json("case.json", view)
        yield package.add_lines("versions.jsonl", _versions(case, actor, today=legal_day(now)))
        yield package.add_lines("reviews.jsonl", _reviews(case))
        async for name, rows in list_parts(session, kind, uscc=uscc, record_id=record_id):
            yield package.add_lines(f"{name}.jsonl", rows)
        yield package.add_lines("audit.jsonl", await list_audit(session, uscc=uscc, record_id=record_id, actor=actor))
        for one in case.documents:
            content = await get_content(session, sha256=one["sha256"])
            name = f"documents/{one['id']}-{one['kind']}.{_ENDINGS[one['media_type']]}"
            if digest(content) != one["sha256"]:  # the database checks it too; what is archived is checked once more
                raise RuntimeError(f"the bytes of document {one['id']} do not have its digest")
            yield package.add(name, content)
        yield package.finish()


def _versions(case: CaseFile, actor: Actor, *, today: date) -> list[dict[str, Any]]:
    if case.kind is CaseKind.PENALTY:
        return penalty_views.versions_view(case.versions, actor=actor, today=today)
    return entry_views.versions_view(case.versions, actor=actor, today=today)


def _reviews(case: CaseFile) -> list[dict[str, Any]]:
    told = ("version_no", "command", "actor", "reviewer", "recorders", "reason", "basis", "recorded_at")
    return [
        {name: row[name] for name in told} | {"act": row["act"]}
        for row in case.versions
        if row["act"] is not None and row["act"].keys() & {"signed", "checklist", "test"}
    ]


async def state_period(
    session: AsyncSession,
    *,
    authority_code: str,
    kind: CaseKind,
    years: int | None,
    basis: str,
    expected: ExpectedVersion,
    actor: Actor,
    now: datetime,
) -> RetentionPeriod:
    """State how long an authority keeps the files of one kind of case; the same once more changes nothing.

    Raises:
        NotYourArchive: the actor does not bind this authority.
        VersionRequired, VersionMismatch: the present statement is not the expected one.
    """
    if not actor.acts_for(authority_code, Role.CONSENTER):
        raise NotYourArchive(
            f"The authority {authority_code} says this, by its {Role.CONSENTER}.", detail_zh="应由本机关设定。"
        )
    row = await lock_period(session, authority_code=authority_code, kind=kind)
    expected.check(None if row is None else row.version_no)
    if row is not None and (row.years, row.basis) == (years, basis):
        return row
    if row is None:
        row = RetentionPeriod(authority_code=authority_code, record_kind=kind.value, version_no=0)
    row.years, row.basis, row.effective_from = years, basis, legal_day(now)
    row.stated_by, row.stated_at = str(actor.id), now
    row.version_no += 1
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:  # two first statements at once: the other one came first
        raise VersionMismatch(
            "Somebody else has just said it. Read it again.", detail_zh="资源已被修改，请重新读取后再提交。"
        ) from error
    return row
