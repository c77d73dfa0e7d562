"""The moves of a penalty: each a page that says what it does on every channel, asks for what it needs, and does it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path, Response
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.base import Input
from schemas.penalties import CorrectionProposed, Moved, Signed
from service.access.declared import Whose
from service.catalog.rules import Catalog
from service.console.desk import Desk, FormDep, PageRouter, Unsettled, at_desk, confirm, settled
from service.console.findings import say_basis
from service.console.forms import Errors, Form, fit
from service.console.pages.recording import expected_version, steps_since
from service.console.penalty_fields import form_of, marked_texts, read_penalty
from service.console.penalty_sight import SHOWING, effects_of, sides_of, windows_after
from service.console.rendering import show, show_refused
from service.errors import Refusal
from service.http import CatalogDep, ReadSessionDep, SessionDep
from service.penalties.actions import Order, content_of, get_visible
from service.penalties.actions.corrections import corrected_content, correction_checklist, propose
from service.penalties.actions.endings import move_to
from service.penalties.queries import find_open_correction
from service.penalties.rules import MAY_PROPOSE, MOVES, NoOpenCorrection
from service.penalties.rules.gate import checklist_view
from service.penalties.transitions import ROUTES
from service.penalties.views import correction_view, penalty_view
from service.records.actions import standing_of
from service.records.queries import Row
from service.records.routes import Route
from service.records.rules import decide
from service.status.actions import read_uscc
from service.versions import ANY_VERSION, VersionMismatch

router = PageRouter()
Uscc = Annotated[str, Path(max_length=60)]


async def _move(session: AsyncSession, catalog: Catalog, order: Order, body: Moved) -> Row:
    to_uscc = read_uscc(body.to_uscc)[0]
    _, made = await move_to(session, catalog, order, to_uscc=to_uscc, party_name=body.party_name, reason=body.reason)
    return made


async def _propose(session: AsyncSession, _catalog: Catalog, order: Order, body: CorrectionProposed) -> Row:
    await propose(session, order, nature=body.nature, reason=body.reason, changes=body.changes.stated())
    return await get_visible(session, uscc=order.uscc, record_id=order.record_id, actor=order.actor)


#: Every move with a page of its own; drafts are edited on theirs.
PAGES: Final = (
    *(route for route in ROUTES if route.move.command != "edit"),
    Route(MOVES["move"], Moved, _move),
    Route(MAY_PROPOSE, CorrectionProposed, _propose),
)


def _read(route: Route, form: Form, row: Row) -> tuple[Any, Errors]:
    """Return the body of a move as the API would take it, or None with what is wrong by field."""
    names = set(route.body.model_fields)
    values: dict[str, Any] = {name: form.get(name) or None for name in names if form.get(name)}
    errors: Errors = {}
    if issubclass(route.body, Signed):
        values["signed"] = {point: form.get(f"note-{point}") or None for point in form.all("signed")}
    if route.body is CorrectionProposed:
        stated, errors = read_penalty(form)
        before = content_of(row)
        values["changes"] = {name: value for name, value in (stated or {}).items() if value != getattr(before, name)}
    body, found = fit(route.body, values)
    if found.pop("changes", None) or found.pop("", None):
        errors.setdefault("reason", "form.nothing_changed")
    errors = found | errors
    return (None if errors else body), errors


async def _page(
    session: AsyncSession,
    catalog: Catalog,
    desk: Desk,
    route: Route,
    row: Row,
    form: Form,
    *,
    errors: Errors | None = None,
    refusal: Refusal | None = None,
) -> Response:
    command = route.move.command
    shows = command in SHOWING
    correction: dict[str, Any] | None = None
    content = content_of(row)
    windows, checklist = await windows_after(session, catalog, row, today=desk.today)
    if command in {"correct", "reject-correction"}:
        order = Order(row["uscc"], row["id"], desk.actor, ANY_VERSION, desk.now)
        proposed, _, checklist = await correction_checklist(session, catalog, order)
        content = corrected_content(row, proposed)
        windows, _ = await windows_after(session, catalog, row, content=content, today=desk.today)
        correction = correction_view(proposed, row, None)
    facts: dict[str, Any] = {
        "command": command,
        "move": route.move,
        "fields": [name for name in route.body.model_fields if name not in {"signed", "changes"}],
        "signs": issubclass(route.body, Signed),
        "proposes": route.body is CorrectionProposed,
        "row": row,
        "one": penalty_view(row, actor=desk.actor, today=desk.today),
        "typed": form,
        "errors": errors or {},
        "effects": effects_of(command, row, windows if shows else None),
        "confirms": shows,
        "checklist": checklist_view(checklist),
        "sides": sides_of(content, checklist.places),
        "correction": correction,
        "marked": marked_texts(form) if route.body is CorrectionProposed else [],
        "steps": await steps_since(session, desk, form, row) if isinstance(refusal, VersionMismatch) else (),
        # Who was told what others changed may go on from there; every other answer keeps the version that was looked at.
        "version": row["version_no"] if isinstance(refusal, VersionMismatch) else form.get("version"),
    }
    if refusal is not None:
        return show_refused(desk, "move.html", refusal, **facts)
    return show(desk, "move.html", status=422 if errors else 200, refusal=None, **facts)


def _first_form(route: Route, row: Row, desk: Desk) -> Form:
    if route.body is CorrectionProposed:
        return form_of(content_of(row), version=str(row["version_no"]), uscc=row["uscc"])
    given = {"version": [str(row["version_no"])], "party_name": [], "tier": [row["tier"] or ""]}
    given["tier_basis"] = [say_basis(row["tier_basis"], desk.language)]
    given["fell_on"] = [desk.today.isoformat()]
    return Form(given)


def _asking(route: Route) -> Callable[..., Awaitable[Response]]:
    async def _ask(desk: Desk, uscc: Uscc, record_id: UUID, session: ReadSessionDep, catalog: CatalogDep) -> Response:
        code, _ = read_uscc(uscc)
        row = await get_visible(session, uscc=code, record_id=record_id, actor=desk.actor)
        moves = {**MOVES, route.move.command: _standing_move(route, row)}
        decide(moves, standing_of(row), route.move.command, desk.actor, expected=ANY_VERSION)
        if route.move.command in {"correct", "reject-correction"} and not await find_open_correction(
            session, uscc=code, penalty_id=record_id
        ):
            raise NoOpenCorrection("No correction of it waits for a review.", detail_zh="没有待审核的更正。")
        return await _page(session, catalog, desk, route, row, _first_form(route, row, desk))

    _ask.__annotations__["desk"] = Annotated[Desk, at_desk(*sorted(route.move.roles), whose=Whose.OWN)]
    _ask.__doc__ = f"Ask for what this needs: {route.move.words}"
    return _ask


def _standing_move(route: Route, row: Row) -> Any:  # noqa: ANN401 - a move
    # Both corrections are one command.
    if route.move.command == "correct" and row["state"] == "recalled":
        return MOVES["correct_recalled"]
    return route.move


def _doing(route: Route) -> Callable[..., Awaitable[Response]]:
    async def _do(
        desk: Desk, uscc: Uscc, record_id: UUID, form: FormDep, session: SessionDep, catalog: CatalogDep
    ) -> Response:
        code, _ = read_uscc(uscc)
        row = await get_visible(session, uscc=code, record_id=record_id, actor=desk.actor)

        async def again(refusal: Refusal) -> Response:
            return await _page(session, catalog, desk, route, row, form, refusal=refusal)

        body, errors = _read(route, form, row)
        if errors or not isinstance(body, Input):
            raise Unsettled(await _page(session, catalog, desk, route, row, form, errors=errors))
        async with settled(session, desk, again):
            if route.move.command in SHOWING:
                await confirm(desk, form, catalog)
            order = Order(code, record_id, desk.actor, expected_version(form), desk.now)
            made = await route.run(session, catalog, order, body)
        return _after(desk, route, made)

    _do.__annotations__["desk"] = Annotated[Desk, at_desk(*sorted(route.move.roles), whose=Whose.OWN)]
    _do.__doc__ = route.move.words
    return _do


def _after(desk: Desk, route: Route, made: Row) -> Response:
    if made["state"] == "void":
        return desk.go("/penalties?state=draft&mine=yes&done=discard")
    return desk.go(f"/penalties/{made['uscc']}/{made['id']}?done={route.move.command}")


for _route in PAGES:
    _path = f"/penalties/{{uscc}}/{{record_id}}/{_route.move.command}"
    router.add_api_route(_path, _asking(_route), methods=["GET"])
    router.add_api_route(_path, _doing(_route), methods=["POST"])
