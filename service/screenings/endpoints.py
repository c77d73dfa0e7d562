from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import uuid_utils.compat
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import FileResponse

from schemas.screenings import EndedRecordPage, ScreeningOut, ScreeningPage
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.exports.rules import RangeNotSatisfiable, check_range
from service.http import (
    ROLE_REFUSALS,
    BadCursor,
    DatabaseDep,
    LateSessionDep,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    answers,
    encode_cursor,
    matches_etag,
    not_modified,
    number_after,
    one_page,
    page_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreationDep
from service.imports.uploads import BadForm, NoFile, receive_file
from service.models import Screening
from service.screenings import examples
from service.screenings.actions import (
    ScreeningRequest,
    cancel_screening,
    create_screening,
    delete_screening,
    describe_screening,
    list_ended,
    open_result,
)
from service.screenings.files import Files, folder_below
from service.screenings.queries import get_screening, list_screenings
from service.screenings.rules import (
    Format,
    NoSuchScreening,
    NothingToCompareWith,
    ScreeningEnded,
    ScreeningNotFinished,
    ScreeningOutdated,
    TooManyScreenings,
)
from service.screenings.views import screening_view

router = APIRouter(prefix="/v1/screenings", tags=["screenings"])

Platform = Annotated[Actor, require(Role.PLATFORM, whose=Whose.OWN)]
OWN = (*ROLE_REFUSALS, NoSuchScreening)
MEDIA: Final[Mapping[str, str]] = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON_LINES: "application/jsonl; charset=utf-8",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.WORKBOOK: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
UPLOAD: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "91500000XY0000012K,示例商贸有限公司,shop-17\n"},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


async def _folder(request: Request) -> Path:
    return folder_below(request.app.state.settings.data_dir)


Folder = Annotated[Path, Depends(_folder)]


def _asked(
    format: Annotated[Format, Query(description="Form of the result.")] = Format.CSV,  # noqa: A002 - the documented parameter
    list: Annotated[str | None, Query(description="What you call the list.", min_length=1, max_length=200)] = None,  # noqa: A002
    compare: Annotated[bool, Query(description="Say what changed since your last screening of the list, too.")] = False,
    encoding: Annotated[str | None, Query(description="Encoding of a text file; none: found.", max_length=40)] = None,
    sheet: Annotated[str | None, Query(description="Sheet of a workbook; none: found.", max_length=100)] = None,
    code: Annotated[str | None, Query(description="Heading of the codes; none: found.", max_length=100)] = None,
    name: Annotated[str | None, Query(description="Heading of the names; none: found.", max_length=100)] = None,
    reference: Annotated[
        str | None, Query(description="Heading of your references; none: found.", max_length=100)
    ] = None,
) -> ScreeningRequest:
    named = {"code": code, "name": name, "reference": reference}
    columns = {what: heading for what, heading in named.items() if heading is not None}
    return ScreeningRequest(format, list, compare, encoding, sheet, columns)


@router.post(
    "",
    summary="Hand in a list of codes",
    status_code=202,
    response_model=ScreeningOut,
    openapi_extra=UPLOAD,
    responses=answers(
        examples.QUEUED,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NothingToCompareWith,
        TooManyScreenings,
        NoFile,
        BadForm,
        status=202,
        words="Received whole and queued; `Location` says where to follow it.",
        headers=("Location",),
    ),
)
async def submit_screening(
    asked: Annotated[ScreeningRequest, Depends(_asked)],
    request: Request,
    response: Response,
    actor: Platform,
    open_session: LateSessionDep,
    creation: CreationDep,
    folder: Folder,
    now: Now,
    file_name: Annotated[str | None, Query(description="Name of the file, for a raw body.", max_length=200)] = None,
) -> dict[str, Any]:
    """Take a file of up to 10 million codes (CSV, TSV, XLSX, XLS, JSON Lines, or a code a line; .zip or .gz around one) and answer it
    behind the scenes. Beside each code may stand a name and your own reference.
    """  # noqa: D205 - one sentence on two lines
    asked.check()
    screening_id = uuid_utils.compat.uuid7()
    file = await receive_file(request, folder, screening_id, name=file_name)
    digest = bytes.fromhex(file.sha256)
    kept = timedelta(days=request.app.state.settings.screening_days)
    try:
        async with open_session() as session:
            await creation.claim(session, body_sha256=digest)
            row = await create_screening(
                session, screening_id=screening_id, asked=asked, file=file, kept=kept, actor=actor, now=now
            )
            response.headers["Location"] = f"/v1/screenings/{screening_id}"
            await creation.keep(session, body_sha256=digest)
    except BaseException:
        Path(file.path).unlink(missing_ok=True)
        raise
    return screening_view(row, with_sums=False)


@router.get(
    "",
    summary="List your screenings",
    response_model=ScreeningPage,
    responses=answers({"items": [examples.QUEUED], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_your_screenings(actor: Platform, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give your screenings, newest first, without their sums."""
    found = await list_screenings(session, actor=actor, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": [screening_view(one, with_sums=False) for one in part], "next": following}


@router.get(
    "/{screening_id}",
    summary="Follow a screening",
    response_model=ScreeningOut,
    responses=answers(examples.SCREENING, *OWN),
)
async def show_screening(
    screening_id: UUID, actor: Platform, database: DatabaseDep, folder: Folder, now: Now
) -> dict[str, Any]:
    """Give state, progress and, once it is finished, the sums. A result that names an ended record is `outdated`, and has none."""
    files = Files(folder, screening_id)
    row = await describe_screening(database, screening_id=screening_id, files=files, actor=actor, now=now)
    return screening_view(row, with_sums=True)


@router.get(
    "/{screening_id}/result",
    summary="Download the result of a screening",
    response_class=FileResponse,
    responses={
        **answers(None, *OWN, ScreeningNotFinished, ScreeningOutdated, RangeNotSatisfiable),
        200: {
            "description": "The file, a row for each row of yours, in their order.",
            "content": {"text/csv": {"example": examples.RESULT}},
        },
        206: {"description": "The part of it that `Range` asked for."},
        304: {"description": "You have it: its ETag is that of `If-None-Match`."},
    },
)
async def download_result(
    request: Request,
    screening_id: UUID,
    actor: Platform,
    database: DatabaseDep,
    folder: Folder,
    now: Now,
    if_none_match: Annotated[str | None, Header(description="The ETag you have.")] = None,
) -> Response:
    """Give the result, whole or in part (`Range`, `If-Range`); its ETag is its SHA-256. Once a record that it names has ended it is gone."""
    files = Files(folder, screening_id)
    row = await open_result(database, screening_id=screening_id, files=files, actor=actor, now=now)
    etag = f'"{row.result_sha256}"'
    if matches_etag(if_none_match, etag):
        return not_modified(etag)
    check_range(request.headers.get("range"), size=row.result_size or 0)
    headers = {"ETag": etag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    name = f"screening-{screening_id}.{row.format}"
    return FileResponse(files.result, media_type=MEDIA[row.format], headers=headers, filename=name)


@router.get(
    "/{screening_id}/ended",
    summary="Read which records have ended since the screening before",
    response_model=EndedRecordPage,
    responses=answers({"items": [examples.ENDED], "next": None}, *OWN, BadCursor),
)
async def list_ended_records(
    screening_id: UUID, actor: Platform, session: ReadSessionDep, folder: Folder, page: PageDep, now: Now
) -> dict[str, Any]:
    """Give the ids of the records that the screening compared with named and that are public no more, with their last day behind them."""
    row = await get_screening(session, screening_id=screening_id, actor=actor)
    files = Files(folder, row.id)
    ended, more = await list_ended(session, files, after=number_after(page), limit=page.limit, now=now)
    return {"items": ended, "next": None if more is None else encode_cursor((str(more),))}


@router.post(
    "/{screening_id}/cancel",
    summary="Cancel a screening",
    response_model=ScreeningOut,
    responses=answers(examples.QUEUED | {"state": "cancelled"}, *OWN, ScreeningEnded),
)
async def cancel_your_screening(screening_id: UUID, actor: Platform, session: SessionDep, now: Now) -> dict[str, Any]:
    """End a screening of yours that waits or runs."""
    return screening_view(
        await cancel_screening(session, screening_id=screening_id, actor=actor, now=now), with_sums=False
    )


@router.delete(
    "/{screening_id}",
    summary="Delete a screening",
    response_model=ScreeningOut,
    responses=answers(examples.QUEUED, *OWN, words="What it was."),
)
async def delete_your_screening(screening_id: UUID, actor: Platform, session: SessionDep) -> dict[str, Any]:
    """Delete a screening of yours with its result."""
    row: Screening = await delete_screening(session, screening_id=screening_id, actor=actor)
    return screening_view(row, with_sums=False)
