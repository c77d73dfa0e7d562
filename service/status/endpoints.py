"""What this room serves, declared for its documentation and for everybody who walks over all operations.

The functions have no bodies: `door.py` answers before the framework looks for a route, by `rules.outcome`.
"""

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query

from schemas.status import BatchOut, BatchQuestion, StatusOut, StatusQuestion
from service.audit.rules import Audited, audited
from service.http import KEY_REFUSALS, PUBLIC, ActorDep, answers
from service.status import examples
from service.status.rules import FutureMoment, MalformedMoment, MalformedUscc, PositionNotReached, TooManyCodes

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


AskedUscc = Annotated[
    str, Path(max_length=200, description="Unified social credit code.", examples=["91500000XY0000012K"])
]


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
    uscc: AskedUscc,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    after_position: AfterPosition = 0,
    if_none_match: Annotated[str | None, Header(description="The ETag you have.")] = None,
) -> None:
    """Give the public state of a subject: listed, penalised, clear or not covered. No key is needed.

    The ETag changes with the position of the log, with every delivery of a source and with the legal day, so an answer is
    never taken for present past the next edge of a publication window.
    """


@router.post(
    "",
    summary="Look up one status by code and name",
    response_model=StatusOut,
    responses=answers(examples.ANSWER, *KEY_REFUSALS, *MOMENTS, words="The answer."),
)
@audited(Audited.ANSWERS)
async def ask_status(
    body: Annotated[StatusQuestion, Body(examples=[examples.QUESTION])],
    actor: ActorDep,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    after_position: AfterPosition = 0,
) -> None:
    """Give the public state of a subject, and warn when the name asked beside the code is none of its names.

    Code and name travel in the body, so they stand in no access log.
    """


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
    actor: ActorDep,
    after_position: AfterPosition = 0,
) -> None:
    """Give the public state of up to 10,000 subjects, all at one position of the log.

    An item that is no credit code gets an error in its place, with the code that may be meant where only one can be.
    """
