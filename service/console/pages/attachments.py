"""Documents attached to records: what is there, and one more."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from service.access.declared import Whose
from service.access.rules import RECORD_ROLES
from service.console.desk import Desk, PageRouter, at_desk, settled
from service.console.forms import Form, read_upload
from service.console.rendering import show, show_refused
from service.db import ReadSession
from service.documents.actions import attach, get_record, readable
from service.documents.rules import DocumentKind, EmptyDocument, RecordKind, check_may_attach
from service.errors import Refusal
from service.http import ReadSessionDep, SessionDep, session_token
from service.status.actions import read_uscc

router = PageRouter()
Uscc = Annotated[str, Path(max_length=60)]
#: Who may attach something; to which record, the record says.
Attaching = Annotated[Desk, at_desk(*sorted(RECORD_ROLES), whose=Whose.OWN)]
FOLDERS: Final = {RecordKind.PENALTY: "penalties", RecordKind.BLACKLIST_ENTRY: "entries", RecordKind.REPAIR: "repairs"}
#: What belongs to a record of each kind, in the order in which it comes to be.
KINDS: Final = {
    RecordKind.PENALTY: (
        DocumentKind.DECISION, DocumentKind.DECISION_REDACTED, DocumentKind.SUMMARY, DocumentKind.PUBLICATION_NOTICE,
        DocumentKind.REPAIR_NOTICE, DocumentKind.SERVICE_PROOF, DocumentKind.EVIDENCE, DocumentKind.ORDER, DocumentKind.OTHER,
    ),
    RecordKind.BLACKLIST_ENTRY: (
        DocumentKind.DECISION, DocumentKind.DECISION_REDACTED, DocumentKind.SUMMARY, DocumentKind.LISTING_NOTICE,
        DocumentKind.SERVICE_PROOF, DocumentKind.CONSENT, DocumentKind.EVIDENCE, DocumentKind.ORDER, DocumentKind.OTHER,
    ),
    RecordKind.REPAIR: (
        DocumentKind.PROOF_OF_PERFORMANCE, DocumentKind.CREDIT_COMMITMENT, DocumentKind.REPAIR_DECISION,
        DocumentKind.EVIDENCE, DocumentKind.OTHER,
    ),
}  # fmt: skip


async def _upload(request: Request) -> AsyncIterator[Form]:
    try:
        yield await read_upload(request, token=session_token(request) or "")
    finally:
        await request.close()


async def _file(request: Request) -> tuple[str, bytes]:
    part = (await request.form()).get("file")
    if not isinstance(part, UploadFile) or not part.filename:
        raise EmptyDocument("Choose a file.", detail_zh="请选择文件。")
    return part.filename, await part.read()


@router.get("/documents/{record_kind}/{uscc}/{record_id}/attach")
async def show_attachments(
    desk: Attaching,
    record_kind: RecordKind,
    uscc: Uscc,
    record_id: UUID,
    session: ReadSessionDep,
    done: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show the documents of a record, and the form that attaches one more."""
    facts = await _facts(session, desk, record_kind, read_uscc(uscc)[0], record_id)
    return show(desk, "attach.html", **facts, typed=Form(), done=done)


@router.post("/documents/{record_kind}/{uscc}/{record_id}/attach")
async def attach_file(
    request: Request,
    desk: Attaching,
    form: Annotated[Form, Depends(_upload)],
    record_kind: RecordKind,
    uscc: Uscc,
    record_id: UUID,
    session: SessionDep,
) -> Response:
    """Attach a file."""
    code, _ = read_uscc(uscc)

    async def again(refusal: Refusal) -> Response:
        facts = await _facts(session, desk, record_kind, code, record_id)
        return show_refused(desk, "attach.html", refusal, **facts, typed=form, done="")

    async with settled(session, desk, again):
        file_name, content = await _file(request)
        kinds = {kind.value: kind for kind in KINDS[record_kind]}
        await attach(
            session,
            uscc=code,
            kind=record_kind,
            record_id=record_id,
            document_kind=kinds.get(form.get("kind"), DocumentKind.OTHER),
            file_name=file_name[:200],
            content=content,
            actor=desk.actor,
            now=desk.now,
        )
    return desk.go(f"/documents/{record_kind.value}/{code}/{record_id}/attach?done=yes")


async def _facts(
    session: AsyncSession | ReadSession, desk: Desk, kind: RecordKind, uscc: str, record_id: UUID
) -> dict[str, Any]:
    record = await get_record(session, uscc=uscc, kind=kind, record_id=record_id, actor=desk.actor)
    check_may_attach(desk.actor, kind, record)
    return {
        "record": record,
        "record_kind": kind.value,
        "home": desk.link(f"/{FOLDERS[kind]}/{uscc}/{record_id}"),
        "kinds": [one.value for one in KINDS[kind]],
        "documents": await readable(session, uscc=uscc, record_id=record_id, actor=desk.actor, now=desk.now),
    }
