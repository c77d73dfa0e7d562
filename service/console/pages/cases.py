"""Repairs and objections: inboxes with their clocks, conditions one by one, and the decision with what it does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.base import Input
from service.access.declared import Whose
from service.catalog.rules import Catalog
from service.console.desk import PAGE, Desk, FormDep, PageRouter, Unsettled, at_desk, settled
from service.console.forms import Errors, Form, fit
from service.console.pages.recording import expected_version
from service.console.paging import id_after
from service.console.penalty_sight import hiding
from service.console.rendering import show, show_refused
from service.documents.actions import readable
from service.errors import Refusal
from service.http import CatalogDep, ReadSessionDep, SessionDep, encode_cursor
from service.letters.rules import offered
from service.penalties.actions import Order
from service.records.queries import Row
from service.records.routes import Route
from service.records.rules import Standing, refusal, table
from service.repair.actions import conditions, get_case, record_of
from service.repair.endpoints import OBJECTION_ROUTES, REPAIR_ROUTES
from service.repair.queries import count_cases, list_cases, list_events
from service.repair.rules import ObjectionState, RepairState, conditions_view
from service.repair.views import is_decided, objection_view, repair_view
from service.status.actions import read_uscc
from service.versions import ANY_VERSION, VersionMismatch
from service.working_days.rules import working_days_left

router = PageRouter()
Uscc = Annotated[str, Path(max_length=60)]
Seen = Annotated[Desk, at_desk(whose=Whose.SEEN)]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of case: its name, the folder of its pages, its states, the one that waits, and the moves it takes."""

    name: str
    folder: str
    states: tuple[str, ...]
    routes: tuple[Route, ...]

    def offered(self, row: Row, desk: Desk) -> list[str]:
        """Return the commands that may be given now, by whoever is signed in."""
        moves = table(route.move for route in self.routes)
        standing = Standing(row["state"], row["version_no"], row["authority_code"], frozenset({row["filed_by"]}))
        own = row["filed_by"] == str(desk.actor.id) or row["uscc"] in desk.actor.subjects
        return [
            name
            for name, move in moves.items()
            if (
                own and row["state"] in move.sources
                if not move.roles
                else not refusal(moves, standing, name, desk.actor)
            )
        ]


REPAIR: Final = Kind("repair", "repairs", tuple(RepairState), REPAIR_ROUTES)
OBJECTION: Final = Kind("objection", "objections", tuple(ObjectionState), OBJECTION_ROUTES)
#: Moves after which the record is not shown any more.
HIDING: Final = frozenset({"grant", "hide"})


async def _view(session: AsyncSession, catalog: Catalog, kind: Kind, row: Row, desk: Desk) -> dict[str, Any]:
    events = await list_events(session, uscc=row["uscc"], case_id=row["id"])
    if kind is OBJECTION:
        return objection_view(row, events)
    if is_decided(row):
        return repair_view(row, row["conditions"] or [], events)
    order = Order(row["uscc"], row["id"], desk.actor, ANY_VERSION, desk.now)
    return repair_view(row, conditions_view(await conditions(session, catalog, row, order)), events)


def _due(row: Row, catalog: Catalog, desk: Desk) -> Mapping[str, Any]:
    """The day by which the next step of a case is due, and the working days left."""
    waits = {
        RepairState.FILED: "acceptance_due_on", RepairState.ACCEPTED: "decision_due_on", ObjectionState.OPEN: "due_on",
    }  # fmt: skip
    day = row.get(waits.get(row["state"], ""))
    return {"on": day, "left": None if day is None else working_days_left(desk.today, day, catalog.calendar)}


def _listing(kind: Kind) -> Callable[..., Awaitable[Response]]:
    async def _list(
        desk: Seen,
        session: ReadSessionDep,
        catalog: CatalogDep,
        state: Annotated[str, Query(max_length=20, pattern="^[a-z_]*$")] = "",
        cursor: Annotated[str, Query(max_length=400)] = "",
    ) -> Response:
        """Show the cases that stand in a state, oldest first."""
        wanted = state if state in kind.states else kind.states[0]
        rows = await list_cases(
            session, kind.name, actor=desk.actor, uscc=None, state=wanted, after=id_after(cursor), limit=PAGE + 1
        )
        part = rows[:PAGE]
        counts = {one: await count_cases(session, kind.name, actor=desk.actor, state=one) for one in kind.states}
        return show(
            desk,
            "cases.html",
            kind=kind,
            state=wanted,
            counts=counts,
            items=[(row, _due(row, catalog, desk)) for row in part],
            following=encode_cursor((str(part[-1]["id"]),)) if len(rows) > PAGE else None,
        )

    return _list


def _showing(kind: Kind) -> Callable[..., Awaitable[Response]]:
    async def _show(
        desk: Seen,
        uscc: Uscc,
        case_id: UUID,
        session: ReadSessionDep,
        catalog: CatalogDep,
        done: Annotated[str, Query(max_length=40, pattern="^[a-z-]*$")] = "",
    ) -> Response:
        """Show a case with its clock, its conditions one by one, and its steps."""
        code, _ = read_uscc(uscc)
        row = await get_case(session, kind.name, uscc=code, case_id=case_id, actor=desk.actor)
        return show(
            desk,
            "case.html",
            kind=kind,
            done=done,
            one=await _view(session, catalog, kind, row, desk),
            record=await record_of(session, row),
            due=_due(row, catalog, desk),
            moves=kind.offered(row, desk),
            documents=await readable(session, uscc=code, record_id=case_id, actor=desk.actor, now=desk.now),
            templates=offered(kind.name, row["state"], row["authority_code"], desk.actor),
        )

    return _show


async def _page(
    session: AsyncSession,
    catalog: Catalog,
    desk: Desk,
    kind: Kind,
    route: Route,
    row: Row,
    form: Form,
    *,
    errors: Errors | None = None,
    refused: Refusal | None = None,
) -> Response:
    record = await record_of(session, row)
    facts: dict[str, Any] = {
        "kind": kind,
        "command": route.move.command,
        "move": route.move,
        "fields": list(route.body.model_fields),
        "one": await _view(session, catalog, kind, row, desk),
        "record": record,
        "effects": hiding(record) if route.move.command in HIDING else [],
        "typed": form,
        "errors": errors or {},
        "version": form.get("version") or str(row["version_no"]),
    }
    if refused is not None:
        if isinstance(refused, VersionMismatch):  # told, he may go on from the present one
            facts["version"] = str(row["version_no"])
        return show_refused(desk, "case_move.html", refused, **facts)
    return show(desk, "case_move.html", status=422 if errors else 200, refusal=None, **facts)


def _asking(kind: Kind, route: Route) -> Callable[..., Awaitable[Response]]:
    async def _ask(desk: Desk, uscc: Uscc, case_id: UUID, session: ReadSessionDep, catalog: CatalogDep) -> Response:
        code, _ = read_uscc(uscc)
        row = await get_case(session, kind.name, uscc=code, case_id=case_id, actor=desk.actor)
        return await _page(session, catalog, desk, kind, route, row, Form())

    return _described(_ask, route)


def _doing(kind: Kind, route: Route) -> Callable[..., Awaitable[Response]]:
    async def _do(
        desk: Desk, uscc: Uscc, case_id: UUID, form: FormDep, session: SessionDep, catalog: CatalogDep
    ) -> Response:
        code, _ = read_uscc(uscc)
        row = await get_case(session, kind.name, uscc=code, case_id=case_id, actor=desk.actor)

        async def again(refused: Refusal) -> Response:
            return await _page(session, catalog, desk, kind, route, row, form, refused=refused)

        body, errors = _read(route, form)
        if not isinstance(body, Input):
            raise Unsettled(await _page(session, catalog, desk, kind, route, row, form, errors=errors))
        async with settled(session, desk, again):
            order = Order(code, case_id, desk.actor, expected_version(form), desk.now)
            await route.run(session, catalog, order, body)
        return desk.go(f"/{kind.folder}/{code}/{case_id}?done={route.move.command}")

    return _described(_do, route)


def _described(function: Callable[..., Awaitable[Response]], route: Route) -> Callable[..., Awaitable[Response]]:
    function.__annotations__["desk"] = Annotated[Desk, at_desk(*sorted(route.move.roles), whose=Whose.OWN)]
    function.__doc__ = route.move.words
    return function


def _read(route: Route, form: Form) -> tuple[Any, Errors]:
    names = route.body.model_fields
    values: dict[str, Any] = {name: form.get(name) for name in names if form.get(name)}
    if "confirmed" in names:
        values["confirmed"] = {
            name.removeprefix("confirm-"): form.get(name)
            for name in form.values
            if name.startswith("confirm-") and form.get(name)
        }
    if "hide" in names:
        values["hide"] = form.get("hide") == "yes"
    return fit(route.body, values)


for _kind in (REPAIR, OBJECTION):
    _folder = f"/{_kind.folder}"
    router.add_api_route(_folder, _listing(_kind), methods=["GET"])
    router.add_api_route(f"{_folder}/{{uscc}}/{{case_id}}", _showing(_kind), methods=["GET"])
    for _route in _kind.routes:
        _path = f"{_folder}/{{uscc}}/{{case_id}}/{_route.move.command}"
        router.add_api_route(_path, _asking(_kind, _route), methods=["GET"])
        router.add_api_route(_path, _doing(_kind, _route), methods=["POST"])
