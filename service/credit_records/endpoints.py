from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.credit_records import (
    Coverage,
    CreditRecordList,
    CreditRecordOut,
    RecordClasses,
    RecordCorrected,
    RecordMade,
    RecordStated,
    ReportedOn,
)
from schemas.penalties import Reasoned
from service.access.declared import Whose
from service.access.rules import RECORD_ROLES, Actor, Role, WhichAuthority
from service.catalog.rules import Catalog
from service.credit_records.actions import On, Statement, correct, keep_reported, record, withdraw
from service.credit_records.queries import Row, count_coverage, find_record, list_records
from service.credit_records.rules import (
    BodyRefused,
    NoSuchCreditRecord,
    NothingToReport,
    NumberTaken,
    OutsideTheCatalog,
    RecordWithdrawn,
    classes,
    edition,
)
from service.credit_records.views import record_view
from service.http import (
    PUBLIC,
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    CatalogDep,
    NoteDep,
    Now,
    ReadSessionDep,
    SessionDep,
    Today,
    VersionDep,
    answers,
    json_response,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.records.rules import ImpossibleDay, OtherAuthority
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc
from service.subjects.endpoints import OWN, Uscc
from service.versions import version_etag

router = APIRouter(prefix="/v1", tags=["subjects"])
PATH: Final = "/subjects/{uscc}/credit-records"
READERS: Final = (*sorted(RECORD_ROLES), Role.AUDITOR, Role.SUBJECT_AGENT)
Reader = Annotated[Actor, require(*READERS, whose=Whose.SEEN)]
Recorder = Annotated[Actor, require(Role.RECORDER, whose=Whose.OWN)]
STATED: Final[dict[str, Any]] = {
    "class_id": "permit",
    "party_name": "重庆示例商贸有限公司",
    "title": "食品经营许可",
    "document_no": "渝示许〔2026〕8号",
    "decided_on": "2026-11-20",
    "valid_from": "2026-11-20",
    "valid_until": "2031-11-19",
    "body": {"permit_kind": "普通", "permit_name": "食品经营许可决定书", "content": "食品销售"},
}
RECORD: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c40",
    "uscc": "91500000XY0000012K",
    "version_no": 1,
    "state": "recorded",
    **STATED,
    "catalog_class": "行政管理信息",
    "authority_code": "cq-market-regulation",
    "source": "own:cq-market-regulation",
    "speaks": True,
    "report_due_on": "2026-12-01",
    "provisional": False,
    "reported_on": None,
    "reason": None,
    "recorded_at": "2026-11-24T12:00:00+08:00",
}
MOVES: Final = (*ROLE_REFUSALS, MalformedUscc, NoSuchCreditRecord, OtherAuthority, RecordWithdrawn, *VERSION_REFUSALS)


def _stated(body: RecordStated) -> Statement:
    return Statement(**body.model_dump(exclude={"authority", "reason"}))


def _answer(
    row: Row, catalog: Catalog, today: date, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    told = {"ETag": version_etag(row["version_no"]), **OWN, **(headers or {})}
    return json_response(record_view(row, catalog, today=today), status=status, headers=told)


@router.get(
    "/catalog/record-classes",
    dependencies=[PUBLIC],
    summary="List classes of credit records",
    response_model=RecordClasses,
    responses=answers({"edition": "2024", "items": [asdict(classes()["compliance"])]}),
)
async def list_classes() -> dict[str, Any]:
    """Give the classes of the national catalogue of which records are kept here, with the schema of each. Nothing else is stored."""
    return {"edition": edition(), "items": [asdict(kind) for kind in classes().values()]}


@router.get(
    "/coverage",
    summary="Read what is covered",
    response_model=Coverage,
    responses=answers(
        {
            "districts": [{"district": "500105", "subjects": 812}],
            "penalty_sources": [{"source": "own:cq-market-regulation", "records": 90}],
            "classes": [
                {
                    "class_id": "permit",
                    "authority_code": "cq-market-regulation",
                    "records": 40,
                    "subjects": 31,
                    "last_at": "2026-11-24T12:00:00+08:00",
                }
            ],
            "classes_without_records": ["honour"],
        },
        *ROLE_REFUSALS,
    ),
)
async def show_coverage(
    actor: Annotated[Actor, require(Role.SUPERVISOR, Role.RULE_KEEPER, Role.AUDITOR)], session: ReadSessionDep
) -> dict[str, Any]:
    """Count registered subjects by district, penalties by source, and records by class and supplier; and name what is empty."""
    del actor
    found: dict[str, Any] = await count_coverage(session)
    there = {row["class_id"] for row in found["classes"]}
    return found | {"classes_without_records": sorted(set(classes()) - there)}


@router.get(
    PATH,
    summary="List credit records of further classes",
    response_model=CreditRecordList,
    responses=answers({"items": [RECORD]}, *ROLE_REFUSALS, MalformedUscc),
)
async def list_subject_records(
    uscc: Uscc,
    actor: Reader,
    session: ReadSessionDep,
    catalog: CatalogDep,
    note: NoteDep,
    today: Today,
    class_id: Annotated[str | None, Query(max_length=80, description="Only of this class.")] = None,
) -> Response:
    """Give a subject's records of the further classes that the key may see; they are not public and never make an outcome."""
    code, _ = read_uscc(uscc)
    rows = await list_records(session, uscc=code, actor=actor, class_id=class_id)
    note.owners |= {row["authority_code"] for row in rows}
    return json_response({"items": [record_view(row, catalog, today=today) for row in rows]}, headers=OWN)


@router.post(
    PATH,
    summary="Record something of a further class",
    status_code=201,
    response_model=CreditRecordOut,
    responses=answers(
        RECORD,
        *ROLE_REFUSALS,
        MalformedUscc,
        WhichAuthority,
        OtherAuthority,
        OutsideTheCatalog,
        BodyRefused,
        NumberTaken,
        ImpossibleDay,
        *REPEAT_REFUSALS,
        status=201,
        words="The record.",
        headers=("ETag", "Location"),
    ),
)
async def record_credit_record(
    uscc: Uscc,
    body: Annotated[RecordMade, Body(examples=[STATED])],
    actor: Recorder,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
    today: Today,
) -> Response:
    """Record a permit, a court enforcement, an honour, a commitment or another class of the catalogue about a subject.

    Source: 全国公共信用信息基础目录 (nothing outside it is put into credit records).
    """
    code, _ = read_uscc(uscc)
    authority = body.authority or actor.authority_for(Role.RECORDER)
    row = await record(session, catalog, uscc=code, stated=_stated(body), authority=authority, actor=actor, now=now)
    response.headers["Location"] = f"/v1/subjects/{code}/credit-records/{row['id']}"
    return _answer(row, catalog, today, status=201, headers=dict(response.headers))


@router.get(
    PATH + "/{credit_record_id}",
    summary="Read a credit record of a further class",
    response_model=CreditRecordOut,
    responses=answers(RECORD, *ROLE_REFUSALS, MalformedUscc, NoSuchCreditRecord, headers=("ETag",)),
)
async def show_record(
    uscc: Uscc,
    credit_record_id: UUID,
    actor: Reader,
    session: ReadSessionDep,
    catalog: CatalogDep,
    note: NoteDep,
    today: Today,
) -> Response:
    """Give a record; the ETag is the version that a change names in `If-Match`."""
    code, _ = read_uscc(uscc)
    row = await find_record(session, uscc=code, record_id=credit_record_id, actor=actor)
    if row is None:
        raise NoSuchCreditRecord(
            f"There is no credit record {credit_record_id} here that you may see.", detail_zh="没有可供查看的此项记录。"
        )
    note.owners.add(row["authority_code"])
    return _answer(row, catalog, today)


@router.post(
    PATH + "/{credit_record_id}/correct",
    summary="Correct a credit record",
    response_model=CreditRecordOut,
    responses=answers(RECORD, *MOVES, OutsideTheCatalog, BodyRefused, NumberTaken, ImpossibleDay, headers=("ETag",)),
)
async def correct_record(
    uscc: Uscc,
    credit_record_id: UUID,
    body: Annotated[RecordCorrected, Body(examples=[STATED | {"reason": "有效期有误"}])],
    actor: Recorder,
    session: SessionDep,
    catalog: CatalogDep,
    expected: VersionDep,
    now: Now,
    today: Today,
) -> Response:
    """State a record anew. The version before is kept."""
    code, _ = read_uscc(uscc)
    on = On(code, credit_record_id, expected, actor, now)
    return _answer(await correct(session, on, stated=_stated(body), reason=body.reason), catalog, today)


@router.post(
    PATH + "/{credit_record_id}/withdraw",
    summary="Withdraw a credit record",
    response_model=CreditRecordOut,
    responses=answers(RECORD | {"state": "withdrawn", "speaks": False}, *MOVES, headers=("ETag",)),
)
async def withdraw_record(
    uscc: Uscc,
    credit_record_id: UUID,
    body: Annotated[Reasoned, Body(examples=[{"reason": "许可已被撤销"}])],
    actor: Recorder,
    session: SessionDep,
    catalog: CatalogDep,
    expected: VersionDep,
    now: Now,
    today: Today,
) -> Response:
    """Withdraw a record that is wrong, or that its authority revoked."""
    code, _ = read_uscc(uscc)
    return _answer(
        await withdraw(session, On(code, credit_record_id, expected, actor, now), reason=body.reason), catalog, today
    )


@router.post(
    PATH + "/{credit_record_id}/reported",
    summary="Enter that Credit China accepted it",
    response_model=CreditRecordOut,
    responses=answers(
        RECORD | {"reported_on": "2026-11-24"}, *MOVES, NothingToReport, ImpossibleDay, headers=("ETag",)
    ),
)
async def enter_reported(
    uscc: Uscc,
    credit_record_id: UUID,
    body: Annotated[ReportedOn, Body(examples=[{"reported_on": "2026-11-24"}])],
    actor: Recorder,
    session: SessionDep,
    catalog: CatalogDep,
    expected: VersionDep,
    now: Now,
    today: Today,
) -> Response:
    """Enter the day on which the other side accepted a permit: that meets D01, sending does not."""
    code, _ = read_uscc(uscc)
    on = On(code, credit_record_id, expected, actor, now)
    return _answer(await keep_reported(session, on, reported_on=body.reported_on), catalog, today)
