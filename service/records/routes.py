"""Moves as routes: `POST …/{id}/{transition}`, one row a move, each with the body it needs and what it may refuse."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.base import Input
from service.access.declared import Whose
from service.access.rules import Actor
from service.catalog.rules import Catalog
from service.errors import Refusal
from service.http import (
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    CatalogDep,
    Now,
    SessionDep,
    VersionDep,
    answers,
    json_response,
    require,
)
from service.records.actions import Order
from service.records.queries import Row
from service.records.rules import MayNot, Move, NoSuchRecord, OtherAuthority, WrongState
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc
from service.subjects.endpoints import OWN, Uscc
from service.versions import version_etag

Run = Callable[[AsyncSession, Catalog, Order, Any], Awaitable[Any]]

#: What any move may answer.
MOVE_REFUSALS: Final[tuple[type[Refusal], ...]] = (
    *ROLE_REFUSALS, *VERSION_REFUSALS, MalformedUscc, NoSuchRecord, OtherAuthority, MayNot, WrongState,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Route:
    """A move as a route: the body it needs, what it runs, and what else it may refuse. Its command ends the path."""

    move: Move
    body: type[Input]
    run: Run
    refusals: tuple[type[Refusal], ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """How the resource is shown after a move: its model, an example, the noun of it, and its view for the order's actor.

    `key` is the name of its id in the path.
    """

    model: type[BaseModel]
    example: object
    noun: str
    view: Callable[[AsyncSession, Row, Order], Awaitable[dict[str, Any]]]
    key: str = "record_id"


async def after_move(
    session: AsyncSession, shown: Shown, row: Row, order: Order, *, made: Response | None = None
) -> Response:
    """Return a record after a move, with its ETag; `made` is the response with the `Location` of one that was just made."""
    headers = {"ETag": version_etag(row["version_no"]), **OWN, **(made.headers if made is not None else {})}
    return json_response(await shown.view(session, row, order), status=200 if made is None else 201, headers=headers)


def add_routes(router: APIRouter, path: str, routes: Sequence[Route], shown: Shown) -> None:
    """Add `POST {path}/{name}` for every route; `path` names the code `{uscc}` and the id by the key of `shown`."""
    for route in routes:
        router.add_api_route(
            f"{path}/{route.move.command}",
            _endpoint(route, shown),
            methods=["POST"],
            summary=route.move.words.rstrip("."),
            name=f"{route.move.command.replace('-', '_')}_{shown.noun}",
            response_model=shown.model,
            responses=answers(
                shown.example,
                *MOVE_REFUSALS,
                *route.refusals,
                words=f"The {shown.noun.replace('_', ' ')} after it.",
                headers=("ETag",),
            ),
        )


def _endpoint(route: Route, shown: Shown) -> Callable[..., Awaitable[Response]]:
    async def _move(
        uscc: Uscc,
        record_id: UUID,
        actor: Actor,
        session: SessionDep,
        catalog: CatalogDep,
        now: Now,
        expected: VersionDep,
        body: Any,  # noqa: ANN401 - the body's type is the row's
    ) -> Response:
        code, _ = read_uscc(uscc)
        order = Order(code, record_id, actor, expected, now)
        return await after_move(session, shown, await route.run(session, catalog, order, body), order)

    # A move that asks for nothing may come without a body.
    _move.__annotations__["body"] = Annotated[
        route.body, Body(default_factory=route.body) if not route.body.model_fields else Body()
    ]
    _move.__annotations__["record_id"] = Annotated[UUID, Path(alias=shown.key)]
    _move.__annotations__["actor"] = Annotated[Actor, require(*sorted(route.move.roles), whose=Whose.OWN)]
    _move.__doc__ = route.move.words + (f"\n\nSource: {route.move.citation}." if route.move.citation else "")
    return _move
