from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from schemas.documents import DocumentOut, DocumentPage
from service.documents.actions import attach, read, readable
from service.documents.rules import (
    DocumentKind,
    EmptyDocument,
    MayNotAttach,
    NoSuchDocument,
    PersonalDataInDocument,
    RecordKind,
)
from service.http import KEY_REFUSALS, ActorDep, Now, ReadSessionDep, answers, json_response
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.models import Document
from service.problems import problem_responses
from service.records.rules import NoSuchRecord
from service.repair.rules import NoSuchCase
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc
from service.subjects.endpoints import OWN, Uscc

router = APIRouter(prefix="/v1/documents", tags=["documents"])
EXAMPLE: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c10",
    "uscc": "91500000XY0000020E",
    "record_kind": "penalty",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "kind": "decision_redacted",
    "file_name": "决定书（公开）.pdf",
    "media_type": "application/pdf",
    "size": 81234,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "added_at": "2026-11-24T12:00:00+08:00",
    "made_from": None,
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def document_view(document: Document) -> dict[str, Any]:
    """Return what a document is, as JSON has it."""
    return {name: getattr(document, name) for name in EXAMPLE}


@router.post(
    "/{uscc}/{record_kind}/{record_id}",
    summary="Attach a document",
    status_code=201,
    response_model=DocumentOut,
    responses=answers(
        EXAMPLE,
        *KEY_REFUSALS,
        MalformedUscc,
        NoSuchRecord,
        NoSuchCase,
        MayNotAttach,
        EmptyDocument,
        PersonalDataInDocument,
        *REPEAT_REFUSALS,
        status=201,
        words="What was attached; the same bytes are kept once.",
        headers=("Location",),
    ),
    openapi_extra=BODY,
)
async def attach_document(
    uscc: Uscc,
    record_kind: RecordKind,
    record_id: UUID,
    request: Request,
    actor: ActorDep,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
    kind: Annotated[DocumentKind, Query(description="What it is.")],
    file_name: Annotated[str, Query(min_length=1, max_length=200, description="Its name.")],
) -> Response:
    """Attach a PDF, an image or a text, up to 20 MiB, to a penalty, an entry or an application for repair.

    Only `decision_redacted` and `summary` are ever public, and only while their record is.
    """
    code, _ = read_uscc(uscc)
    made = await attach(
        session,
        uscc=code,
        kind=record_kind,
        record_id=record_id,
        document_kind=kind,
        file_name=file_name,
        content=await request.body(),
        actor=actor,
        now=now,
    )
    response.headers["Location"] = f"/v1/documents/{code}/{record_id}/{made.id}"
    return json_response(document_view(made), status=201, headers=OWN | dict(response.headers))


@router.get(
    "/{uscc}/{record_id}",
    summary="List documents of a record",
    response_model=DocumentPage,
    responses=answers({"items": [EXAMPLE]}, *KEY_REFUSALS, MalformedUscc),
)
async def list_record_documents(
    uscc: Uscc, record_id: UUID, actor: ActorDep, session: ReadSessionDep, now: Now
) -> Response:
    """Give the documents of a record that the key may read; nothing tells apart no record and no right to read."""
    code, _ = read_uscc(uscc)
    found = await readable(session, uscc=code, record_id=record_id, actor=actor, now=now)
    return json_response({"items": [document_view(one) for one in found]}, headers=OWN)


@router.get(
    "/{uscc}/{record_id}/{document_id}",
    summary="Read a document",
    response_class=Response,
    responses={
        200: {"description": "The bytes as attached.", "content": {"application/octet-stream": {"example": ""}}},
        **problem_responses(*KEY_REFUSALS, MalformedUscc, NoSuchDocument),
    },
)
async def show_document(
    uscc: Uscc, record_id: UUID, document_id: UUID, actor: ActorDep, session: ReadSessionDep, now: Now
) -> Response:
    """Give the bytes of a document, with its SHA-256 as the ETag."""
    code, _ = read_uscc(uscc)
    document, content = await read(session, uscc=code, document_id=document_id, actor=actor, now=now)
    if document.record_id != record_id:
        raise NoSuchDocument(
            f"There is no document {document_id} that you may read.", detail_zh="没有可供查看的此项文件。"
        )
    headers = {
        "ETag": f'"{document.sha256}"',
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
        **OWN,
    }
    return Response(content, media_type=document.media_type, headers=headers)
