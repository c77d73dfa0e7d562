from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from schemas.completeness import ComparedNumbers, SeriesPage
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.access.seen import note_owners
from service.audit.rules import Audited, audited
from service.completeness.queries import list_numbers
from service.completeness.rules import NoNumbers, NotYourNumbers, SeriesTooWide, compare, gaps, read_numbers
from service.http import ROLE_REFUSALS, ReadSessionDep, answers, json_response, require
from service.subjects.endpoints import OWN

router = APIRouter(prefix="/v1/completeness", tags=["spot checks"])

Watcher = Annotated[Actor, require(Role.RECORDER, Role.REVIEWER, Role.SUPERVISOR, Role.AUDITOR, whose=Whose.SEEN)]
Authority = Annotated[str, Query(max_length=200, description="Whose numbers.", examples=["cq-market-regulation"])]
SERIES: dict[str, Any] = {"office": "渝示罚", "year": 2026, "first": 1, "last": 12, "known": 10, "missing": [4, 9]}
COMPARED: dict[str, Any] = {
    "in_file": 12,
    "in_both": 10,
    "missing_here": ["渝示罚〔2026〕4号", "渝示罚〔2026〕9号"],
    "missing_there": [],
    "unreadable": [{"line": 7, "text": "（无）"}],
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "渝示罚〔2026〕1号\n渝示罚〔2026〕2号\n"}},
    }
}


def _check(actor: Actor, authority: str) -> None:
    if not (actor.audits_everything or authority in actor.sees_records_of or actor.supervises(authority)):
        raise NotYourNumbers(
            f"You see neither the records of {authority} nor supervise it.", detail_zh="无权查询该机关的文号。"
        )


@router.get(
    "/gaps",
    summary="List gaps in document numbers",
    response_model=SeriesPage,
    responses=answers({"items": [SERIES]}, *ROLE_REFUSALS, NotYourNumbers, SeriesTooWide, words="By office and year."),
)
async def list_gaps(
    actor: Watcher,
    session: ReadSessionDep,
    authority: Authority,
    year: Annotated[int | None, Query(ge=1950, le=2099, description="Only numbers of this year.")] = None,
) -> Response:
    """Give an authority's series of document numbers with what is missing between 1 and the highest known one.

    Drafts count as known. A missing number may belong to a case that was not penalised: compare with the case system.
    """
    _check(actor, authority)
    note_owners(session, [authority])  # drafts count as known
    found = gaps(await list_numbers(session, authority_code=authority, year=year))
    return json_response({"items": [asdict(one) for one in found]}, headers=OWN)


@router.post(
    "/comparison",
    summary="Compare case numbers with a file",
    response_model=ComparedNumbers,
    responses=answers(COMPARED, *ROLE_REFUSALS, NotYourNumbers, NoNumbers),
    openapi_extra=BODY,
)
@audited(Audited.READS)
async def compare_numbers(actor: Watcher, session: ReadSessionDep, request: Request, authority: Authority) -> Response:
    """Compare a file of the case system with the records here: text, one document number a line, or in the first cell of a CSV.

    The file is read and not kept. Brackets and width do not matter. Numbers here of offices and years that the file does not speak
    of are left out.
    """
    _check(actor, authority)
    note_owners(session, [authority])
    lines = read_numbers(await request.body())
    compared = compare(lines, await list_numbers(session, authority_code=authority))
    unreadable = [{"line": at, "text": text} for at, text in compared.unreadable]
    return json_response(asdict(compared) | {"unreadable": unreadable}, headers=OWN)
