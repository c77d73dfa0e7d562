"""Attaching and reading documents. The bytes live in the database, by digest: one transaction and one backup hold all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.access.seen import is_shown, note_owners
from service.changes.rules import ChangeKind
from service.clock import legal_day
from service.db import ReadSession
from service.documents.queries import find_document, get_content, insert_document, list_documents, put_content
from service.documents.rules import (
    PUBLIC_KINDS,
    DocumentKind,
    NoSuchDocument,
    RecordKind,
    check_may_attach,
    check_public_text,
    digest,
    may_read,
    media_type_of,
)
from service.models import Document
from service.records.actions import get_visible
from service.records.queries import Row, get_current, new_id
from service.records.rules import NoSuchRecord
from service.repair.actions import get_case


async def attach(
    session: AsyncSession,
    *,
    uscc: str,
    kind: RecordKind,
    record_id: UUID,
    document_kind: DocumentKind,
    file_name: str,
    content: bytes,
    actor: Actor,
    now: datetime,
) -> Document:
    """Attach a document to a penalty, an entry or an application for repair.

    Raises:
        NoSuchRecord, NoSuchCase: there is no such record that the actor may see.
        MayNotAttach: the actor attaches nothing to it.
        EmptyDocument: it is no file that is kept.
        PersonalDataInDocument: a text for the public holds personal data.
    """
    record = await get_record(session, uscc=uscc, kind=kind, record_id=record_id, actor=actor)
    check_may_attach(actor, kind, record)
    return await keep(
        session,
        record,
        kind=kind,
        document_kind=document_kind,
        file_name=file_name,
        content=content,
        actor=actor,
        now=now,
    )


async def get_record(
    session: AsyncSession | ReadSession, *, uscc: str, kind: RecordKind, record_id: UUID, actor: Actor
) -> Row:
    """Return the record to which a document belongs.

    Raises:
        NoSuchRecord, NoSuchCase: there is no such record that the actor may see.
    """
    if kind is RecordKind.REPAIR:
        return await get_case(session, "repair", uscc=uscc, case_id=record_id, actor=actor)
    return await get_visible(session, ChangeKind(kind.value), uscc=uscc, record_id=record_id, actor=actor)


async def keep(
    session: AsyncSession,
    record: Row,
    *,
    kind: RecordKind,
    document_kind: DocumentKind,
    file_name: str,
    content: bytes,
    actor: Actor,
    now: datetime,
    made_from: dict[str, Any] | None = None,
) -> Document:
    """Keep a document with its record; the same bytes are kept once.

    Raises:
        EmptyDocument: it is no file that is kept.
        PersonalDataInDocument: a text for the public holds personal data.
    """
    media_type = media_type_of(content)
    check_public_text(document_kind, media_type, content)
    sha256 = digest(content)
    await put_content(session, sha256=sha256, content=content)
    return await insert_document(
        session,
        {
            "uscc": record["uscc"],
            "id": new_id(),
            "record_kind": kind.value,
            "record_id": record["id"],
            "authority_code": record["authority_code"],
            "kind": document_kind.value,
            "file_name": file_name,
            "media_type": media_type,
            "size": len(content),
            "sha256": sha256,
            "added_by": str(actor.id),
            "added_at": now,
            "made_from": made_from,
        },
    )


async def readable(
    session: AsyncSession | ReadSession, *, uscc: str, record_id: UUID, actor: Actor, now: datetime
) -> Sequence[Document]:
    """Return the documents of a record that the actor may read; none where it may not know of the record."""
    return [
        one
        for one in await list_documents(session, uscc=uscc, record_id=record_id)
        if await _may_read(session, one, actor=actor, now=now)
    ]


async def read(
    session: AsyncSession | ReadSession, *, uscc: str, document_id: UUID, actor: Actor, now: datetime
) -> tuple[Document, bytes]:
    """Return a document and its bytes.

    Raises:
        NoSuchDocument: there is none that the actor may read.
    """
    found = await find_document(session, uscc=uscc, document_id=document_id)
    if found is None or not await _may_read(session, found, actor=actor, now=now):
        raise NoSuchDocument(
            f"There is no document {document_id} that you may read.", detail_zh="没有可供查看的此项文件。"
        )
    return found, await get_content(session, sha256=found.sha256)


async def _may_read(session: AsyncSession | ReadSession, document: Document, *, actor: Actor, now: datetime) -> bool:
    shown = False
    if document.record_kind != RecordKind.REPAIR:
        try:
            record = await get_current(
                session, ChangeKind(document.record_kind), uscc=document.uscc, record_id=document.record_id
            )
        except NoSuchRecord:
            return False
        shown = is_shown(record, on=legal_day(now))
    owner = document.authority_code
    if not may_read(actor, document.kind, authority_code=owner, uscc=document.uscc, is_public=shown):
        return False
    if not (shown and document.kind in PUBLIC_KINDS):
        note_owners(session, [owner])
    return True
