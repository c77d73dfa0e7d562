"""The rows of an import, and the quarantined ones: corrected and handed in again one by one, or taken home as a workbook."""

from io import BytesIO
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool
from xlsxwriter import Workbook

from service.access.declared import Whose
from service.access.visibility import IMPORT_READERS, IMPORT_ROLES
from service.console.desk import Desk, FormDep, PageRouter, at_desk, settled
from service.console.rendering import HEADERS, WORDS, show, show_refused
from service.errors import Refusal
from service.http import CatalogDep, ReadSessionDep, SessionDep
from service.imports.actions import resubmit_row
from service.imports.queries import get_import, get_own_import, list_rows
from service.imports.rules import REASONS, Outcome
from service.imports.views import import_view, row_view
from service.models import DataImport
from service.web.rules import Language

router = PageRouter()
Reader = Annotated[Desk, at_desk(*sorted(IMPORT_READERS), whose=Whose.SEEN)]
Importer = Annotated[Desk, at_desk(*sorted(IMPORT_ROLES), whose=Whose.OWN)]

#: Rows of one page: each is a row of fields as wide as the file.
ROWS: Final = 20
#: Fields of a corrected row, by the column's place.
CELL: Final = "cell-"
#: Rows of a workbook are read in pieces of this many.
PIECE: Final = 2000
WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/imports/{import_id}/rows")
async def show_rows(
    import_id: UUID,
    desk: Reader,
    session: ReadSessionDep,
    outcome: Outcome = Outcome.QUARANTINED,
    reason: Annotated[str, Query(max_length=60)] = "",
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    taken: Annotated[int, Query(ge=0, lt=2**63)] = 0,
) -> Response:
    """Show the rows of an outcome, those that are quarantined in fields that can be corrected."""
    job = await get_import(session, import_id, actor=desk.actor)
    facts = await _facts(desk, session, job, outcome=outcome, reason=reason, after=after, taken=taken)
    return show(desk, "import_rows.html", **facts)


@router.post("/imports/{import_id}/rows/{n}")
async def resubmit(
    import_id: UUID, n: int, request: Request, desk: Importer, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Hand a corrected row in again."""
    job = await get_own_import(session, import_id, actor=desk.actor)
    header = (job.table_info or {}).get("header", ())
    cells = {name: form.get(f"{CELL}{at}") for at, name in enumerate(header)}

    async def again(refusal: Refusal) -> Response:
        facts = await _facts(desk, session, job, outcome=Outcome.QUARANTINED, reason="", after=0, taken=0)
        return show_refused(desk, "import_rows.html", refusal, **facts)

    async with settled(session, desk, again):
        await resubmit_row(
            session,
            import_id=import_id,
            n=n,
            cells={name: value for name, value in cells.items() if value},
            actor=str(desk.actor.id),
            catalog=catalog,
            clock=request.app.state.clock,
        )
    where = urlencode({"reason": form.get("reason"), "after": form.get("after") or 0, "taken": n})
    return desk.go(f"/imports/{import_id}/rows?{where}")


@router.get("/imports/{import_id}/quarantined.xlsx")
async def download_quarantined(import_id: UUID, desk: Reader, session: ReadSessionDep) -> Response:
    """Give the quarantined rows with their reasons as a workbook; corrected it can be handed in as a file of its own."""
    job = await get_import(session, import_id, actor=desk.actor)
    found: list[dict[str, Any]] = []
    after = 0
    while rows := await list_rows(
        session, import_id=job.id, outcome=Outcome.QUARANTINED, reason=None, after=after, limit=PIECE
    ):
        found += [row_view(job, row) for row in rows]
        after = rows[-1].n
    content = await run_in_threadpool(_workbook, list((job.table_info or {}).get("header", ())), found, desk.language)
    name = {"Content-Disposition": f'attachment; filename="quarantined-{job.id}.xlsx"'}
    return Response(content, headers={**HEADERS, **name}, media_type=WORKBOOK)


def _workbook(header: list[str], rows: list[dict[str, Any]], language: Language) -> bytes:
    kept = BytesIO()
    chinese = language is Language.ZH
    # Cells are what others wrote: text, whatever it looks like, and never a formula or a link.
    with Workbook(kept, {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}) as book:
        sheet = book.add_worksheet("隔离行" if chinese else "quarantined")
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(header), 22)
        sheet.set_column(len(header) + 1, len(header) + 2, 44)
        about = ("原文件行号", "隔离原因", "处理办法") if chinese else ("line in the file", "reasons", "what to do")
        sheet.write_row(0, 0, [*header, *about], bold)
        for at, row in enumerate(rows, start=1):
            cells = row["content"] or {}
            reasons = row["reasons"]
            words = "；".join(one["words_zh"] if chinese else one["words"] for one in reasons)
            raw = f" {cells['']}" if "" in cells else ""
            for place, name in enumerate(header):
                sheet.write_string(at, place, str(cells.get(name) or ""))
            sheet.write_number(at, len(header), row["line"])
            sheet.write_string(at, len(header) + 1, words + raw)
            sheet.write_string(
                at, len(header) + 2, " ".join(WORDS[f"remedy.{one['code']}"][language] for one in reasons)
            )
    return kept.getvalue()


async def _facts(
    desk: Desk,
    session: Any,  # noqa: ANN401 - a session of either kind
    job: DataImport,
    *,
    outcome: Outcome,
    reason: str,
    after: int,
    taken: int,
) -> dict[str, Any]:
    rows = await list_rows(
        session, import_id=job.id, outcome=outcome, reason=reason or None, after=after, limit=ROWS + 1
    )
    done = (
        await list_rows(session, import_id=job.id, outcome=None, reason=None, after=taken - 1, limit=1) if taken else []
    )
    return {
        "job": import_view(job),
        "header": list((job.table_info or {}).get("header", ())),
        "rows": [row_view(job, row) for row in rows[:ROWS]],
        "following": rows[ROWS - 1].n if len(rows) > ROWS else None,
        "outcome": outcome,
        "reason": reason,
        "after": after,
        "taken": row_view(job, done[0]) if done and done[0].n == taken else None,
        "reasons": REASONS,
        "outcomes": list(Outcome),
        "may_act": desk.actor.acts_for(job.authority_code, *IMPORT_ROLES) and job.state == "finished",
    }
