from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.spot_checks import (
    Comparison,
    FormOut,
    ItemAnswered,
    ItemClosed,
    ItemOut,
    ItemPage,
    PopulationPage,
    ScoreGiven,
    SeedStated,
    SpotCheckOut,
    SpotCheckPage,
    SpotCheckPlan,
)
from service.access.declared import Whose
from service.access.rules import Actor, Role, WhichAuthority
from service.http import (
    PUBLIC,
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    BadCursor,
    CatalogDep,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    VersionDep,
    answers,
    encode_cursor,
    json_response,
    one_page,
    page_after,
    require,
    text_after,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.spot_checks import examples
from service.spot_checks.actions import On, Plan, announce, answer, close, draw_sample, score
from service.spot_checks.queries import Row, find_check, find_item, list_checks, list_items, list_keys, list_results
from service.spot_checks.rules import (
    AlreadyDrawn,
    BadPeriod,
    ItemState,
    NoSuchCheck,
    NotCorrectedYet,
    NothingToCheck,
    NotScored,
    NotYourCheck,
    WrongItemState,
    compare,
    form,
)
from service.spot_checks.views import check_view, item_view
from service.subjects.endpoints import OWN
from service.versions import version_etag

router = APIRouter(prefix="/v1/spot-checks", tags=["spot checks"])

Supervisor = Annotated[Actor, require(Role.SUPERVISOR, whose=Whose.OWN)]
Reader = Annotated[
    Actor, require(Role.SUPERVISOR, Role.RECORDER, Role.REVIEWER, Role.CONSENTER, Role.AUDITOR, whose=Whose.SEEN)
]
Officer = Annotated[Actor, require(Role.RECORDER, Role.REVIEWER, whose=Whose.OWN)]


def _no_such(what: UUID) -> NoSuchCheck:
    return NoSuchCheck(f"There is no spot check or drawn record {what} that you may see.", detail_zh="没有此项抽查。")


def _moved(row: Row) -> Response:
    return json_response(item_view(row), headers={"ETag": version_etag(row["version_no"]), **OWN})


@router.get(
    "",
    dependencies=[PUBLIC],
    summary="List spot checks",
    response_model=SpotCheckPage,
    responses=answers({"items": [examples.CHECK], "next": None}, BadCursor, words="Oldest first."),
)
async def list_all_checks(session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give the checks that were announced, with the digest of their population and, once drawn, their seed."""
    found = await list_checks(session, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": [check_view(check) for check in part], "next": following}


@router.get(
    "/form",
    dependencies=[PUBLIC],
    summary="Read the form of spot checks",
    response_model=FormOut,
    responses=answers({"edition": "1", "points": [asdict(form().points[0])]}),
)
async def show_form() -> dict[str, Any]:
    """Give the points of the form, each with its article. None counts fines.

    Source: 行政处罚法 art. 74.
    """
    return {"edition": form().edition, "points": [asdict(point) for point in form().points]}


@router.get(
    "/comparison",
    summary="Compare authorities and periods",
    response_model=Comparison,
    responses=answers({"items": [examples.COMPARED]}, *ROLE_REFUSALS, words="By period, check and authority."),
)
async def compare_results(
    actor: Reader,
    session: ReadSessionDep,
    first: Annotated[date | None, Query(description="Only checks whose period begins on this day or later.")] = None,
    last: Annotated[date | None, Query(description="Only checks whose period ends on this day or earlier.")] = None,
) -> Response:
    """Give the results of the checks that you see, side by side: shares of points, findings, and what became of them."""
    items = compare(await list_results(session, actor=actor, first=first, last=last))
    return json_response({"items": items}, headers=OWN)


@router.get(
    "/items",
    summary="List drawn records",
    response_model=ItemPage,
    responses=answers({"items": [examples.ITEM], "next": None}, *ROLE_REFUSALS, BadCursor, words="Oldest first."),
)
async def list_drawn(
    actor: Reader,
    session: ReadSessionDep,
    page: PageDep,
    check_id: Annotated[UUID | None, Query(description="Only of this check.")] = None,
    state: Annotated[ItemState | None, Query(description="Only those that stand so.")] = None,
) -> Response:
    """Give the drawn records of the checks that you draw, and those of your authorities' own records; `returned` wait for an answer."""
    rows = await list_items(
        session, actor=actor, check_id=check_id, state=state, after=page_after(page), limit=page.limit + 1
    )
    part, following = one_page(rows, page)
    return json_response({"items": [item_view(row) for row in part], "next": following}, headers=OWN)


@router.post(
    "",
    summary="Announce a spot check",
    status_code=201,
    response_model=SpotCheckOut,
    responses=answers(
        examples.CHECK | {"state": "announced", "seed": None, "drawn_at": None, "version_no": 1},
        *ROLE_REFUSALS,
        WhichAuthority,
        NotYourCheck,
        BadPeriod,
        NothingToCheck,
        *REPEAT_REFUSALS,
        status=201,
        words="The check, its population frozen.",
        headers=("ETag", "Location"),
    ),
)
async def announce_check(
    body: Annotated[SpotCheckPlan, Body(examples=[examples.PLAN])],
    actor: Supervisor,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """Announce a check of what the authorities that you supervise first published in a period and what is public today.

    The population is frozen and its digest is public; the seed is stated later (`draw`), from the source that you name now.
    """
    plan = Plan(**body.model_dump(exclude={"authority"}))
    check = await announce(session, catalog, plan=plan, authority=body.authority, actor=actor, now=now)
    response.headers["Location"] = f"/v1/spot-checks/{check.id}"
    response.headers["ETag"] = version_etag(check.version_no)
    return check_view(check)


@router.get(
    "/{check_id}",
    dependencies=[PUBLIC],
    summary="Read a spot check",
    response_model=SpotCheckOut,
    responses=answers(examples.CHECK, NoSuchCheck, headers=("ETag",)),
)
async def show_check(check_id: UUID, session: ReadSessionDep, response: Response) -> dict[str, Any]:
    """Give a check; the ETag is the version that `draw` names in `If-Match`."""
    check = await find_check(session, check_id=check_id)
    if check is None:
        raise _no_such(check_id)
    response.headers["ETag"] = version_etag(check.version_no)
    return check_view(check)


@router.get(
    "/{check_id}/population",
    dependencies=[PUBLIC],
    summary="Read the population of a spot check",
    response_model=PopulationPage,
    responses=answers({"items": [examples.MEMBER], "next": None}, NoSuchCheck, BadCursor, words="By key."),
)
async def show_population(check_id: UUID, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give the keys of the population: SHA-256 of `authority|code|id|version`, from which no firm can be told.

    The digest is the SHA-256 of the keys, sorted, one a line. The sample are, of each authority, the records with the lowest SHA-256
    of `seed:key`.
    """
    if await find_check(session, check_id=check_id) is None:
        raise _no_such(check_id)
    found = await list_keys(session, check_id=check_id, after=text_after(page), limit=page.limit + 1)
    part = found[: page.limit]
    following = encode_cursor((part[-1][1],)) if len(found) > page.limit else None
    return {"items": [{"authority_code": code, "key": key} for code, key in part], "next": following}


@router.post(
    "/{check_id}/draw",
    summary="Draw a spot check",
    response_model=SpotCheckOut,
    responses=answers(
        examples.CHECK,
        *ROLE_REFUSALS,
        NoSuchCheck,
        AlreadyDrawn,
        *VERSION_REFUSALS,
        words="The check.",
        headers=("ETag",),
    ),
)
async def draw_check(
    check_id: UUID,
    body: Annotated[SeedStated, Body(examples=[{"seed": examples.CHECK["seed"]}])],
    actor: Supervisor,
    session: SessionDep,
    expected: VersionDep,
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """State the seed and draw the sample; it is drawn once."""
    check = await draw_sample(session, check_id=check_id, seed=body.seed, expected=expected, actor=actor, now=now)
    response.headers["ETag"] = version_etag(check.version_no)
    return check_view(check)


@router.get(
    "/{check_id}/items/{item_id}",
    summary="Read a drawn record",
    response_model=ItemOut,
    responses=answers(examples.ITEM, *ROLE_REFUSALS, NoSuchCheck, headers=("ETag",)),
)
async def show_item(check_id: UUID, item_id: UUID, actor: Reader, session: ReadSessionDep) -> Response:
    """Give a drawn record with its form, findings and answer."""
    row = await find_item(session, check_id=check_id, item_id=item_id, actor=actor)
    if row is None:
        raise _no_such(item_id)
    return _moved(row)


@router.post(
    "/{check_id}/items/{item_id}/score",
    summary="Fill in the form of a drawn record",
    response_model=ItemOut,
    responses=answers(
        examples.ITEM, *ROLE_REFUSALS, NoSuchCheck, WrongItemState, NotScored, *VERSION_REFUSALS, headers=("ETag",)
    ),
)
async def score_item(
    check_id: UUID,
    item_id: UUID,
    body: Annotated[ScoreGiven, Body(examples=[examples.SCORES])],
    actor: Supervisor,
    session: SessionDep,
    expected: VersionDep,
    now: Now,
) -> Response:
    """Give points for every point of the form. With findings the record goes back to its authority to be corrected."""
    on = On(check_id, item_id, expected, actor, now)
    findings = [one.model_dump() for one in body.findings]
    return _moved(await score(session, on, scores=body.scores, findings=findings))


@router.post(
    "/{check_id}/items/{item_id}/answer",
    summary="Answer findings",
    response_model=ItemOut,
    responses=answers(
        examples.ITEM | {"state": "answered", "version_no": 3},
        *ROLE_REFUSALS,
        NoSuchCheck,
        WrongItemState,
        NotCorrectedYet,
        *VERSION_REFUSALS,
        headers=("ETag",),
    ),
)
async def answer_item(
    check_id: UUID,
    item_id: UUID,
    body: Annotated[ItemAnswered, Body(examples=[examples.ANSWER])],
    actor: Officer,
    session: SessionDep,
    expected: VersionDep,
    now: Now,
) -> Response:
    """Say that the record was corrected, withdrawn or recalled since, which its versions must show, or dispute the findings."""
    on = On(check_id, item_id, expected, actor, now)
    return _moved(await answer(session, on, outcome=body.outcome, reason=body.reason))


@router.post(
    "/{check_id}/items/{item_id}/close",
    summary="Decide about an answer",
    response_model=ItemOut,
    responses=answers(
        examples.ITEM | {"state": "closed", "version_no": 4},
        *ROLE_REFUSALS,
        NoSuchCheck,
        WrongItemState,
        *VERSION_REFUSALS,
        headers=("ETag",),
    ),
)
async def close_item(
    check_id: UUID,
    item_id: UUID,
    body: Annotated[ItemClosed, Body(examples=[examples.CLOSE])],
    actor: Supervisor,
    session: SessionDep,
    expected: VersionDep,
    now: Now,
) -> Response:
    """Accept what the authority answered, or give the record back once more."""
    on = On(check_id, item_id, expected, actor, now)
    return _moved(await close(session, on, accepted=body.accepted, reason=body.reason))
