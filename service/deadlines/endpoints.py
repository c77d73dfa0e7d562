from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.deadlines import AnswerCreate, DeadlineDetail, DeadlinePage, MonthTable
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.deadlines import examples
from service.deadlines.actions import answer_deadline
from service.deadlines.answers import deadline_view, history_view, month_view, skipped_view
from service.deadlines.lists import Wanted, count_month, find_deadline, list_deadlines, list_events, sight_of
from service.deadlines.rules import (
    SOON_DAYS,
    AnsweredOnTheRecord,
    DeadlineNotOpen,
    ImpossibleAnswerDay,
    NoSuchDeadline,
    OtherDeadline,
    Outcome,
    RejectionWithoutReason,
    month_bounds,
    standing_days,
)
from service.http import (
    MONTH,
    ROLE_REFUSALS,
    BadCursor,
    CatalogDep,
    Now,
    PageDep,
    ReadSessionDep,
    Today,
    answers,
    cut_page,
    encode_cursor,
    key_of,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep

router = APIRouter(prefix="/v1/deadlines", tags=["deadlines"])

Watcher = Annotated[
    Actor,
    require(
        Role.RECORDER,
        Role.REVIEWER,
        Role.CONSENTER,
        Role.LISTER,
        Role.REPAIR_OFFICER,
        Role.SUPERVISOR,
        Role.AUDITOR,
        whose=Whose.SEEN,
    ),
]
Officer = Annotated[Actor, require(Role.RECORDER, Role.REVIEWER, whose=Whose.OWN)]
Division = Annotated[
    str | None, Query(pattern="^[0-9]{2,6}$", description="Only divisions that begin with these digits.")
]


@router.get(
    "",
    summary="List deadlines",
    response_model=DeadlinePage,
    responses=answers(
        {"items": [examples.DEADLINE], "next": None}, *ROLE_REFUSALS, BadCursor, words="Deadlines, by last day."
    ),
)
async def list_all(
    actor: Watcher,
    session: ReadSessionDep,
    catalog: CatalogDep,
    page: PageDep,
    today: Today,
    standing: Annotated[
        Literal["open", "overdue", "soon", "met", "withheld", "dropped", "all"],
        Query(description="How they stand; `soon` is open with at most `within` working days left."),
    ] = "open",
    within: Annotated[int, Query(ge=1, le=60, description="Working days that count as soon.")] = SOON_DAYS,
    deadline: Annotated[str | None, Query(pattern="^D[0-9]{2}$", description="Only this one, such as D02.")] = None,
    channel: Annotated[
        Literal["gsxt", "credit_china", "enterprise"] | None, Query(description="Only this one.")
    ] = None,
    authority: Annotated[str | None, Query(max_length=80, description="Only this authority's.")] = None,
    division: Division = None,
    uscc: Annotated[str | None, Query(max_length=18, description="Only this subject's.")] = None,
    due_from: Annotated[date | None, Query(description="Due on this day or later.")] = None,
    due_to: Annotated[date | None, Query(description="Due on this day or earlier.")] = None,
    moved: Annotated[bool, Query(description="Only those whose last day was moved.")] = False,
) -> dict[str, Any]:
    """Give the deadlines of the authorities whose records you see, and of those you supervise; without filters the open ones.

    Reporting and display are separate, per channel: a deadline is met by the other side's acceptance, not by sending.
    """
    days = standing_days(catalog, standing, today=today, within=within, due_from=due_from, due_to=due_to)
    wanted = Wanted(
        **days,
        deadline=deadline,
        channel=channel,
        authority_code=authority,
        division=division,
        uscc=uscc,
        moved=moved,
    )
    sight = sight_of(actor, catalog)
    rows = await list_deadlines(
        session, wanted=wanted, sight=sight, after=key_of(page.after, date.fromisoformat, UUID), limit=page.limit + 1
    )
    part = rows[: page.limit]
    following = encode_cursor((str(part[-1]["due_on"]), str(part[-1]["id"]))) if len(rows) > page.limit else None
    return {"items": [deadline_view(row, catalog, sight, today=today) for row in part], "next": following}


@router.get(
    "/monthly",
    summary="Read the monthly table",
    response_model=MonthTable,
    responses=answers(examples.MONTH, *ROLE_REFUSALS, BadCursor, words="The table."),
)
async def show_month(
    actor: Watcher,
    session: ReadSessionDep,
    catalog: CatalogDep,
    page: PageDep,
    today: Today,
    month: Annotated[str, Query(pattern=MONTH, description="The month in which they fell due.")],
) -> dict[str, Any]:
    """Count the deadlines that fell due in a month by department and district: on time, late, overdue, rejected, withheld.

    What the enterprise itself has to publish is not counted.
    """
    first, behind = month_bounds(month)
    rows = await count_month(session, first=first, behind=behind, today=today, sight=sight_of(actor, catalog))
    lines, following = cut_page(
        month_view(rows, catalog), page, lambda line: (line["authority_code"], line["division_code"])
    )
    return {"month": month, "items": lines, "next": following}


@router.get(
    "/{deadline_id}",
    summary="Read a deadline with its history",
    response_model=DeadlineDetail,
    responses=answers(examples.DETAIL, *ROLE_REFUSALS, NoSuchDeadline, words="The deadline."),
)
async def show_deadline(
    deadline_id: UUID, actor: Watcher, session: ReadSessionDep, catalog: CatalogDep, today: Today
) -> dict[str, Any]:
    """Give a deadline with every day that did not count, and with all that happened to it, moved dates included."""
    sight = sight_of(actor, catalog)
    row = await find_deadline(session, deadline_id=deadline_id, sight=sight)
    if row is None:
        raise NoSuchDeadline(f"You see no deadline {deadline_id}.", detail_zh="没有此期限。")
    history = history_view(await list_events(session, deadline_id=deadline_id))
    view = deadline_view(row, catalog, sight, today=today)
    return {**view, "skipped": skipped_view(row, catalog), "history": history}


@router.post(
    "/{deadline_id}/answers",
    summary="Enter what the other side said",
    status_code=201,
    response_model=DeadlineDetail,
    responses=answers(
        examples.DETAIL,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NoSuchDeadline,
        OtherDeadline,
        DeadlineNotOpen,
        AnsweredOnTheRecord,
        ImpossibleAnswerDay,
        RejectionWithoutReason,
        status=201,
        words="The deadline as it stands now.",
        headers=("Location",),
    ),
)
async def enter_answer(
    deadline_id: UUID,
    body: Annotated[AnswerCreate, Body(examples=[examples.ANSWER])],
    actor: Officer,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    now: Now,
    today: Today,
    response: Response,
) -> dict[str, Any]:
    """Enter the other side's acceptance, which meets the deadline, or its rejection, which leaves or makes it open.

    One act can meet two deadlines (D18 with D02); the receipt of a push (D03) starts the publication there (D04).
    """
    sight = sight_of(actor, catalog)
    await answer_deadline(
        session,
        catalog,
        deadline_id=deadline_id,
        outcome=Outcome(body.outcome),
        on=body.on,
        reason=body.reason,
        reference=body.reference,
        actor=actor,
        sight=sight,
        now=now,
    )
    response.headers["Location"] = f"/v1/deadlines/{deadline_id}"
    row = await find_deadline(session, deadline_id=deadline_id, sight=sight)
    assert row is not None  # noqa: S101 - it was locked a moment ago
    history = history_view(await list_events(session, deadline_id=deadline_id))
    view = deadline_view(row, catalog, sight, today=today)
    return {**view, "skipped": skipped_view(row, catalog), "history": history}
