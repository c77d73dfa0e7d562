"""Several submitted penalties approved at once: those in which there is nothing to look at, each with its own outcome."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.declared import Whose
from service.access.rules import Role
from service.catalog.rules import Catalog
from service.console.desk import PAGE, Desk, FormDep, PageRouter, Unsettled, at_desk, settled
from service.console.forms import Form
from service.console.penalty_sight import Side, sides_of
from service.console.rendering import show, show_refused, words_of
from service.db import ReadSession
from service.errors import Refusal
from service.http import CatalogDep, NoteDep, ReadSessionDep, SessionDep, encode_cursor, key_of
from service.penalties.actions import Order, content_of, review, standing_of
from service.penalties.actions.reviews import Approved, approve_each
from service.penalties.queries import list_queue
from service.penalties.rules import MOVES, State
from service.penalties.rules.gate import checklist_view, eye_points, left_to_people
from service.penalties.views import penalty_view
from service.problems import InvalidRequest
from service.records.rules import decide
from service.status.actions import read_uscc
from service.versions import ANY_VERSION, ExpectedVersion

router = PageRouter()

Reviewing = Annotated[Desk, at_desk(Role.REVIEWER, whose=Whose.OWN)]
#: Records of one page, each with its texts, and most of one form.
MOST = PAGE


@dataclass(frozen=True, slots=True)
class Candidate:
    """A submitted penalty: its texts, and why it is not approved with others; without a reason it may be."""

    penalty: dict[str, Any]
    sides: list[Side]
    refusal: str | None
    points: list[dict[str, Any]]

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to look at."""
        return self.refusal is None and not self.points


@router.get("/reviews")
async def show_reviews(
    desk: Reviewing,
    session: ReadSessionDep,
    catalog: CatalogDep,
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show what waits for a review: what can be approved at once, and what has to be looked at by itself, with the reason."""
    return show(desk, "bulk_review.html", **await _waiting(session, catalog, desk, cursor=cursor), typed=Form())


@router.post("/reviews")
async def approve_in_bulk(
    desk: Reviewing, form: FormDep, session: SessionDep, catalog: CatalogDep, note: NoteDep
) -> Response:
    """Approve the chosen records, each by itself."""

    async def again(refusal: Refusal) -> Response:
        facts = await _waiting(session, catalog, desk, cursor="")
        return show_refused(desk, "bulk_review.html", refusal, **facts, typed=form)

    chosen = form.all("record")[:MOST]
    if not chosen:
        raise Unsettled(await again(InvalidRequest("Choose at least one record.", detail_zh="请至少选择一条记录。")))
    note.count = len(chosen)
    made: list[Approved] = []
    async with settled(session, desk, again):
        orders = [_order(desk, one) for one in chosen]
        made = await approve_each(session, catalog, orders, signed=form.all("signed"))
    outcomes = [
        {
            "uscc": one.order.uscc,
            "id": one.order.record_id,
            "name": form.get(f"name-{one.order.record_id}") or one.order.uscc,
            "refusal": None if one.refusal is None else words_of(one.refusal, desk.request),
        }
        for one in made
    ]
    return show(desk, "bulk_reviewed.html", outcomes=outcomes)


def _order(desk: Desk, text: str) -> Order:
    uscc, _, rest = text.partition("/")
    record_id, _, version = rest.partition("/")
    try:
        expected = ExpectedVersion(frozenset({int(version)}))
        return Order(read_uscc(uscc)[0], UUID(record_id), desk.actor, expected, desk.now)
    except ValueError as error:
        raise InvalidRequest("This is no record of the page.", detail_zh="提交的记录无法识别。") from error


async def _waiting(session: AsyncSession | ReadSession, catalog: Catalog, desk: Desk, *, cursor: str) -> dict[str, Any]:
    rows = await list_queue(
        session,
        authorities=sorted(desk.actor.authorities(Role.REVIEWER)),
        state=State.SUBMITTED,
        recorder=None,
        after=key_of(cursor, str, UUID),
        limit=PAGE + 1,
    )
    part = rows[:PAGE]
    found = [await _candidate(session, catalog, desk, row) for row in part]
    return {
        "plain": [one for one in found if one.is_plain],
        "apart": [one for one in found if not one.is_plain],
        "eyes": eye_points(),
        "following": encode_cursor((part[-1]["uscc"], str(part[-1]["id"]))) if len(rows) > PAGE else None,
    }


async def _candidate(session: AsyncSession | ReadSession, catalog: Catalog, desk: Desk, row: Any) -> Candidate:  # noqa: ANN401 - a row
    content = content_of(row)
    checklist = await review(session, catalog, row, content, today=desk.today)
    left = {one.point.id for one in left_to_people(checklist)}
    try:
        decide(MOVES, standing_of(row), "approve", desk.actor, expected=ANY_VERSION)
        refusal = None
    except Refusal as refused:
        refusal = words_of(refused, desk.request)
    view = checklist_view(checklist)
    penalty = penalty_view(row, actor=desk.actor, today=desk.today) | {
        "tier": view["tier"], "publish_until": checklist.publish_until,
    }  # fmt: skip
    points = [one for one in view["points"] if one["id"] in left]
    return Candidate(penalty, sides_of(content, checklist.places), refusal, points)
