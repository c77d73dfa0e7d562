"""The routes of an entry's moves, one row a move."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from schemas.blacklist import (
    Consented,
    EntryEdit,
    EntryOut,
    Listed,
    Notified,
    Ordered,
    Removed,
    Revoked,
    StatementRecorded,
)
from schemas.penalties import Nothing, Reasoned
from service.access.rules import OwnWork
from service.blacklist import examples
from service.blacklist.actions import begin, finish
from service.blacklist.actions.correcting import correct, reject_correction
from service.blacklist.actions.entering import (
    Listing,
    consent,
    edit_entry,
    list_subject,
    not_list,
    notify,
    propose,
    record_statement,
)
from service.blacklist.actions.leaving import keep, recall, remove, revoke, show_again, suspend
from service.blacklist.rules import (
    CONSENT,
    MAY_REJECT,
    MOVES,
    REFUSE_CONSENT,
    AlreadyListed,
    ConsentMissing,
    EntryTestFailed,
    ListEnded,
    NoHigherAuthority,
    NoOpenRevocation,
    NoSuchPenalty,
    NotEnteredHere,
    StatementPeriodOpen,
)
from service.blacklist.views import entry_view
from service.catalog.rules import Catalog
from service.penalties.rules import CorrectionOpen, NoOpenCorrection
from service.records.actions import Order
from service.records.queries import Row, with_objection
from service.records.routes import Route, Shown
from service.records.rules import ImpossibleDay


async def _edit(session: AsyncSession, _catalog: Catalog, order: Order, body: EntryEdit) -> Row:
    return await edit_entry(session, order, changes=body.stated(), penalties=body.penalties)


async def _discard(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    row = await begin(session, order, MOVES["discard"])
    return await finish(session, order, MOVES["discard"], row, reason=body.reason)


async def _propose(session: AsyncSession, catalog: Catalog, order: Order, _body: Nothing) -> Row:
    return await propose(session, catalog, order)


async def _notify(session: AsyncSession, _catalog: Catalog, order: Order, body: Notified) -> Row:
    return await notify(session, order, notified_on=body.notified_on, statement_until=body.statement_until)


async def _statement(session: AsyncSession, _catalog: Catalog, order: Order, body: StatementRecorded) -> Row:
    return await record_statement(session, order, statement=body.statement, no_intent_evidence=body.no_intent_evidence)


async def _consent(session: AsyncSession, _catalog: Catalog, order: Order, body: Consented) -> Row:
    return await consent(session, order, CONSENT, document_no=body.document_no, reason=body.reason)


async def _refuse_consent(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await consent(session, order, REFUSE_CONSENT, document_no=None, reason=body.reason)


async def _list(session: AsyncSession, catalog: Catalog, order: Order, body: Listed) -> Row:
    return await list_subject(session, catalog, order, listing=Listing(**body.model_dump()))


async def _not_list(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await not_list(session, order, reason=body.reason)


async def _remove(session: AsyncSession, catalog: Catalog, order: Order, body: Removed) -> Row:
    return await remove(
        session, catalog, order, reason=body.reason, basis=body.basis, document_no=body.document_no, since=body.since
    )


async def _revoke(session: AsyncSession, _catalog: Catalog, order: Order, body: Revoked) -> Row:
    return await revoke(session, order, reason=body.reason, basis=body.basis, document_no=body.document_no)


async def _suspend(session: AsyncSession, _catalog: Catalog, order: Order, body: Ordered) -> Row:
    return await suspend(session, order, reason=body.reason, basis=body.basis)


async def _resume(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await show_again(session, order, "resume", reason=body.reason)


async def _recall(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await recall(session, order, reason=body.reason)


async def _republish(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await show_again(session, order, "republish", reason=body.reason)


async def _keep(session: AsyncSession, catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await keep(session, catalog, order, reason=body.reason)


async def _correct(session: AsyncSession, catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await correct(session, catalog, order, note=body.reason)


async def _reject(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await reject_correction(session, order, reason=body.reason)


_TEST: Final = (EntryTestFailed, ListEnded, NotEnteredHere)
ROUTES: Final = (
    Route(MOVES["edit"], EntryEdit, _edit, (NoSuchPenalty, ImpossibleDay)),
    Route(MOVES["discard"], Reasoned, _discard),
    Route(MOVES["propose"], Nothing, _propose, _TEST),
    Route(MOVES["notify"], Notified, _notify, (ImpossibleDay,)),
    Route(MOVES["record-statement"], StatementRecorded, _statement),
    Route(CONSENT, Consented, _consent, (NoHigherAuthority, OwnWork)),
    Route(REFUSE_CONSENT, Reasoned, _refuse_consent, (NoHigherAuthority, OwnWork)),
    Route(
        MOVES["list"],
        Listed,
        _list,
        (*_TEST, StatementPeriodOpen, ConsentMissing, AlreadyListed, ImpossibleDay, OwnWork),
    ),
    Route(MOVES["not-list"], Reasoned, _not_list, (OwnWork,)),
    Route(MOVES["remove"], Removed, _remove, (ImpossibleDay,)),
    Route(MOVES["revoke"], Revoked, _revoke),
    Route(MOVES["suspend"], Ordered, _suspend),
    Route(MOVES["resume"], Reasoned, _resume),
    Route(MOVES["recall"], Reasoned, _recall),
    Route(MOVES["republish"], Reasoned, _republish, (OwnWork, CorrectionOpen)),
    Route(MOVES["keep"], Reasoned, _keep, (EntryTestFailed, NoOpenRevocation, OwnWork)),
    Route(MOVES["correct"], Reasoned, _correct, (AlreadyListed, EntryTestFailed, NoOpenCorrection, OwnWork)),
    Route(MAY_REJECT, Reasoned, _reject, (NoOpenCorrection, OwnWork)),
)


async def _view(session: AsyncSession, row: Row, order: Order) -> dict[str, Any]:
    return entry_view(await with_objection(session, row), actor=order.actor, today=order.today)


SHOWN: Final = Shown(EntryOut, examples.ENTRY, "blacklist_entry", _view)
