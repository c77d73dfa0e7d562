from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Body, Depends, Query, Request, Response

from schemas.imports import ImportOut, ImportPage, ImportRowOut, ImportRowPage, RowResubmit
from service.access.declared import Whose
from service.access.rules import Actor
from service.access.visibility import IMPORT_READERS, IMPORT_ROLES
from service.catalog.rules import UnknownList
from service.errors import Invalid
from service.http import (
    ROLE_REFUSALS,
    CatalogDep,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    answers,
    encode_cursor,
    number_after,
    page_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreationDep
from service.imports import examples
from service.imports.actions import (
    ImportRequest,
    check_importer,
    create_import,
    new_import_id,
    resubmit_row,
    revert_import,
)
from service.imports.queries import get_import, get_own_import, list_imports, list_rows
from service.imports.rules import (
    ListClosed,
    MayNotImport,
    NoSuchImport,
    NoSuchRow,
    NotQuarantined,
    NotRevertible,
    Outcome,
    UnknownAuthority,
    UnknownSource,
)
from service.imports.uploads import BadForm, NoFile, receive_file
from service.imports.views import import_view, row_view

router = APIRouter(prefix="/v1/imports", tags=["imports"])

Importer = Annotated[Actor, require(*sorted(IMPORT_ROLES), whose=Whose.OWN)]
ImportReader = Annotated[Actor, require(*sorted(IMPORT_READERS), whose=Whose.SEEN)]

UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class BadColumnMap(Invalid):
    """`map` is a JSON object from column names of the file to our field names."""

    code = "bad_column_map"


def _request(
    kind: Annotated[Literal["subjects", "penalties", "blacklist", "permits"], Query(description="What the rows are.")],
    authority: Annotated[str, Query(description="Code of the authority that imports.", max_length=200)],
    source: Annotated[str | None, Query(description="Source whose published rows these are; none: own drafts.")] = None,
    list: Annotated[str | None, Query(description="List of the entries, where the file names none.")] = None,  # noqa: A002 - the parameter's name
    encoding: Annotated[str | None, Query(description="Encoding of a text file; none: found.", max_length=40)] = None,
    sheet: Annotated[str | None, Query(description="Sheet of a workbook; none: found.", max_length=100)] = None,
    listed_on: Annotated[date | None, Query(description="Day of listing for rows that state none.")] = None,
    basis: Annotated[str | None, Query(description="Where that day is stated; none: assumed.", max_length=500)] = None,
    map: Annotated[  # noqa: A002 - the documented parameter
        str | None, Query(description='JSON object {"their column": "our field"}.', max_length=20_000)
    ] = None,
    dry_run: Annotated[bool, Query(description="Show map, first rows and sums; write nothing.")] = False,
) -> ImportRequest:
    column_map = None
    if map is not None:
        try:
            column_map = orjson.loads(map)
        except orjson.JSONDecodeError:
            column_map = None
        if not isinstance(column_map, dict) or not all(isinstance(value, str) for value in column_map.values()):
            raise BadColumnMap(
                '`map` is a JSON object such as {"处罚文号": "document_no"}.', detail_zh="map 应为 JSON 对象。"
            )
    return ImportRequest(kind, authority, source, list, encoding, sheet, listed_on, basis, column_map, dry_run)


@router.post(
    "",
    summary="Hand in a file",
    status_code=202,
    response_model=ImportOut,
    openapi_extra=UPLOAD,
    responses=answers(
        examples.QUEUED,
        *ROLE_REFUSALS,
        UnknownAuthority,
        UnknownSource,
        UnknownList,
        MayNotImport,
        ListClosed,
        BadColumnMap,
        NoFile,
        BadForm,
        *REPEAT_REFUSALS,
        status=202,
        words="Received whole and queued; `Location` says where to follow it.",
        headers=("Location",),
    ),
)
async def submit_import(
    asked: Annotated[ImportRequest, Depends(_request)],
    request: Request,
    response: Response,
    actor: Importer,
    catalog: CatalogDep,
    session: SessionDep,
    creation: CreationDep,
    now: Now,
    file_name: Annotated[str | None, Query(description="Name of the file, for a raw body.", max_length=200)] = None,
) -> dict[str, Any]:
    """Take a file (CSV, TSV, XLSX, XLS, SpreadsheetML 2003, JSON Lines; .zip or .gz around one) and work on it behind the
    scenes. The rows of a published source enter as published, an authority's own rows as drafts.
    """  # noqa: D205 - one sentence on two lines
    check_importer(actor, asked, catalog)
    import_id = new_import_id()
    folder = request.app.state.settings.data_dir / "uploads"
    file = await receive_file(request, folder, import_id, name=file_name)
    digest = bytes.fromhex(file.sha256)
    try:
        await creation.claim(session, body_sha256=digest)
        job = await create_import(
            session, import_id=import_id, request=asked, file=file, actor=str(actor.id), catalog=catalog, now=now
        )
        response.headers["Location"] = f"/v1/imports/{import_id}"
        await creation.keep(session, body_sha256=digest)
    except BaseException:
        Path(file.path).unlink(missing_ok=True)
        raise
    return import_view(job)


@router.get(
    "",
    summary="List imports",
    response_model=ImportPage,
    responses=answers({"items": [examples.IMPORT], "next": None}, *ROLE_REFUSALS),
)
async def list_all_imports(actor: ImportReader, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give the imports of your authorities and of those under them, newest first."""
    after = page_after(page)
    jobs = await list_imports(session, actor=actor, after=after, limit=page.limit + 1)
    items = [import_view(job) for job in jobs[: page.limit]]
    more = encode_cursor((str(items[-1]["id"]),)) if len(jobs) > page.limit else None
    return {"items": items, "next": more}


@router.get(
    "/{import_id}",
    summary="Follow an import",
    response_model=ImportOut,
    responses=answers(examples.IMPORT, *ROLE_REFUSALS, NoSuchImport),
)
async def show_import(import_id: UUID, actor: ImportReader, session: ReadSessionDep) -> dict[str, Any]:
    """Give state, progress, how the file was read, and the sums as they are now."""
    return import_view(await get_import(session, import_id, actor=actor))


@router.get(
    "/{import_id}/rows",
    summary="Page through the rows of an import",
    response_model=ImportRowPage,
    responses=answers({"items": [examples.ROW], "next": None}, *ROLE_REFUSALS, NoSuchImport),
)
async def list_import_rows(
    import_id: UUID,
    actor: ImportReader,
    session: ReadSessionDep,
    page: PageDep,
    outcome: Annotated[Outcome | None, Query(description="Only rows of this outcome.")] = None,
    reason: Annotated[str | None, Query(description="Only rows with this reason.", max_length=60)] = None,
) -> dict[str, Any]:
    """Give the rows in the order of the file, with outcome, reasons in words, and cells where they are quarantined."""
    job = await get_import(session, import_id, actor=actor)
    after = number_after(page)
    rows = await list_rows(
        session, import_id=import_id, outcome=outcome, reason=reason, after=after, limit=page.limit + 1
    )
    items = [row_view(job, row) for row in rows[: page.limit]]
    more = encode_cursor((str(items[-1]["n"]),)) if len(rows) > page.limit else None
    return {"items": items, "next": more}


@router.post(
    "/{import_id}/rows/{n}/resubmit",
    summary="Take a corrected row in",
    response_model=ImportRowOut,
    responses=answers(examples.TAKEN_ROW, *ROLE_REFUSALS, NoSuchImport, MayNotImport, NoSuchRow, NotQuarantined),
)
async def resubmit(
    import_id: UUID,
    n: int,
    body: Annotated[RowResubmit, Body(examples=[{"cells": examples.ROW["content"]}])],
    request: Request,
    actor: Importer,
    catalog: CatalogDep,
    session: SessionDep,
) -> dict[str, Any]:
    """Read a quarantined row again with corrected cells; its outcome moves, and the move is logged."""
    job = await get_own_import(session, import_id, actor=actor)
    row = await resubmit_row(
        session,
        import_id=import_id,
        n=n,
        cells=body.cells,
        actor=str(actor.id),
        catalog=catalog,
        clock=request.app.state.clock,
    )
    return row_view(job, row)


@router.post(
    "/{import_id}/revert",
    summary="Take an import back",
    response_model=ImportOut,
    responses=answers(examples.REVERTED, *ROLE_REFUSALS, NoSuchImport, MayNotImport, NotRevertible),
)
async def revert(import_id: UUID, actor: Importer, session: SessionDep, now: Now) -> dict[str, Any]:
    """Make void what a mistaken import made, and bring back what it changed, by new versions."""
    await get_own_import(session, import_id, actor=actor)
    return import_view(await revert_import(session, import_id=import_id, actor=str(actor.id), now=now))
