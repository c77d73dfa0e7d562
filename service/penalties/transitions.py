"""The routes of a penalty's moves: `POST …/{id}/{transition}`, one row a move, each with the body it needs."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from schemas.penalties import (
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
from service.access.rules import OwnWork
from service.catalog.queries import Catalog
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
    MAY_REJECT,
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
from service.records.queries import Row, with_objection
from service.records.routes import Route, Shown
from service.records.rules import ImpossibleDay

_GATE: Final = (GateFailed, NotSigned, TierDiffers, OwnWork)


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


async def _withdraw(session: AsyncSession, catalog: Catalog, order: Order, body: Withdrawn) -> Row:
    return await withdraw(session, catalog, order, withdrawal=Withdrawal(**body.model_dump()))


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
    Route(MOVES["edit"], PenaltyFields, _edit, (AlreadyRecorded, ImpossibleDay)),
    Route(MOVES["submit"], Nothing, _submit, (AlreadyRecorded,)),
    Route(MOVES["discard"], Reasoned, _discard),
    Route(MOVES["return"], Reasoned, _return, (OwnWork,)),
    Route(MOVES["approve"], Signed, _approve, _GATE),
    Route(MOVES["publish"], Nothing, _publish, (*_GATE, NotDisplayed, WindowOver)),
    Route(MOVES["withhold"], Withheld, _withhold, (ImpossibleDay, OwnWork)),
    Route(MOVES["reopen"], Reasoned, _reopen),
    Route(MOVES["withdraw"], Withdrawn, _withdraw, (ImpossibleDay, NoSuccessor, PersonalDataInText)),
    Route(MOVES["suspend"], Suspended, _suspend),
    Route(MOVES["resume"], Reasoned, _resume),
    Route(MOVES["recall"], Recalled, _recall),
    Route(MOVES["republish"], Republished, _republish, (*_GATE, CorrectionOpen, WindowOver)),
    Route(MOVES["correct"], Signed, _correct, (*_GATE, NoOpenCorrection, AlreadyRecorded)),
    Route(MAY_REJECT, Reasoned, _reject, (NoOpenCorrection, OwnWork)),
)


async def _view(session: AsyncSession, row: Row, order: Order) -> dict[str, Any]:
    return penalty_view(await with_objection(session, row), actor=order.actor, today=order.today)


SHOWN: Final = Shown(PenaltyOut, examples.PENALTY, "penalty", _view)
