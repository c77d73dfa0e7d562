"""Imports: hand a file in, see how it would be read, take it in, follow it, take it back."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from service.access.declared import Whose
from service.access.visibility import IMPORT_READERS, IMPORT_ROLES
from service.catalog.rules import Catalog
from service.console.desk import PAGE, Desk, FormDep, PageRouter, at_desk, confirm, settled
from service.console.forms import Form, read_upload
from service.console.importing import goes_out, keep, kept_file, labels_of, made_before, request_of, sweep
from service.console.paging import id_after
from service.console.rendering import show, show_refused
from service.errors import Refusal
from service.http import (
    CatalogDep,
    Now,
    ReadSessionDep,
    SessionDep,
    encode_cursor,
    session_token,
)
from service.imports.actions import (
    ImportRequest,
    UploadedFile,
    check_importer,
    create_import,
    new_import_id,
    revert_import,
)
from service.imports.queries import get_import, get_own_import, list_imports
from service.imports.rules import REASONS, FileNotKept
from service.imports.uploads import NoFile, receive_file
from service.imports.views import import_view
from service.models import DataImport
from service.tables.columns import KINDS, fields_of

router = PageRouter()
Reader = Annotated[Desk, at_desk(*sorted(IMPORT_READERS), whose=Whose.SEEN)]
Importer = Annotated[Desk, at_desk(*sorted(IMPORT_ROLES), whose=Whose.OWN)]

#: Fields of the form by which a column is given another meaning, by the column's place.
MEANING: Final = "meaning-"


async def _upload(request: Request) -> AsyncIterator[Form]:
    try:
        yield await read_upload(request, token=session_token(request) or "")
    finally:
        await request.close()  # a file that was refused, too


@router.get("/imports")
async def show_imports(
    desk: Reader,
    session: ReadSessionDep,
    catalog: CatalogDep,
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show the form by which a file is handed in, and the imports there are, newest first."""
    return show(desk, "imports.html", **await _listed(desk, session, catalog, id_after(cursor)), typed=Form())


@router.post("/imports")
async def hand_in(
    request: Request,
    desk: Importer,
    form: Annotated[Form, Depends(_upload)],
    session: SessionDep,
    catalog: CatalogDep,
    now: Now,
) -> Response:
    """Receive a file and try it: nothing of it is taken in before somebody has looked at what it would do."""

    async def again(refusal: Refusal) -> Response:
        return show_refused(desk, "imports.html", refusal, **await _listed(desk, session, catalog, None), typed=form)

    import_id = new_import_id()
    folder = _folder(request)
    async with settled(session, desk, again):
        asked = request_of(form)
        check_importer(desk.actor, asked, catalog)
        if not request.headers.get("content-type", "").startswith("multipart/"):
            raise NoFile("Choose a file.", detail_zh="请选择文件。")
        sweep(folder, now=now)
        file = await receive_file(request, folder, import_id, name=None)
        await _queue(desk, session, catalog, import_id, asked, file)
        keep(folder, import_id)
    return desk.go(f"/imports/{import_id}")


@router.get("/imports/{import_id}")
async def show_one_import(import_id: UUID, request: Request, desk: Reader, session: ReadSessionDep) -> Response:
    """Show how far an import is, how its file is read, the first rows and the sums."""
    job = await get_import(session, import_id, actor=desk.actor)
    return show(desk, "import.html", **_facts(request, desk, job))


@router.post("/imports/{import_id}/try-again")
async def try_again(
    import_id: UUID, request: Request, desk: Importer, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Try the kept file once more, with other meanings of its columns."""
    job = await get_own_import(session, import_id, actor=desk.actor)
    header = (job.table_info or {}).get("header", ())
    chosen = {name: form.get(f"{MEANING}{at}") for at, name in enumerate(header) if form.get(f"{MEANING}{at}")}
    return await _next(request, desk, session, catalog, job, made_before(job, dry_run=True, column_map=chosen))


@router.post("/imports/{import_id}/take-in")
async def take_in(
    import_id: UUID, request: Request, desk: Importer, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Take in the file that was tried, as it was tried."""
    job = await get_own_import(session, import_id, actor=desk.actor)
    return await _next(request, desk, session, catalog, job, made_before(job, dry_run=False), form)


@router.post("/imports/{import_id}/revert")
async def revert(
    import_id: UUID,
    request: Request,
    desk: Importer,
    form: FormDep,
    session: SessionDep,
    catalog: CatalogDep,
    now: Now,
) -> Response:
    """Take an import back."""
    job = await get_own_import(session, import_id, actor=desk.actor)

    async def again(refusal: Refusal) -> Response:
        return show_refused(desk, "import.html", refusal, **_facts(request, desk, job))

    async with settled(session, desk, again):
        await confirm(desk, form, catalog)
        await revert_import(session, import_id=import_id, actor=str(desk.actor.id), now=now)
    return desk.go(f"/imports/{import_id}")


async def _next(
    request: Request,
    desk: Desk,
    session: Any,  # noqa: ANN401 - the session of the request
    catalog: Catalog,
    job: DataImport,
    asked: ImportRequest,
    confirmed: Form | None = None,
) -> Response:
    """Make another import of the file that was kept for `job`."""
    folder, import_id = _folder(request), new_import_id()

    async def again(refusal: Refusal) -> Response:
        return show_refused(desk, "import.html", refusal, **_facts(request, desk, job))

    async with settled(session, desk, again):
        if confirmed is not None and goes_out(job):
            await confirm(desk, confirmed, catalog)
        kept, path = kept_file(folder, job.id), folder / import_id.hex
        try:
            # Whoever comes second, by a second click or at another desk, finds it gone.
            kept.rename(path)
        except FileNotFoundError:
            raise FileNotKept(
                "The file that was tried is not kept any more; hand it in again.",
                detail_zh="试读的文件已不再保留，请重新提交文件。",
            ) from None
        try:
            file = UploadedFile(str(path), job.file_name, job.file_size, job.file_sha256)
            await _queue(desk, session, catalog, import_id, asked, file)
            if asked.dry_run:
                keep(folder, import_id)
        except BaseException:
            with suppress(FileNotFoundError):
                path.rename(kept)
            raise
    return desk.go(f"/imports/{import_id}")


async def _queue(
    desk: Desk,
    session: Any,  # noqa: ANN401 - the session of the request
    catalog: Catalog,
    import_id: UUID,
    asked: ImportRequest,
    file: UploadedFile,
) -> None:
    try:
        await create_import(
            session,
            import_id=import_id,
            request=asked,
            file=file,
            actor=str(desk.actor.id),
            catalog=catalog,
            now=desk.now,
        )
    except BaseException:
        Path(file.path).unlink(missing_ok=True)
        raise


def _folder(request: Request) -> Path:
    folder: Path = request.app.state.settings.data_dir / "uploads"
    return folder


async def _listed(
    desk: Desk,
    session: Any,  # noqa: ANN401 - a session of either kind
    catalog: Catalog,
    after: UUID | None,
) -> Mapping[str, Any]:
    jobs = await list_imports(session, actor=desk.actor, after=after, limit=PAGE + 1)
    own = desk.actor.authorities(*IMPORT_ROLES)
    return {
        "items": [import_view(job) for job in jobs[:PAGE]],
        "following": encode_cursor((str(jobs[PAGE - 1].id),)) if len(jobs) > PAGE else None,
        "kinds": ("penalties", *(kind for kind in KINDS if kind != "penalties")),
        "own": [
            one
            for one in catalog.authorities
            if one.code in own and not catalog.hierarchy.is_succeeded(one.code, on=desk.today)
        ],
        "sources": [one for one in catalog.sources if own.intersection(one.importing_authorities)],
        "lists": catalog.lists,
    }


def _facts(request: Request, desk: Desk, job: DataImport) -> Mapping[str, Any]:
    shown = import_view(job)
    may_act = desk.actor.acts_for(job.authority_code, *IMPORT_ROLES)
    return {
        "job": shown,
        "labels": labels_of(job.kind),
        "meanings": list(fields_of(job.kind)),
        "reasons": REASONS,
        "may_act": may_act,
        "is_kept": may_act and shown["dry_run"] and kept_file(_folder(request), job.id).exists(),
        "goes_out": goes_out(job),
    }
