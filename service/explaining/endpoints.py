from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from schemas.explaining import EntryExplanation, PenaltyExplanation
from service.access.declared import Whose
from service.access.rules import Actor
from service.explaining import examples
from service.explaining.actions import explain_entry_record, explain_penalty_record
from service.http import KEY_REFUSALS, CatalogDep, ReadSessionDep, Today, answers, require
from service.records.rules import NoSuchRecord
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc
from service.subjects.endpoints import Uscc

router = APIRouter(prefix="/v1/subjects", tags=["subjects"])

Reader = Annotated[Actor, require(whose=Whose.SEEN)]


@router.get(
    "/{uscc}/penalties/{penalty_id}/explain",
    summary="Explain the dates of a penalty",
    response_model=PenaltyExplanation,
    responses=answers(
        examples.PENALTY, *KEY_REFUSALS, MalformedUscc, NoSuchRecord, words="Every date with its reason."
    ),
)
async def explain_penalty(
    uscc: Uscc, penalty_id: UUID, actor: Reader, session: ReadSessionDep, catalog: CatalogDep, today: Today
) -> dict[str, Any]:
    """Tell why a penalty is shown from when to when: inputs, rule, article, grade, both clocks, and in words.

    Its own people also see the channels of the feeds and every deadline with the days that did not count.
    """
    code, _ = read_uscc(uscc)
    return await explain_penalty_record(session, catalog, uscc=code, record_id=penalty_id, actor=actor, today=today)


@router.get(
    "/{uscc}/blacklist-entries/{entry_id}/explain",
    summary="Explain the dates of a blacklist entry",
    response_model=EntryExplanation,
    responses=answers(examples.ENTRY, *KEY_REFUSALS, MalformedUscc, NoSuchRecord, words="Every date with its reason."),
)
async def explain_entry(
    uscc: Uscc, entry_id: UUID, actor: Reader, session: ReadSessionDep, catalog: CatalogDep
) -> dict[str, Any]:
    """Tell why a blacklist entry is shown from when to when: its list, the legal basis, the period, and in words."""
    code, _ = read_uscc(uscc)
    return await explain_entry_record(session, catalog, uscc=code, record_id=entry_id, actor=actor)
