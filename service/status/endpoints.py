from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response

from schemas.status import BatchOut, BatchQuestion, StatusOut, StatusQuestion
from service.audit.packing import pack_codes
from service.audit.rules import Audited, audited, plain_code
from service.http import (
    KEY_REFUSALS,
    PUBLIC,
    ActorDep,
    CatalogDep,
    DatabaseDep,
    Identity,
    NoteDep,
    Now,
    answers,
    matches_etag,
    not_modified,
)
from service.limits.middleware import charge
from service.status import examples
from service.status.actions import Question, answer_batch, look_up
from service.status.rules import (
    MAX_BATCH,
    FutureMoment,
    MalformedMoment,
    MalformedUscc,
    PositionNotReached,
    TooManyCodes,
)
from service.store.reader import StoreReader

router = APIRouter(prefix="/v1/status", tags=["status"])

AsOf = Annotated[
    str | None,
    Query(
        max_length=40,
        description="A day (its 00:00 in Shanghai) or an instant, not in the future: what was in its window then and may"
        " still be shown.",
        examples=["2026-06-30"],
    ),
]
KnownAt = Annotated[
    str | None,
    Query(
        max_length=40,
        description="A day or an instant, not in the future: what this service knew by then and may still show.",
        examples=["2026-06-30T12:00:00+08:00"],
    ),
]
AfterPosition = Annotated[
    int,
    Query(
        ge=0,
        lt=2**63,
        description="A position of the change log that the answer must have reached; it is waited for, some seconds at most.",
    ),
]
MOMENTS = (MalformedUscc, MalformedMoment, FutureMoment, PositionNotReached)


async def _store(request: Request) -> StoreReader:
    store: StoreReader = request.app.state.status_store
    return store


StoreDep = Annotated[StoreReader, Depends(_store)]


@router.get(
    "/{uscc}",
    dependencies=[PUBLIC],
    summary="Look up one status",
    response_model=StatusOut,
    responses={
        **answers(examples.ANSWER, *MOMENTS, words="The answer.", headers=("ETag",)),
        304: {"description": "You have the present answer."},
    },
)
async def show_status(
    uscc: Annotated[
        str, Path(max_length=200, description="Unified social credit code.", examples=["91500000XY0000012K"])
    ],
    _identity: Identity,
    database: DatabaseDep,
    store: StoreDep,
    catalog: CatalogDep,
    now: Now,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    after_position: AfterPosition = 0,
    if_none_match: Annotated[str | None, Header(description="The ETag you have.")] = None,
) -> Response:
    """Give the public state of a subject: listed, penalised, clear or not covered. No key is needed.

    The ETag changes with the position of the log, with every delivery of a source and with the legal day, so an answer is
    never taken for present past the next edge of a publication window.
    """
    question = Question(uscc, as_of=as_of, known_at=known_at)
    answer = await look_up(
        database, question, divisions=catalog.known_divisions, now=now, store=store, least=after_position
    )
    if matches_etag(if_none_match, answer.etag):
        return not_modified(answer.etag)
    headers = {"ETag": answer.etag, "Cache-Control": "no-cache"}
    return Response(answer.body, headers=headers, media_type="application/json")


@router.post(
    "",
    summary="Look up one status by code and name",
    response_model=StatusOut,
    responses=answers(examples.ANSWER, *KEY_REFUSALS, *MOMENTS, words="The answer."),
)
@audited(Audited.ANSWERS)
async def ask_status(
    body: Annotated[StatusQuestion, Body(examples=[examples.QUESTION])],
    _actor: ActorDep,
    database: DatabaseDep,
    store: StoreDep,
    note: NoteDep,
    catalog: CatalogDep,
    now: Now,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    after_position: AfterPosition = 0,
) -> Response:
    """Give the public state of a subject, and warn when the name asked beside the code is none of its names.

    Code and name travel in the body, so they stand in no access log.
    """
    note.uscc = plain_code(body.uscc)
    question = Question(body.uscc, name=body.name, as_of=as_of, known_at=known_at)
    answer = await look_up(
        database, question, divisions=catalog.known_divisions, now=now, store=store, least=after_position
    )
    return Response(answer.body, headers={"Cache-Control": "no-cache"}, media_type="application/json")


@router.post(
    "/batch",
    summary="Look up many statuses",
    response_model=BatchOut,
    responses=answers(
        examples.BATCH, *KEY_REFUSALS, TooManyCodes, PositionNotReached, words="The answers, in the order of the codes."
    ),
)
@audited(Audited.ANSWERS)
async def ask_statuses(
    body: Annotated[BatchQuestion, Body(examples=[examples.BATCH_QUESTION])],
    _actor: ActorDep,
    note: NoteDep,
    request: Request,
    database: DatabaseDep,
    store: StoreDep,
    catalog: CatalogDep,
    now: Now,
    after_position: AfterPosition = 0,
) -> Response:
    """Give the public state of up to 10,000 subjects, all at one position of the log.

    An item that is no credit code gets an error in its place, with the code that may be meant where only one can be.
    """
    note.count = len(body.codes)
    if len(body.codes) <= MAX_BATCH:
        note.codes, note.digest = pack_codes(body.codes)
    charge(request, len(body.codes) - 1)
    batch = await answer_batch(
        database, body.codes, divisions=catalog.known_divisions, now=now, store=store, least=after_position
    )
    return Response(batch, headers={"Cache-Control": "no-cache"}, media_type="application/json")
