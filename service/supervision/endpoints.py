import csv
from dataclasses import replace
from datetime import date
from io import BytesIO, StringIO
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from schemas.supervision import LetterPage, SheetOut, SheetPage
from service.access.declared import Whose
from service.access.rules import AUTHORITY_ROLES, RECORD_ROLES, Actor, Role
from service.access.seen import note_owners
from service.catalog.rules import Catalog
from service.deadlines.lists import Sight, sight_of
from service.documents.queries import get_content
from service.exports.sheets import Workbook, row_xml
from service.http import (
    MONTH,
    ROLE_REFUSALS,
    BadCursor,
    CatalogDep,
    PageDep,
    ReadSessionDep,
    answers,
    encode_cursor,
    page_after,
    require,
    text_after,
)
from service.models import QualitySheet, ReminderLetter
from service.problems import problem_responses
from service.subjects.endpoints import OWN
from service.supervision.queries import find_letter, find_sheet, list_letters, list_sheets
from service.supervision.rules import COLUMNS, NoSuchLetter, NoSuchSheet, sheet_rows

router = APIRouter(prefix="/v1", tags=["deadlines"])

Watcher = Annotated[
    Actor, require(*sorted({*RECORD_ROLES, Role.REGISTRAR, Role.SUPERVISOR, Role.AUDITOR}), whose=Whose.SEEN)
]
Month = Annotated[str, Path(pattern=MONTH, description="Such as 2026-10.")]
LETTER: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c70",
    "authority_code": "cq-market-regulation",
    "week_on": "2026-11-23",
    "number": "催〔2026〕第48周（cq-market-regulation）",
    "overdue": 3,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "made_at": "2026-11-24T12:00:00+08:00",
}
SHEET: Final[dict[str, Any]] = {
    "month": "2026-10",
    "authority_code": "cq-market-regulation",
    "made_at": "2026-11-01T00:30:00+08:00",
    "sources": [
        {
            "source": "own:cq-market-regulation",
            "kind": "penalties",
            "imports": 4,
            "reverted": 0,
            "failed": 0,
            "rows": 120,
            "outcomes": {"new": 110, "duplicate": 4, "quarantined": 6},
            "reasons": [
                {
                    "code": "suspect_check18",
                    "rows": 6,
                    "words": "The code's check character is wrong.",
                    "words_zh": "统一社会信用代码校验位不符。",
                    "remedy": "Compare with the licence; correct and resubmit.",
                }
            ],
            "disputed_open": 0,
        }
    ],
    "deadlines": [{"deadline": "D01", "due": 110, "on_time": 104, "late": 4, "overdue": 2, "rejected": 1}],
}
PDF: Final[dict[str, Any]] = {"description": "The letter.", "content": {"application/pdf": {"example": ""}}}
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE: Final[dict[str, Any]] = {
    "description": "The sheet as a table.",
    "content": {"text/csv": {"example": ",".join(COLUMNS)}, _XLSX: {"example": ""}},
}


def _sight(actor: Actor, catalog: Catalog) -> Sight:
    """Of deadlines, and beside it all authorities for which somebody holds a role: a registrar hands files in, too."""
    seen = sight_of(actor, catalog)
    return replace(seen, authorities=seen.authorities | actor.authorities(*AUTHORITY_ROLES))


def _letter(letter: ReminderLetter) -> dict[str, Any]:
    return {name: getattr(letter, name) for name in LETTER}


def _sheet(sheet: QualitySheet) -> dict[str, Any]:
    about = {"month": f"{sheet.month_on:%Y-%m}", "authority_code": sheet.authority_code, "made_at": sheet.made_at}
    return about | sheet.content


@router.get(
    "/reminder-letters",
    summary="List reminder letters",
    response_model=LetterPage,
    responses=answers({"items": [LETTER], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_reminder_letters(
    actor: Watcher, session: ReadSessionDep, catalog: CatalogDep, page: PageDep
) -> dict[str, Any]:
    """Give the formal letters about overdue deadlines to your authorities and to those that you supervise, the newest first."""
    found = await list_letters(session, sight=_sight(actor, catalog), after=page_after(page), limit=page.limit + 1)
    items = found[: page.limit]
    following = encode_cursor((str(items[-1].id),)) if len(found) > page.limit else None
    note_owners(session, (one.authority_code for one in items))
    return {"items": [_letter(one) for one in items], "next": following}


@router.get(
    "/reminder-letters/{letter_id}",
    summary="Read a reminder letter",
    response_class=Response,
    responses={200: PDF, **problem_responses(*ROLE_REFUSALS, NoSuchLetter)},
)
async def show_reminder_letter(
    letter_id: UUID, actor: Watcher, session: ReadSessionDep, catalog: CatalogDep
) -> Response:
    """Give a letter as PDF; it names deadlines by their ids and no record. Its ETag is its SHA-256."""
    letter = await find_letter(session, letter_id=letter_id, sight=_sight(actor, catalog))
    if letter is None:
        raise NoSuchLetter(f"You see no reminder letter {letter_id}.", detail_zh="没有可供查看的此份催办函。")
    note_owners(session, [letter.authority_code])
    content = await get_content(session, sha256=letter.sha256)
    headers = {"ETag": f'"{letter.sha256}"', "Content-Disposition": "attachment", **OWN}
    return Response(content, media_type="application/pdf", headers=headers)


@router.get(
    "/quality-sheets",
    summary="List sheets of data quality",
    response_model=SheetPage,
    responses=answers({"items": [SHEET], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_quality_sheets(
    actor: Watcher,
    session: ReadSessionDep,
    catalog: CatalogDep,
    page: PageDep,
    month: Annotated[str, Query(pattern=MONTH, description="Such as 2026-10.")],
) -> dict[str, Any]:
    """Give what your authorities, and those that you supervise, supplied in a month: rows by outcome and reason, conflicts, deadlines."""
    found = await list_sheets(
        session,
        month_on=_first_day(month),
        sight=_sight(actor, catalog),
        after=text_after(page),
        limit=page.limit + 1,
    )
    items = found[: page.limit]
    note_owners(session, (one.authority_code for one in items))
    following = encode_cursor((items[-1].authority_code,)) if len(found) > page.limit else None
    return {"items": [_sheet(one) for one in items], "next": following}


@router.get(
    "/quality-sheets/{authority_code}/{month}",
    summary="Read a sheet of data quality",
    response_model=SheetOut,
    responses=answers(SHEET, *ROLE_REFUSALS, NoSuchSheet),
)
async def show_quality_sheet(
    authority_code: str, month: Month, actor: Watcher, session: ReadSessionDep, catalog: CatalogDep
) -> dict[str, Any]:
    """Give an authority's sheet of a month."""
    return _sheet(await _get_sheet(session, catalog, actor, authority_code, month))


@router.get(
    "/quality-sheets/{authority_code}/{month}/file",
    summary="Download a sheet of data quality",
    response_class=Response,
    responses={200: FILE, **problem_responses(*ROLE_REFUSALS, NoSuchSheet)},
)
async def download_quality_sheet(
    authority_code: str,
    month: Month,
    actor: Watcher,
    session: ReadSessionDep,
    catalog: CatalogDep,
    form: Annotated[Literal["csv", "xlsx"], Query(alias="format", description="CSV or a workbook.")] = "csv",
) -> Response:
    """Give an authority's sheet of a month as a table, a number a line, with the words and the remedy of each reason."""
    sheet = await _get_sheet(session, catalog, actor, authority_code, month)
    rows = list(sheet_rows(authority_code, month, sheet.content))
    headers = {"Content-Disposition": f'attachment; filename="quality-{authority_code}-{month}.{form}"', **OWN}
    if form == "csv":
        target = StringIO()
        csv.writer(target).writerows([COLUMNS, *rows])
        return Response(target.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)
    content = BytesIO()
    about = (
        ("数据质量月报 Sheet of data quality", f"{authority_code} {month}"),
        ("made_at", sheet.made_at.isoformat()),
    )
    book = Workbook(content, name="quality", titles=COLUMNS, about=about)
    book.write(b"".join(map(row_xml, rows)))
    book.close()
    return Response(content.getvalue(), media_type=_XLSX, headers=headers)


async def _get_sheet(
    session: ReadSessionDep, catalog: CatalogDep, actor: Actor, authority_code: str, month: str
) -> QualitySheet:
    found = await find_sheet(
        session, authority_code=authority_code, month_on=_first_day(month), sight=_sight(actor, catalog)
    )
    if found is None:
        raise NoSuchSheet(f"You see no sheet of {authority_code} for {month}.", detail_zh="没有可供查看的此份月报。")
    note_owners(session, [found.authority_code])
    return found


def _first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
