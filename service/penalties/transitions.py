"""The routes of a penalty's moves: `POST …/{id}/{transition}`, one row a move, each with the body it needs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Response
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.base import Input
from schemas.penalties import (
    MovedOut,
    Nothing,
    PenaltyFields,
    PenaltyOut,
    Reasoned,
    Recalled,
    Republished,
    Signed,
    Suspended,
    Withdrawn,
    Withheld,
)
from service.access.rules import Actor, OwnWork
from service.catalog.queries import Catalog
from service.errors import Refusal
from service.http import (
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    ActorDep,
    CatalogDep,
    Now,
    SessionDep,
    VersionDep,
    answers,
    json_response,
)
from service.penalties import examples
from service.penalties.actions import Order, transition
from service.penalties.actions.corrections import correct, reject_correction
from service.penalties.actions.drafts import edit_draft, submit
from service.penalties.actions.endings import (
    PersonalDataInText,
    Withdrawal,
    recall,
    republish,
    resume,
    suspend,
    withdraw,
)
from service.penalties.actions.reviews import Signature, approve, give_back, publish, withhold
from service.penalties.rules import (
    MOVES,
    AlreadyRecorded,
    CorrectionOpen,
    GateFailed,
    NoOpenCorrection,
    NoSuccessor,
    NotDisplayed,
    NotSigned,
    TierDiffers,
    WindowOver,
)
from service.penalties.views import penalty_view
from service.records.queries import Row
from service.records.rules import ImpossibleDay, MayNot, NoSuchRecord, OtherAuthority, WrongState
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc
from service.subjects.endpoints import OWN, Uscc
from service.versions import version_etag

Run = Callable[[AsyncSession, Catalog, Order, Any], Awaitable[Row]]

#: What any move may answer.
MOVE_REFUSALS: Final[tuple[type[Refusal], ...]] = (
    *ROLE_REFUSALS, *VERSION_REFUSALS, MalformedUscc, NoSuchRecord, OtherAuthority, MayNot, WrongState,
)  # fmt: skip
_GATE: Final = (GateFailed, NotSigned, TierDiffers, OwnWork)


@dataclass(frozen=True, slots=True)
class Route:
    """A move as a route: its last part of the path, the body, what it runs, and what else it may refuse."""

    name: str
    body: type[Input]
    run: Run
    words: str
    refusals: tuple[type[Refusal], ...] = ()


def signature_of(body: Signed) -> Signature:
    """Return what a reviewer put down."""
    return Signature(body.tier, body.tier_basis, dict(body.signed))


async def _edit(session: AsyncSession, catalog: Catalog, order: Order, body: PenaltyFields) -> Row:
    return await edit_draft(session, catalog, order, changes=body.stated())


async def _submit(session: AsyncSession, catalog: Catalog, order: Order, _body: Nothing) -> Row:
    return await submit(session, catalog, order)


async def _discard(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await transition(session, order, "discard", reason=body.reason)


async def _return(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await give_back(session, order, reason=body.reason)


async def _approve(session: AsyncSession, catalog: Catalog, order: Order, body: Signed) -> Row:
    return await approve(session, catalog, order, signature=signature_of(body))


async def _publish(session: AsyncSession, catalog: Catalog, order: Order, _body: Nothing) -> Row:
    return await publish(session, catalog, order)


async def _withhold(session: AsyncSession, _catalog: Catalog, order: Order, body: Withheld) -> Row:
    return await withhold(session, order, reason=body.reason, basis=body.basis, until=body.until)


async def _reopen(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await transition(session, order, "reopen", reason=body.reason)


async def _withdraw(session: AsyncSession, _catalog: Catalog, order: Order, body: Withdrawn) -> Row:
    return await withdraw(session, order, withdrawal=Withdrawal(**body.model_dump()))


async def _suspend(session: AsyncSession, _catalog: Catalog, order: Order, body: Suspended) -> Row:
    return await suspend(session, order, ground=body.ground, reason=body.reason, basis=body.basis)


async def _resume(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await resume(session, order, reason=body.reason)


async def _recall(session: AsyncSession, _catalog: Catalog, order: Order, body: Recalled) -> Row:
    return await recall(session, order, cause=body.cause, reason=body.reason)


async def _republish(session: AsyncSession, catalog: Catalog, order: Order, body: Republished) -> Row:
    return await republish(session, catalog, order, reason=body.reason, signature=signature_of(body))


async def _correct(session: AsyncSession, catalog: Catalog, order: Order, body: Signed) -> Row:
    return await correct(session, catalog, order, signature=signature_of(body))


async def _reject(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await reject_correction(session, order, reason=body.reason)


ROUTES: Final = (
    Route("edit", PenaltyFields, _edit, MOVES["edit"].words, (AlreadyRecorded, ImpossibleDay)),
    Route("submit", Nothing, _submit, MOVES["submit"].words, (AlreadyRecorded,)),
    Route("discard", Reasoned, _discard, MOVES["discard"].words),
    Route("return", Reasoned, _return, MOVES["return"].words, (OwnWork,)),
    Route("approve", Signed, _approve, MOVES["approve"].words, _GATE),
    Route("publish", Nothing, _publish, MOVES["publish"].words, (*_GATE, NotDisplayed, WindowOver)),
    Route("withhold", Withheld, _withhold, MOVES["withhold"].words, (ImpossibleDay, OwnWork)),
    Route("reopen", Reasoned, _reopen, MOVES["reopen"].words),
    Route("withdraw", Withdrawn, _withdraw, MOVES["withdraw"].words, (ImpossibleDay, NoSuccessor, PersonalDataInText)),
    Route("suspend", Suspended, _suspend, MOVES["suspend"].words),
    Route("resume", Reasoned, _resume, MOVES["resume"].words),
    Route("recall", Recalled, _recall, MOVES["recall"].words),
    Route("republish", Republished, _republish, MOVES["republish"].words, (*_GATE, CorrectionOpen, WindowOver)),
    Route("correct", Signed, _correct, MOVES["correct"].words, (*_GATE, NoOpenCorrection, AlreadyRecorded)),
    Route("reject-correction", Reasoned, _reject, "Refuse the proposed correction.", (NoOpenCorrection, OwnWork)),
)  # fmt: skip


def show(row: Row, *, actor: Actor, order: Order, made: Response | None = None) -> Response:
    """Return a penalty after a move, with its ETag; `made` is the response with the `Location` of one that was just made."""
    view = penalty_view(row, actor=actor, today=order.today)
    headers = {"ETag": version_etag(row["version_no"]), **OWN, **(made.headers if made is not None else {})}
    return json_response(view, status=200 if made is None else 201, headers=headers)


def add_transitions(router: APIRouter) -> None:
    """Add a route for every move of the table."""
    for route in ROUTES:
        router.add_api_route(
            f"/subjects/{{uscc}}/penalties/{{penalty_id}}/{route.name}",
            _endpoint(route),
            methods=["POST"],
            summary=route.words.rstrip("."),
            name=f"{route.name.replace('-', '_')}_penalty",
            response_model=PenaltyOut,
            responses=answers(
                examples.PENALTY, *MOVE_REFUSALS, *route.refusals, words="The penalty after it.", headers=("ETag",)
            ),
        )


def _endpoint(route: Route) -> Callable[..., Awaitable[Response]]:
    async def _move(  # the body's type is the row's
        uscc: Uscc,
        penalty_id: UUID,
        actor: ActorDep,
        session: SessionDep,
        catalog: CatalogDep,
        now: Now,
        expected: VersionDep,
        body: Any,  # noqa: ANN401
    ) -> Response:
        code, _ = read_uscc(uscc)
        order = Order(code, penalty_id, actor, expected, now)
        row = await route.run(session, catalog, order, body)
        return show(row, actor=actor, order=order)

    citation = MOVES[route.name].citation if route.name in MOVES else None
    _move.__annotations__["body"] = Annotated[route.body, Body()]
    _move.__doc__ = route.words + (f"\n\nSource: {citation}." if citation else "")
    return _move


__all__ = ["MOVE_REFUSALS", "MovedOut", "add_transitions", "show", "signature_of"]
