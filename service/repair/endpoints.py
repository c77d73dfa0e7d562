from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.penalties import Nothing, Reasoned
from schemas.repair import (
    CertificateOut,
    ObjectionFiled,
    ObjectionOut,
    ObjectionPage,
    ObjectionUpheld,
    RepairFiled,
    RepairGranted,
    RepairOut,
    RepairPage,
    RepairReceived,
    RepairRefused,
)
from service.access.declared import Whose
from service.access.rules import Actor, OwnWork
from service.catalog.rules import Catalog
from service.http import (
    KEY_REFUSALS,
    ActorDep,
    BadCursor,
    CatalogDep,
    Now,
    PageDep,
    ReadSessionDep,
    answers,
    json_response,
    one_page,
    page_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.records.actions import Order
from service.records.queries import Row
from service.records.routes import Route, Shown, add_routes, after_move
from service.records.rules import ImpossibleDay, NoSuchRecord
from service.repair import examples
from service.repair.actions import conditions, get_case, record_of
from service.repair.actions.objections import (
    Complaint,
    decide_objection,
    file_objection,
    hide_meanwhile,
    take_back_objection,
)
from service.repair.actions.repairs import (
    Application,
    Grant,
    accept,
    file_repair,
    grant,
    not_accept,
    receive,
    refuse,
    take_back,
)
from service.repair.queries import list_cases, list_events
from service.repair.rules import (
    HIDE,
    OBJECTION_MOVES,
    REPAIR_MOVES,
    TAKE_BACK,
    TAKE_BACK_OBJECTION,
    AlreadyReceived,
    ConditionsNotMet,
    CourtDocumentMissing,
    Intake,
    NoCertificate,
    NoLawNamed,
    NoSuchCase,
    NotConfirmed,
    NothingToRepair,
    NotItsAgent,
    ObjectionState,
    RepairOpen,
    RepairState,
    conditions_view,
)
from service.repair.views import certificate_view, is_decided, objection_view, repair_view
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc
from service.subjects.endpoints import OWN, Uscc
from service.versions import ANY_VERSION, version_etag

router = APIRouter(prefix="/v1", tags=["repair"])
Seen = Annotated[Actor, require(whose=Whose.SEEN)]
REPAIRS: Final = "/subjects/{uscc}/repairs"
OBJECTIONS: Final = "/subjects/{uscc}/objections"


async def _receive(session: AsyncSession, catalog: Catalog, order: Order, body: RepairReceived) -> Row:
    return await receive(session, catalog, order, intake=Intake(body.intake), received_on=body.received_on)


async def _accept(session: AsyncSession, catalog: Catalog, order: Order, _body: Nothing) -> Row:
    return await accept(session, catalog, order)


async def _not_accept(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await not_accept(session, order, reason=body.reason)


async def _grant(session: AsyncSession, catalog: Catalog, order: Order, body: RepairGranted) -> Row:
    return await grant(session, catalog, order, decision=Grant(body.document_no, body.reason, dict(body.confirmed)))


async def _refuse(session: AsyncSession, catalog: Catalog, order: Order, body: RepairRefused) -> Row:
    return await refuse(session, catalog, order, reason=body.reason, basis=body.basis, law=body.law)


async def _take_back(session: AsyncSession, _catalog: Catalog, order: Order, _body: Nothing) -> Row:
    return await take_back(session, order)


async def _uphold(session: AsyncSession, _catalog: Catalog, order: Order, body: ObjectionUpheld) -> Row:
    return await decide_objection(session, order, "uphold", reason=body.reason, hide=body.hide)


async def _reject(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await decide_objection(session, order, "reject", reason=body.reason)


async def _hide(session: AsyncSession, _catalog: Catalog, order: Order, body: Reasoned) -> Row:
    return await hide_meanwhile(session, order, reason=body.reason)


async def _take_back_objection(session: AsyncSession, _catalog: Catalog, order: Order, _body: Nothing) -> Row:
    return await take_back_objection(session, order)


async def _show_repair(session: AsyncSession, row: Row, _order: Order) -> dict[str, Any]:
    return repair_view(row, row["conditions"] or [], await list_events(session, uscc=row["uscc"], case_id=row["id"]))


async def _show_objection(session: AsyncSession, row: Row, _order: Order) -> dict[str, Any]:
    return objection_view(row, await list_events(session, uscc=row["uscc"], case_id=row["id"]))


REPAIR_SHOWN: Final = Shown(RepairOut, examples.REPAIR, "repair", _show_repair, "repair_id")
OBJECTION_SHOWN: Final = Shown(ObjectionOut, examples.OBJECTION, "objection", _show_objection, "objection_id")
REPAIR_ROUTES: Final = (
    Route(REPAIR_MOVES["receive"], RepairReceived, _receive, (NoSuchCase, AlreadyReceived, ImpossibleDay)),
    Route(REPAIR_MOVES["accept"], Nothing, _accept, (NoSuchCase,)),
    Route(REPAIR_MOVES["not-accept"], Reasoned, _not_accept, (NoSuchCase,)),
    Route(
        REPAIR_MOVES["grant"],
        RepairGranted,
        _grant,
        (NoSuchCase, ConditionsNotMet, NotConfirmed, NothingToRepair, OwnWork),
    ),
    Route(REPAIR_MOVES["refuse"], RepairRefused, _refuse, (NoSuchCase, NoLawNamed, OwnWork)),
    Route(TAKE_BACK, Nothing, _take_back, (NoSuchCase, OwnWork)),
)
OBJECTION_ROUTES: Final = (
    Route(OBJECTION_MOVES["uphold"], ObjectionUpheld, _uphold, (NoSuchCase,)),
    Route(OBJECTION_MOVES["reject"], Reasoned, _reject, (NoSuchCase,)),
    Route(HIDE, Reasoned, _hide, (NoSuchCase,)),
    Route(TAKE_BACK_OBJECTION, Nothing, _take_back_objection, (NoSuchCase, OwnWork)),
)
add_routes(router, REPAIRS + "/{repair_id}", REPAIR_ROUTES, REPAIR_SHOWN)
add_routes(router, OBJECTIONS + "/{objection_id}", OBJECTION_ROUTES, OBJECTION_SHOWN)


@router.post(
    REPAIRS,
    summary="Apply for a repair",
    status_code=201,
    response_model=RepairOut,
    responses=answers(
        examples.REPAIR,
        *KEY_REFUSALS,
        MalformedUscc,
        NoSuchRecord,
        NotItsAgent,
        NothingToRepair,
        RepairOpen,
        CourtDocumentMissing,
        ImpossibleDay,
        *REPEAT_REFUSALS,
        status=201,
        words="The application.",
        headers=("ETag", "Location"),
    ),
)
async def file_application(
    uscc: Uscc,
    body: RepairFiled,
    actor: ActorDep,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
) -> Response:
    """Apply for the repair of one record, as the firm's agent or, for it, as the authority's repair officer.

    The statutory door is Credit China, or GSXT for market regulation: a receipt here alone starts no clock (`clock_runs`).
    Attach proof of performance as a document of the application. Source: NDRC令36号 art. 2 (repair is a right).
    """
    code, _ = read_uscc(uscc)
    order = Order(code, body.record_id, actor, ANY_VERSION, now)
    application = Application(**body.model_dump())
    row = await file_repair(session, catalog, uscc=code, application=application, actor=actor, order=order)
    response.headers["Location"] = f"/v1/subjects/{code}/repairs/{row['id']}"
    return await after_move(session, REPAIR_SHOWN, row, order, made=response)


@router.get(
    "/repairs",
    summary="List applications for repair",
    response_model=RepairPage,
    responses=answers({"items": [examples.REPAIR], "next": None}, *KEY_REFUSALS, MalformedUscc, BadCursor),
)
async def list_repairs(
    actor: Seen,
    session: ReadSessionDep,
    page: PageDep,
    uscc: Annotated[str | None, Query(max_length=200, description="Only those of this firm.")] = None,
    state: Annotated[RepairState | None, Query(description="Only those that stand in this state.")] = None,
) -> Response:
    """Give the applications that the key may see: of its authority, of the firms it is an agent of, and its own."""
    code = None if uscc is None else read_uscc(uscc)[0]
    rows = await list_cases(
        session, "repair", actor=actor, uscc=code, state=state, after=page_after(page), limit=page.limit + 1
    )
    part, following = one_page(rows, page)
    items = [repair_view(row, row["conditions"] or [], []) for row in part]
    return json_response({"items": items, "next": following}, headers=OWN)


@router.get(
    REPAIRS + "/{repair_id}",
    summary="Read an application for repair",
    response_model=RepairOut,
    responses=answers(examples.REPAIR, *KEY_REFUSALS, MalformedUscc, NoSuchCase, headers=("ETag",)),
)
async def show_repair(
    uscc: Uscc, repair_id: UUID, actor: Seen, session: ReadSessionDep, catalog: CatalogDep, now: Now
) -> Response:
    """Give an application with its conditions one by one: as they stand today, or as they stood at the decision."""
    code, _ = read_uscc(uscc)
    row = await get_case(session, "repair", uscc=code, case_id=repair_id, actor=actor)
    order = Order(code, repair_id, actor, ANY_VERSION, now)
    found = row["conditions"] if is_decided(row) else conditions_view(await conditions(session, catalog, row, order))
    view = repair_view(row, found, await list_events(session, uscc=code, case_id=repair_id))
    return json_response(view, headers={"ETag": version_etag(row["version_no"]), **OWN})


@router.get(
    REPAIRS + "/{repair_id}/certificate",
    summary="Read the certificate of a repair",
    response_model=CertificateOut,
    responses=answers(examples.CERTIFICATE, *KEY_REFUSALS, MalformedUscc, NoSuchCase, NoCertificate),
)
async def show_certificate(uscc: Uscc, repair_id: UUID, actor: Seen, session: ReadSessionDep) -> Response:
    """Give the certificate that publication has ended, to the firm and its authority alone."""
    code, _ = read_uscc(uscc)
    row = await get_case(session, "repair", uscc=code, case_id=repair_id, actor=actor)
    if row["state"] != RepairState.GRANTED:
        raise NoCertificate("There is no certificate: the repair is not granted.", detail_zh="尚未准予修复。")
    return json_response(certificate_view(row, await record_of(session, row)), headers=OWN)


@router.post(
    OBJECTIONS,
    summary="Object to a record",
    status_code=201,
    response_model=ObjectionOut,
    responses=answers(
        examples.OBJECTION,
        *KEY_REFUSALS,
        MalformedUscc,
        NoSuchRecord,
        ImpossibleDay,
        *REPEAT_REFUSALS,
        status=201,
        words="The objection.",
        headers=("ETag", "Location"),
    ),
)
async def object_to_record(
    uscc: Uscc,
    body: ObjectionFiled,
    actor: ActorDep,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
) -> Response:
    """Object to a record that you may see, or ask about it. Its authority decides with reasons.

    Source: SAMR令45号 art. 12 (wrong information is corrected promptly); 企业信息公示暂行条例 art. 13 (queries).
    """
    code, _ = read_uscc(uscc)
    order = Order(code, body.record_id, actor, ANY_VERSION, now)
    complaint = Complaint(
        body.record_kind, body.record_id, body.nature, body.statement, body.received_on or order.today
    )
    row = await file_objection(session, catalog, uscc=code, complaint=complaint, actor=actor, order=order)
    response.headers["Location"] = f"/v1/subjects/{code}/objections/{row['id']}"
    return await after_move(session, OBJECTION_SHOWN, row, order, made=response)


@router.get(
    "/objections",
    summary="List objections",
    response_model=ObjectionPage,
    responses=answers({"items": [examples.OBJECTION], "next": None}, *KEY_REFUSALS, MalformedUscc, BadCursor),
)
async def list_objections(
    actor: Seen,
    session: ReadSessionDep,
    page: PageDep,
    uscc: Annotated[str | None, Query(max_length=200, description="Only those about this firm's records.")] = None,
    state: Annotated[ObjectionState | None, Query(description="Only those that stand in this state.")] = None,
) -> Response:
    """Give the objections that the key may see: to records of its authority, of the firms it is an agent of, and its own."""
    code = None if uscc is None else read_uscc(uscc)[0]
    rows = await list_cases(
        session, "objection", actor=actor, uscc=code, state=state, after=page_after(page), limit=page.limit + 1
    )
    part, following = one_page(rows, page)
    return json_response({"items": [objection_view(row, []) for row in part], "next": following}, headers=OWN)


@router.get(
    OBJECTIONS + "/{objection_id}",
    summary="Read an objection",
    response_model=ObjectionOut,
    responses=answers(examples.OBJECTION, *KEY_REFUSALS, MalformedUscc, NoSuchCase, headers=("ETag",)),
)
async def show_objection(uscc: Uscc, objection_id: UUID, actor: Seen, session: ReadSessionDep) -> Response:
    """Give an objection with its steps and its decision."""
    code, _ = read_uscc(uscc)
    row = await get_case(session, "objection", uscc=code, case_id=objection_id, actor=actor)
    view = objection_view(row, await list_events(session, uscc=code, case_id=objection_id))
    return json_response(view, headers={"ETag": version_etag(row["version_no"]), **OWN})
