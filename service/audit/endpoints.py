import csv
from collections.abc import AsyncIterator
from datetime import datetime
from io import StringIO
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from schemas.audit import AuditEntryOut, AuditPage
from service.access.declared import Whose
from service.access.rules import RECORD_ROLES, Actor, Role
from service.audit.rules import EntryKind, plain_code
from service.audit.selection import AuditFilter, list_entries, stream_entries
from service.clock import stored_instant
from service.db import Database, driver
from service.http import (
    ROLE_REFUSALS,
    BadCursor,
    DatabaseDep,
    PageDep,
    ReadSessionDep,
    answers,
    encode_cursor,
    key_of,
    require,
)

router = APIRouter(prefix="/v1/audit", tags=["audit"])

READERS: Final = (Role.AUDITOR, Role.SUBJECT_AGENT, *sorted(RECORD_ROLES))
Reader = Annotated[Actor, require(*READERS, whose=Whose.OWN)]

ENTRY: dict[str, Any] = {
    "at": "2026-11-24T04:00:00Z",
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "kind": "read",
    "operation": "GET /v1/subjects/{uscc}/credit-file",
    "outcome": "ok",
    "actor_kind": "key",
    "actor_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c00",
    "actor_name": "审查岗",
    "roles": "reviewer",
    "authority": "cq-market-regulation",
    "uscc": "91500000XY0000012K",
    "record_kind": None,
    "record_id": None,
    "owners": ["cq-market-regulation"],
    "purpose": "案件审查",
    "request_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
    "count": None,
    "digest": None,
}


def _asked(
    since: Annotated[datetime | None, Query(description="From this instant on.")] = None,
    until: Annotated[datetime | None, Query(description="Before this instant.")] = None,
    kind: Annotated[EntryKind | None, Query(description="Only this kind.")] = None,
    actor: Annotated[str | None, Query(max_length=80, description="Only what this principal did (its id).")] = None,
    authority: Annotated[str | None, Query(max_length=200, description="Only in the name of this authority.")] = None,
    operation: Annotated[
        str | None, Query(max_length=200, description="Only this operation.", examples=["GET /v1/status/{uscc}"])
    ] = None,
    uscc: Annotated[
        str | None, Query(max_length=18, description="Only about this enterprise, batches included.")
    ] = None,
    outcome: Annotated[str | None, Query(max_length=80, description="`ok`, or the code of a refusal.")] = None,
    request_id: Annotated[str | None, Query(max_length=80, description="Only this request.")] = None,
) -> AuditFilter:
    return AuditFilter(
        _aware(since),
        _aware(until),
        kind and kind.value,
        actor,
        authority,
        operation,
        _plain(uscc),
        outcome,
        request_id,
    )


def _aware(instant: datetime | None) -> datetime | None:
    return instant if instant is None or instant.tzinfo else instant.astimezone()


def _plain(uscc: str | None) -> str | None:
    return uscc if uscc is None else plain_code(uscc) or uscc


Asked = Annotated[AuditFilter, Depends(_asked)]


@router.get(
    "",
    summary="Read the audit",
    response_model=AuditPage,
    responses=answers({"items": [ENTRY], "next": None}, *ROLE_REFUSALS, BadCursor, words="A page, newest first."),
)
async def list_audit_entries(actor: Reader, session: ReadSessionDep, asked: Asked, page: PageDep) -> dict[str, Any]:
    """Give who did, asked or was refused what, newest first.

    Auditors see everything, or what was done for and seen of the authorities that they audit. A regulator sees who was shown its
    unpublished records, an enterprise's agent who asked about the enterprise, and everybody what he did himself.
    """
    key = key_of(page.after, stored_instant, UUID)
    rows = await list_entries(await driver(session), actor, asked, after=key, limit=page.limit + 1)
    items = rows[: page.limit]
    more = encode_cursor((items[-1]["at"].isoformat(), str(items[-1]["id"]))) if len(rows) > page.limit else None
    return {"items": items, "next": more}


@router.get(
    "/export",
    summary="Export the audit",
    response_class=StreamingResponse,
    responses={
        **answers(None, *ROLE_REFUSALS),
        200: {
            "description": "All entries of the selection, oldest first.",
            "content": {
                "application/x-ndjson": {"example": '{"at": "2026-11-24T04:00:00Z", …}\n'},
                "text/csv": {"example": "at,id,kind,operation,…\n"},
            },
        },
    },
)
async def export_audit(
    actor: Reader,
    database: DatabaseDep,
    asked: Asked,
    format: Annotated[Literal["jsonl", "csv"], Query(description="JSON Lines, or CSV in UTF-8.")] = "jsonl",  # noqa: A002 - the parameter's name
) -> StreamingResponse:
    """Stream the same selection as a whole: JSON Lines, or CSV whose cells no spreadsheet takes for formulas."""
    kind, ending = ("text/csv; charset=utf-8", "csv") if format == "csv" else ("application/x-ndjson", "jsonl")
    headers = {"Content-Disposition": f'attachment; filename="audit.{ending}"', "Cache-Control": "no-store"}
    return StreamingResponse(
        _stream(database, actor, asked, csv_form=format == "csv"), media_type=kind, headers=headers
    )


async def _stream(database: Database, actor: Actor, asked: AuditFilter, *, csv_form: bool) -> AsyncIterator[bytes]:
    columns = list(AuditEntryOut.model_fields)
    if csv_form:
        yield (",".join(columns) + "\r\n").encode()
    async with database.reading() as session:
        async for rows in stream_entries(await driver(session), actor, asked):
            yield _csv(rows, columns) if csv_form else b"".join(orjson.dumps(row, default=str) + b"\n" for row in rows)


def _csv(rows: list[dict[str, Any]], columns: list[str]) -> bytes:
    text = StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    text = " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    # What begins like a formula, a spreadsheet would run.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
