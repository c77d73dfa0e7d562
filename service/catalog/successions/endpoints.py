from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from schemas.catalog import SuccessionCreate, SuccessionOut, SuccessionPage
from service.access.rules import Actor, Role
from service.catalog.hierarchy import Succession
from service.catalog.rules import NoSuchAuthority
from service.catalog.successions.actions import add_succession
from service.catalog.successions.queries import list_successions
from service.catalog.successions.rules import AlreadySucceeded, CircularSuccession
from service.http import PUBLIC, ROLE_REFUSALS, BadCursor, PageDep, ReadSessionDep, answers, cut_page, require
from service.idempotency.http import REPEAT_REFUSALS, CreatingCatalogSessionDep
from service.models import AuthoritySuccession

router = APIRouter(prefix="/v1/catalog/authority-successions", tags=["catalog"])

EXAMPLE: dict[str, Any] = {
    "predecessor_code": "cq-industry-commerce",
    "successor_code": "cq-market-regulation",
    "effective_on": "2018-11-01",
    "citation": "机构改革（2018），文号未核实",
}


@router.get(
    "",
    dependencies=[PUBLIC],
    summary="List successions of authorities",
    response_model=SuccessionPage,
    responses=answers({"items": [EXAMPLE], "next": None}, BadCursor),
)
async def list_all_successions(session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give which authority took another one's place, from which day. Its records are the successor's from then on."""
    rows = await list_successions(session)
    part, following = cut_page(rows, page, lambda row: (row.predecessor_code, row.successor_code))
    return {"items": part, "next": following}


@router.post(
    "",
    summary="Enter a succession",
    status_code=201,
    response_model=SuccessionOut,
    responses=answers(
        EXAMPLE,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NoSuchAuthority,
        AlreadySucceeded,
        CircularSuccession,
        status=201,
        words="The succession as entered.",
        headers=("Location",),
    ),
)
async def enter_succession(
    body: Annotated[SuccessionCreate, Body(examples=[EXAMPLE])],
    _actor: Annotated[Actor, require(Role.RULE_KEEPER)],
    response: Response,
    session: CreatingCatalogSessionDep,
) -> AuthoritySuccession:
    """Let an authority take another one's place from a day on: it owns that one's records, and who held a role for that one
    acts no more. An authority that is divided has several successors; each owns all of it.
    """  # noqa: D205 - one sentence on two lines
    response.headers["Location"] = "/v1/catalog/authority-successions"
    succession = Succession(body.predecessor_code, body.successor_code, body.effective_on)
    return await add_succession(session, succession, citation=body.citation)
