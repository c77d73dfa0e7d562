from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response
from fastapi.responses import StreamingResponse

from schemas.archive import CaseFileOut, CaseFilePage, PeriodOut, PeriodPage, PeriodPut
from service.access.declared import Whose
from service.access.rules import RECORD_ROLES, Actor, Role
from service.access.seen import note_owners
from service.archive import examples
from service.archive.actions import case_view, get_case_file, list_case_files, state_period, stream_package
from service.archive.queries import list_periods
from service.archive.rules import CaseKind, NoCaseFile, NotYourArchive
from service.http import (
    PUBLIC,
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    BadCursor,
    DatabaseDep,
    Now,
    Page,
    PageDep,
    PutVersionDep,
    ReadSessionDep,
    SessionDep,
    answers,
    encode_cursor,
    json_response,
    pair_after,
    require,
)
from service.models import RetentionPeriod
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc
from service.subjects.endpoints import OWN, Uscc
from service.versions import version_etag

router = APIRouter(prefix="/v1", tags=["archive"])

READERS: Final = (*sorted(RECORD_ROLES), Role.AUDITOR)
Reader = Annotated[Actor, require(*READERS, whose=Whose.SEEN)]
Binding = Annotated[Actor, require(Role.CONSENTER, whose=Whose.OWN)]


def _after(page: Page) -> tuple[str, UUID] | None:
    pair = pair_after(page)
    try:
        return None if pair is None else (pair[0], UUID(pair[1]))
    except ValueError as error:
        raise BadCursor("The cursor is not one that this list gave as `next`.", detail_zh="翻页游标无效。") from error


@router.get(
    "/archive",
    summary="List case files",
    response_model=CaseFilePage,
    responses=answers({"items": [examples.CASE], "next": None}, *ROLE_REFUSALS, BadCursor, words="By code and id."),
)
async def list_files(
    actor: Reader,
    session: ReadSessionDep,
    page: PageDep,
    now: Now,
    kind: Annotated[CaseKind, Query(description="Files of penalties or of blacklist entries.")] = CaseKind.PENALTY,
    authority: Annotated[str | None, Query(max_length=200, description="Only this authority's.")] = None,
    incomplete: Annotated[bool, Query(description="Only files of which something is missing.")] = False,
    past_retention: Annotated[bool, Query(description="Only files that need not be kept any longer.")] = False,
) -> Response:
    """Give the files of the cases that your authorities keep here, each with what is missing and until when it is kept."""
    cases = await list_case_files(
        session, kind, actor=actor, authority=authority, after=_after(page), limit=page.limit + 1, now=now
    )
    part = cases[: page.limit]
    last = part[-1].current if len(cases) > page.limit else None
    today = actor.on
    wanted = [
        case
        for case in part
        if (case.missing or not incomplete)
        and (not past_retention or (case.retention.until is not None and case.retention.until < today))
    ]
    note_owners(session, (case.current["authority_code"] for case in wanted))
    following = None if last is None else encode_cursor((last["uscc"], str(last["id"])))
    return json_response({"items": [case_view(case) for case in wanted], "next": following}, headers=OWN)


@router.get(
    "/archive/{uscc}/{record_kind}/{record_id}",
    summary="Read how a case file stands",
    response_model=CaseFileOut,
    responses=answers(examples.CASE, *ROLE_REFUSALS, MalformedUscc, NoCaseFile),
)
async def show_file(
    uscc: Uscc, record_kind: CaseKind, record_id: UUID, actor: Reader, session: ReadSessionDep, now: Now
) -> Response:
    """Give the pieces of a case file one by one, its documents with their digests, and how long it is kept.

    Each piece names its article; rows of a source that publishes itself need none here.
    """
    code, _ = read_uscc(uscc)
    case = await get_case_file(session, record_kind, uscc=code, record_id=record_id, actor=actor, now=now)
    note_owners(session, [case.current["authority_code"]])
    return json_response(case_view(case), headers=OWN)


@router.get(
    "/archive/{uscc}/{record_kind}/{record_id}/package",
    summary="Download a case file",
    response_class=StreamingResponse,
    responses={
        **answers(None, *ROLE_REFUSALS, MalformedUscc, NoCaseFile),
        200: {
            "description": "A ZIP archive; `SHA256SUMS` in it names the digest of every member.",
            "content": {"application/zip": {"example": ""}},
        },
    },
)
async def download_file(
    uscc: Uscc,
    record_kind: CaseKind,
    record_id: UUID,
    actor: Reader,
    session: ReadSessionDep,
    database: DatabaseDep,
    now: Now,
) -> StreamingResponse:
    """Give the whole file of a case as one package, with the documents as they were attached.

    In it are versions, reviews, corrections, repairs, objections, deadlines and what the other side said, deliveries, and the audit.
    """
    code, _ = read_uscc(uscc)
    case = await get_case_file(session, record_kind, uscc=code, record_id=record_id, actor=actor, now=now)
    note_owners(session, [case.current["authority_code"]])
    package = stream_package(database, record_kind, uscc=code, record_id=record_id, actor=actor, now=now)
    name = f"{code}-{record_kind.value}-{record_id}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff", **OWN}
    return StreamingResponse(package, media_type="application/zip", headers=headers)


def _period(row: RetentionPeriod) -> dict[str, Any]:
    return {name: getattr(row, name) for name in PeriodOut.model_fields}


@router.get(
    "/catalog/retention",
    dependencies=[PUBLIC],
    summary="List retention periods",
    response_model=PeriodPage,
    responses=answers({"items": [examples.PERIOD]}, words="By authority and kind."),
)
async def list_retention(session: ReadSessionDep) -> dict[str, Any]:
    """Give how long each authority keeps its case files, by its own rule."""
    return {"items": [_period(row) for row in await list_periods(session)]}


@router.put(
    "/catalog/retention/{authority_code}/{record_kind}",
    summary="State how long case files are kept",
    response_model=PeriodOut,
    responses={
        **answers(examples.PERIOD, *ROLE_REFUSALS, NotYourArchive, *VERSION_REFUSALS, headers=("ETag",)),
        201: {"description": "Nothing was stated before."},
    },
)
async def put_retention(
    authority_code: Annotated[str, Path(max_length=200)],
    record_kind: CaseKind,
    body: Annotated[PeriodPut, Body(examples=[{"years": 10, "basis": "本机关案卷归档办法（示例）"}])],
    actor: Binding,
    session: SessionDep,
    response: Response,
    expected: PutVersionDep,
    now: Now,
) -> dict[str, Any]:
    """State how long your authority keeps the files of one kind of case, with the rule that says so. Nothing is deleted by it."""
    row = await state_period(
        session,
        authority_code=authority_code,
        kind=record_kind,
        years=body.years,
        basis=body.basis,
        expected=expected,
        actor=actor,
        now=now,
    )
    response.headers["ETag"] = version_etag(row.version_no)
    if row.version_no == 1 and row.stated_at == now:
        response.status_code = 201
    return _period(row)
