"""Spot checks: announced, drawn by a stated seed, scored by the form; findings answered by the authority, and decided."""

from collections.abc import Callable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Response

from schemas.spot_checks import ItemAnswered, ItemClosed, ScoreGiven, SeedStated, SpotCheckPlan
from service.access.declared import Whose
from service.access.rules import Role
from service.catalog.rules import Catalog
from service.console.desk import PAGE, Desk, FormDep, PageRouter, Unsettled, at_desk, settled
from service.console.forms import Errors, Form, fit
from service.console.pages.recording import expected_version
from service.console.pages.supervision import RESULT_READERS
from service.console.paging import id_after
from service.console.rendering import show, show_refused
from service.errors import Refusal
from service.http import CatalogDep, ReadSessionDep, SessionDep, encode_cursor
from service.spot_checks.actions import On, Plan, announce, answer, close, draw_sample, score
from service.spot_checks.queries import find_check, find_item, list_checks, list_items, list_results
from service.spot_checks.rules import ItemState, NoSuchCheck, NotScored, compare, form
from service.spot_checks.views import check_view, item_view
from service.versions import VersionMismatch

router = PageRouter()
Reader = Annotated[Desk, at_desk(*sorted(RESULT_READERS), whose=Whose.SEEN)]
Supervising = Annotated[Desk, at_desk(Role.SUPERVISOR, whose=Whose.OWN)]
Officer = Annotated[Desk, at_desk(Role.RECORDER, Role.REVIEWER, whose=Whose.OWN)]
Cursor = Annotated[str, Query(max_length=400)]
Done = Annotated[str, Query(max_length=40, pattern="^[a-z-]*$")]
_PLAIN: Final = ("title", "period_from", "period_until", "per_authority", "seed_source", "authority")


def _namer(catalog: Catalog) -> Callable[[str], str]:
    return lambda code: catalog.authority_by_code[code].name if code in catalog.authority_by_code else code


@router.get("/spot-checks")
async def show_checks(desk: Reader, session: ReadSessionDep, catalog: CatalogDep, cursor: Cursor = "") -> Response:
    """Show the spot checks that were announced, newest first, and what each found at each authority."""
    rows = await list_checks(session, after=id_after(cursor), limit=PAGE + 1, newest_first=True)
    part = rows[:PAGE]
    return show(
        desk,
        "spot_checks.html",
        checks=[check_view(one) for one in part],
        following=encode_cursor((str(part[-1].id),)) if len(rows) > PAGE else None,
        results=compare(await list_results(session, actor=desk.actor, first=None, last=None)),
        named=_namer(catalog),
        may_announce=desk.actor.may(Role.SUPERVISOR),
    )


@router.get("/spot-checks/new")
async def show_plan(desk: Supervising, catalog: CatalogDep) -> Response:
    """Ask what is to be checked, and from where the seed will come."""
    return _plan(desk, catalog, Form())


def _plan(
    desk: Desk, catalog: Catalog, typed: Form, *, errors: Errors | None = None, refusal: Refusal | None = None
) -> Response:
    named = _namer(catalog)
    held = {grant.authority_code for grant in desk.actor.grants if grant.role is Role.SUPERVISOR}
    facts: dict[str, Any] = {
        "typed": typed,
        "errors": errors or {},
        "drawing": [(code, named(code)) for code in sorted(code for code in held if code)],
        "supervised": [
            (code, named(code)) for code in sorted(catalog.authority_by_code) if desk.actor.supervises(code)
        ],
    }
    if refusal is not None:
        return show_refused(desk, "spot_check_new.html", refusal, **facts)
    return show(desk, "spot_check_new.html", status=422 if errors else 200, refusal=None, **facts)


@router.post("/spot-checks/new")
async def announce_check(desk: Supervising, form_: FormDep, session: SessionDep, catalog: CatalogDep) -> Response:
    """Announce a check: its population is frozen at once."""

    async def again(refusal: Refusal) -> Response:
        return _plan(desk, catalog, form_, refusal=refusal)

    typed: dict[str, Any] = {name: form_.get(name) for name in _PLAIN if form_.get(name)}
    chosen = form_.all("authorities")
    body, errors = fit(SpotCheckPlan, typed | ({"authorities": chosen} if chosen else {}))
    if body is None:
        raise Unsettled(_plan(desk, catalog, form_, errors=errors))
    async with settled(session, desk, again):
        plan = Plan(**body.model_dump(exclude={"authority"}))
        check = await announce(session, catalog, plan=plan, authority=body.authority, actor=desk.actor, now=desk.now)
    return desk.go(f"/spot-checks/{check.id}?done=announce")


@router.get("/spot-checks/items")
async def show_items(
    desk: Reader,
    session: ReadSessionDep,
    catalog: CatalogDep,
    state: ItemState = ItemState.RETURNED,
    cursor: Cursor = "",
) -> Response:
    """Show the drawn records that stand so, of whatever check, oldest first."""
    rows = await list_items(
        session, actor=desk.actor, check_id=None, state=state, after=id_after(cursor), limit=PAGE + 1
    )
    part = rows[:PAGE]
    return show(
        desk,
        "spot_check_items.html",
        state=state,
        states=list(ItemState),
        items=[item_view(row) for row in part],
        following=encode_cursor((str(part[-1]["id"]),)) if len(rows) > PAGE else None,
        named=_namer(catalog),
    )


@router.get("/spot-checks/{check_id}")
async def show_check(
    desk: Reader, check_id: UUID, session: ReadSessionDep, catalog: CatalogDep, cursor: Cursor = "", done: Done = ""
) -> Response:
    """Show a check, and what it drew as far as this office may see it."""
    return await _check(session, desk, catalog, check_id, Form(), cursor=cursor, done=done)


async def _check(
    session: Any,  # noqa: ANN401 - either kind
    desk: Desk,
    catalog: Catalog,
    check_id: UUID,
    typed: Form,
    *,
    cursor: str = "",
    done: str = "",
    errors: Errors | None = None,
    refusal: Refusal | None = None,
) -> Response:
    check = await find_check(session, check_id=check_id)
    if check is None:
        raise _no_such(check_id)
    rows = await list_items(
        session, actor=desk.actor, check_id=check_id, state=None, after=id_after(cursor), limit=PAGE + 1
    )
    part = rows[:PAGE]
    facts: dict[str, Any] = {
        "one": check_view(check),
        "items": [item_view(row) for row in part],
        "following": encode_cursor((str(part[-1]["id"]),)) if len(rows) > PAGE else None,
        "named": _namer(catalog),
        "may_draw": check.state == "announced" and desk.actor.acts_for(check.authority_code, Role.SUPERVISOR),
        "typed": typed,
        "errors": errors or {},
        "done": done,
        "version": check.version_no,
    }
    if refusal is not None:
        return show_refused(desk, "spot_check.html", refusal, **facts)
    return show(desk, "spot_check.html", status=422 if errors else 200, refusal=None, **facts)


def _no_such(what: UUID) -> NoSuchCheck:
    return NoSuchCheck(f"There is no spot check or drawn record {what} that you may see.", detail_zh="没有此项抽查。")


@router.post("/spot-checks/{check_id}/draw")
async def draw_check(
    desk: Supervising, check_id: UUID, form_: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """State the seed and draw the sample; it is drawn once."""

    async def again(refusal: Refusal) -> Response:
        return await _check(session, desk, catalog, check_id, form_, refusal=refusal)

    body, errors = fit(SeedStated, {"seed": form_.get("seed")})
    if body is None:
        raise Unsettled(await _check(session, desk, catalog, check_id, form_, errors=errors))
    async with settled(session, desk, again):
        await draw_sample(
            session, check_id=check_id, seed=body.seed, expected=expected_version(form_), actor=desk.actor, now=desk.now
        )
    return desk.go(f"/spot-checks/{check_id}?done=draw")


@router.get("/spot-checks/{check_id}/items/{item_id}")
async def show_item(
    desk: Reader, check_id: UUID, item_id: UUID, session: ReadSessionDep, catalog: CatalogDep, done: Done = ""
) -> Response:
    """Show a drawn record with its form, findings and answer, and what may be done with it now."""
    return await _item(session, desk, catalog, check_id, item_id, Form(), done=done)


async def _item(
    session: Any,  # noqa: ANN401 - either kind
    desk: Desk,
    catalog: Catalog,
    check_id: UUID,
    item_id: UUID,
    typed: Form,
    *,
    done: str = "",
    errors: Errors | None = None,
    refusal: Refusal | None = None,
) -> Response:
    row = await find_item(session, check_id=check_id, item_id=item_id, actor=desk.actor)
    if row is None:
        raise _no_such(item_id)
    wrong = refusal.extra["points"] if isinstance(refusal, NotScored) else []
    facts: dict[str, Any] = {
        "one": item_view(row),
        "task": _task(desk, row),
        "points": form().points,
        "most": sum(point.most for point in form().points),
        "named": _namer(catalog),
        "typed": typed,
        "wrong": wrong,
        "errors": errors or {},
        "done": done,
        # Who was told that others were quicker may go on from there.
        "version": row["version_no"]
        if isinstance(refusal, VersionMismatch)
        else typed.get("version") or row["version_no"],
    }
    if refusal is not None:
        return show_refused(desk, "spot_check_item.html", refusal, **facts)
    return show(desk, "spot_check_item.html", status=422 if errors else 200, refusal=None, **facts)


def _task(desk: Desk, row: dict[str, Any]) -> str | None:
    """What whoever is signed in may do with a drawn record now: `score`, `answer`, `close`, or nothing."""
    draws = desk.actor.acts_for(row["drawn_by_authority"], Role.SUPERVISOR)
    of_authority = desk.actor.acts_for(row["authority_code"], Role.RECORDER, Role.REVIEWER)
    may = {
        ItemState.DRAWN: ("score", draws),
        ItemState.RETURNED: ("answer", of_authority),
        ItemState.ANSWERED: ("close", draws),
    }
    task, is_ours = may.get(ItemState(row["state"]), (None, False))
    return task if is_ours else None


def _scored(typed: Form) -> tuple[ScoreGiven | None, Errors]:
    scores = {point.id: typed.get(f"score-{point.id}") for point in form().points}
    findings = [
        {"point": point.id, "text": typed.get(f"finding-{point.id}")}
        for point in form().points
        if typed.get(f"finding-{point.id}")
    ]
    return fit(ScoreGiven, {"scores": {name: text for name, text in scores.items() if text}, "findings": findings})


@router.post("/spot-checks/{check_id}/items/{item_id}/score")
async def score_item(
    desk: Supervising, check_id: UUID, item_id: UUID, form_: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Give points for every point of the form; with findings the record goes back to its authority."""

    async def again(refusal: Refusal) -> Response:
        return await _item(session, desk, catalog, check_id, item_id, form_, refusal=refusal)

    body, errors = _scored(form_)
    if body is None:
        raise Unsettled(await _item(session, desk, catalog, check_id, item_id, form_, errors=errors))
    async with settled(session, desk, again):
        on = On(check_id, item_id, expected_version(form_), desk.actor, desk.now)
        await score(session, on, scores=body.scores, findings=[one.model_dump() for one in body.findings])
    return desk.go(f"/spot-checks/{check_id}/items/{item_id}?done=score")


@router.post("/spot-checks/{check_id}/items/{item_id}/answer")
async def answer_item(
    desk: Officer, check_id: UUID, item_id: UUID, form_: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Say that the record was corrected, which its versions must show, or dispute the findings."""

    async def again(refusal: Refusal) -> Response:
        return await _item(session, desk, catalog, check_id, item_id, form_, refusal=refusal)

    body, errors = fit(ItemAnswered, {"outcome": form_.get("outcome"), "reason": form_.get("reason")})
    if body is None:
        raise Unsettled(await _item(session, desk, catalog, check_id, item_id, form_, errors=errors))
    async with settled(session, desk, again):
        on = On(check_id, item_id, expected_version(form_), desk.actor, desk.now)
        await answer(session, on, outcome=body.outcome, reason=body.reason)
    return desk.go(f"/spot-checks/{check_id}/items/{item_id}?done=answer")


@router.post("/spot-checks/{check_id}/items/{item_id}/close")
async def close_item(
    desk: Supervising, check_id: UUID, item_id: UUID, form_: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Accept what the authority answered, or give the record back once more."""

    async def again(refusal: Refusal) -> Response:
        return await _item(session, desk, catalog, check_id, item_id, form_, refusal=refusal)

    accepted = {"yes": True, "no": False}.get(form_.get("accepted"))
    body, errors = fit(ItemClosed, {"accepted": accepted, "reason": form_.get("reason")})
    if body is None:
        errors = {name: "form.choose" if name == "accepted" else words for name, words in errors.items()}
        raise Unsettled(await _item(session, desk, catalog, check_id, item_id, form_, errors=errors))
    async with settled(session, desk, again):
        on = On(check_id, item_id, expected_version(form_), desk.actor, desk.now)
        await close(session, on, accepted=body.accepted, reason=body.reason)
    return desk.go(f"/spot-checks/{check_id}/items/{item_id}?done=close")
