"""The moves of a list entry: each a page that says what it does, asks for what it needs, and does it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Final, get_args
from uuid import UUID

from fastapi import Path, Response
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.base import Input
from schemas.blacklist import EntryCorrectionProposed
from schemas.penalties import Moved
from service.access.declared import Whose
from service.blacklist.actions import content_of, entry_tests, get_visible
from service.blacklist.actions.correcting import move_entry, open_correction, propose_correction
from service.blacklist.queries import find_revocation
from service.blacklist.rules import CORRECTED_BESIDE, MAY_PROPOSE, MOVES, changed_fields
from service.blacklist.transitions import ROUTES
from service.blacklist.views import correction_view, entry_view, revocation_view
from service.catalog.rules import Catalog
from service.console.desk import Desk, FormDep, PageRouter, Unsettled, at_desk, confirm, settled
from service.console.entry_fields import form_of, marked_texts, read_entry
from service.console.entry_sight import SHOWING, effects_of, entry_history, test_now
from service.console.forms import Errors, Form, fit
from service.console.pages.recording import expected_version
from service.console.rendering import show, show_refused
from service.errors import Refusal
from service.http import CatalogDep, ReadSessionDep, SessionDep
from service.records.actions import Order
from service.records.queries import Row
from service.records.routes import Route
from service.status.actions import read_uscc
from service.versions import ANY_VERSION, VersionMismatch

router = PageRouter()
Uscc = Annotated[str, Path(max_length=60)]


async def _move(session: AsyncSession, _catalog: Catalog, order: Order, body: Moved) -> Row:
    to_uscc = read_uscc(body.to_uscc)[0]
    _, made = await move_entry(session, order, to_uscc=to_uscc, party_name=body.party_name, reason=body.reason)
    return made


async def _propose(session: AsyncSession, _catalog: Catalog, order: Order, body: EntryCorrectionProposed) -> Row:
    changes = body.changes.corrected()
    await propose_correction(session, order, nature=body.nature, reason=body.reason, changes=changes)
    return await get_visible(session, uscc=order.uscc, record_id=order.record_id, actor=order.actor)


#: Every move with a page of its own; drafts are edited on theirs.
PAGES: Final = (
    *(route for route in ROUTES if route.move.command != "edit"),
    Route(MOVES["move"], Moved, _move),
    Route(MAY_PROPOSE, EntryCorrectionProposed, _propose),
)
#: Moves that decide about a correction that waits.
DECIDING: Final = frozenset({"correct", "reject-correction"})
#: Fields whose text may be long.
LONG: Final = frozenset({"reason", "statement", "no_intent_evidence"})


def _fields(route: Route) -> list[dict[str, Any]]:
    """What the form of a move asks for, as the API has it."""
    return [
        {
            "name": name,
            "required": field.is_required(),
            "kind": "date" if field.annotation is date or date in get_args(field.annotation) else "text",
            "long": name in LONG,
        }
        for name, field in route.body.model_fields.items()
        if name not in {"changes", "nature"}
    ]


def _read(route: Route, form: Form, row: Row) -> tuple[Any, Errors]:
    """Return the body of a move as the API would take it, or None with what is wrong by field."""
    values: dict[str, Any] = {name: form.get(name) for name in route.body.model_fields if form.get(name)}
    errors: Errors = {}
    if route.body is EntryCorrectionProposed:
        stated, errors = read_entry(form)
        typed: dict[str, Any] = (stated or {}) | {name: form.get(name) for name in CORRECTED_BESIDE if form.get(name)}
        with suppress(KeyError, ValueError):  # what is no day is said of the field
            typed["listed_on"] = date.fromisoformat(typed["listed_on"])
        values["changes"] = {name: typed[name] for name in changed_fields(row, typed)}
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
    mismatch = isinstance(refusal, VersionMismatch)
    since = next(iter(expected_version(form).numbers or ()), 0)
    revocation = await find_revocation(session, uscc=row["uscc"], entry_id=row["id"])
    correction: dict[str, Any] | None = None
    if command in DECIDING:
        order = Order(row["uscc"], row["id"], desk.actor, ANY_VERSION, desk.now)
        correction = correction_view(*await open_correction(session, order))
    facts: dict[str, Any] = {
        "command": command,
        "move": route.move,
        "fields": _fields(route),
        "proposes": route.body is EntryCorrectionProposed,
        "one": entry_view(row, actor=desk.actor, today=desk.today),
        "known": catalog.list_by_id.get(row["list_id"]),
        "test": entry_tests().get(row["list_id"]),
        "typed": form,
        "errors": errors or {},
        "effects": effects_of(command, catalog, row, today=desk.today),
        "confirms": command in SHOWING,
        "tested": await test_now(session, catalog, row) if command in _TESTED else None,
        "revocation": None if revocation is None else revocation_view(revocation),
        "correction": correction,
        "marked": marked_texts(form) if route.body is EntryCorrectionProposed else [],
        "steps": await entry_history(session, desk, uscc=row["uscc"], record_id=row["id"], after=since)
        if mismatch
        else (),
        # Who was told what others changed may go on from there; every other answer keeps the version that was looked at.
        "version": row["version_no"] if mismatch else form.get("version"),
    }
    if refusal is not None:
        return show_refused(desk, "entry_move.html", refusal, **facts)
    return show(desk, "entry_move.html", status=422 if errors else 200, refusal=None, **facts)


#: Moves that ask the test of the list again, or after which somebody else does.
_TESTED: Final = frozenset({"propose", "list", "not-list", "keep", "consent", "refuse-consent"})


def _first_form(route: Route, row: Row, desk: Desk) -> Form:
    version = str(row["version_no"])
    if route.body is EntryCorrectionProposed:
        listed_on = "" if row["listed_on"] is None else row["listed_on"].isoformat()
        number = (row["originals"] or {}).get("document_no") or row["document_no"] or ""
        return form_of(content_of(row), version=version, document_no=number, listed_on=listed_on)
    days = {"notified_on", "repair_notice_served_on", "since"} & set(route.body.model_fields)
    return Form({"version": [version]} | {name: [desk.today.isoformat()] for name in days})


def _asking(route: Route) -> Callable[..., Awaitable[Response]]:
    async def _ask(desk: Desk, uscc: Uscc, record_id: UUID, session: ReadSessionDep, catalog: CatalogDep) -> Response:
        code, _ = read_uscc(uscc)
        row = await get_visible(session, uscc=code, record_id=record_id, actor=desk.actor)
        return await _page(session, catalog, desk, route, row, _first_form(route, row, desk))

    return _described(_ask, route)


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
        if made["state"] == "void":
            return desk.go("/entries?state=draft&done=discard")
        return desk.go(f"/entries/{made['uscc']}/{made['id']}?done={route.move.command}")

    return _described(_do, route)


def _described(function: Callable[..., Awaitable[Response]], route: Route) -> Callable[..., Awaitable[Response]]:
    function.__annotations__["desk"] = Annotated[Desk, at_desk(*sorted(route.move.roles), whose=Whose.OWN)]
    function.__doc__ = route.move.words
    return function


for _route in PAGES:
    _path = f"/entries/{{uscc}}/{{record_id}}/{_route.move.command}"
    router.add_api_route(_path, _asking(_route), methods=["GET"])
    router.add_api_route(_path, _doing(_route), methods=["POST"])
