"""Documents of records: made from a template of the law's contents, and read."""

from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import Path, Request, Response

from service.access.declared import Whose
from service.access.rules import RECORD_ROLES
from service.console.desk import Desk, FormDep, PageRouter, at_desk, settled
from service.console.forms import Form
from service.console.rendering import show, show_refused
from service.documents.actions import read
from service.documents.rules import NoSuchDocument, RecordKind
from service.errors import Refusal
from service.http import CatalogDep, ReadSessionDep, SessionDep
from service.letters.actions import Wanted, ask_facts, make_document
from service.status.actions import read_uscc
from service.subjects.endpoints import OWN

router = PageRouter()
Uscc = Annotated[str, Path(max_length=60)]
Template = Annotated[str, Path(max_length=60)]
#: Who may make a document; of which record, the record and its template say.
Maker = Annotated[Desk, at_desk(*sorted(RECORD_ROLES), whose=Whose.OWN)]
#: The folder of a record's own page.
FOLDERS: Final = {RecordKind.PENALTY: "penalties", RecordKind.BLACKLIST_ENTRY: "entries", RecordKind.REPAIR: "repairs"}


@router.get("/documents/{uscc}/{record_id}/{document_id}")
async def show_document(
    desk: Annotated[Desk, at_desk(whose=Whose.SEEN)],
    uscc: Uscc,
    record_id: UUID,
    document_id: UUID,
    session: ReadSessionDep,
) -> Response:
    """Give the bytes of a document, to be kept as a file."""
    code, _ = read_uscc(uscc)
    document, content = await read(session, uscc=code, document_id=document_id, actor=desk.actor, now=desk.now)
    if document.record_id != record_id:
        raise NoSuchDocument(
            f"There is no document {document_id} that you may read.", detail_zh="没有可供查看的此项文件。"
        )
    name = quote(document.file_name, safe="")
    return Response(
        content,
        media_type=document.media_type,
        headers={
            **OWN,
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.get("/documents/{record_kind}/{uscc}/{record_id}/make/{template}")
async def show_facts(
    desk: Maker,
    record_kind: RecordKind,
    uscc: Uscc,
    record_id: UUID,
    template: Template,
    session: ReadSessionDep,
    catalog: CatalogDep,
) -> Response:
    """Ask for what a document must say beside what the record says."""
    code, _ = read_uscc(uscc)
    return await _page(session, catalog, desk, Wanted(code, record_kind, record_id, template, {}), Form())


async def _page(
    session: Any,  # noqa: ANN401 - either kind
    catalog: CatalogDep,
    desk: Desk,
    wanted: Wanted,
    form: Form,
    *,
    refusal: Refusal | None = None,
) -> Response:
    asked = await ask_facts(session, catalog, wanted=wanted, actor=desk.actor, now=desk.now)
    home = f"/{FOLDERS[wanted.kind]}/{wanted.uscc}/{wanted.record_id}"
    facts: dict[str, Any] = {"asked": asked, "wanted": wanted, "typed": form, "home": home}
    if refusal is not None:
        return show_refused(desk, "letter.html", refusal, **facts)
    return show(desk, "letter.html", refusal=None, **facts)


@router.post("/documents/{record_kind}/{uscc}/{record_id}/make/{template}")
async def make(
    desk: Maker,
    record_kind: RecordKind,
    uscc: Uscc,
    record_id: UUID,
    template: Template,
    request: Request,
    form: FormDep,
    session: SessionDep,
    catalog: CatalogDep,
) -> Response:
    """Make the document and keep it with its record."""
    code, _ = read_uscc(uscc)
    stated = {name.removeprefix("fact-"): form.get(name) for name in form.values if name.startswith("fact-")}
    stated = {name: text for name, text in stated.items() if text}
    wanted = Wanted(code, record_kind, record_id, template, stated)

    async def again(refusal: Refusal) -> Response:
        return await _page(session, catalog, desk, wanted, form, refusal=refusal)

    async with settled(session, desk, again):
        await make_document(session, catalog, request.app.state.press, wanted=wanted, actor=desk.actor, now=desk.now)
    return desk.go(f"/{FOLDERS[record_kind]}/{code}/{record_id}?done=document")
