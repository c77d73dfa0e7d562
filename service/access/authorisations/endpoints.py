from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.access import AuthorisationCreate, AuthorisationOut, AuthorisationPage
from service.access import examples
from service.access.authorisations.actions import register_authorisation, revoke_authorisation
from service.access.authorisations.queries import get_authorisation, list_authorisations
from service.access.authorisations.rules import AuthorisationRevoked, NoSuchAuthorisation
from service.access.declared import Whose
from service.access.principals.rules import ImpossibleDays, NoSuchPrincipal
from service.access.rules import Actor, Role, WhichAuthority
from service.http import (
    CHANGES_ACCESS,
    ROLE_REFUSALS,
    BadCursor,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    answers,
    one_page,
    page_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.models import SubjectAuthorisation
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc

router = APIRouter(prefix="/v1/subject-authorisations", tags=["access"])

Registrar = Annotated[Actor, require(Role.REGISTRAR, whose=Whose.OWN)]
Reader = Annotated[Actor, require(Role.REGISTRAR, Role.SUBJECT_AGENT, Role.AUDITOR, whose=Whose.OWN)]
EXAMPLE: dict[str, Any] = {name: examples.AUTHORISATION[name] for name in AuthorisationCreate.model_fields}


@router.get(
    "",
    summary="List the agents of enterprises",
    response_model=AuthorisationPage,
    responses=answers({"items": [examples.AUTHORISATION], "next": None}, *ROLE_REFUSALS, BadCursor, MalformedUscc),
)
async def list_all_authorisations(
    actor: Reader,
    session: ReadSessionDep,
    page: PageDep,
    uscc: Annotated[str | None, Query(max_length=200, description="Only this enterprise's.")] = None,
) -> dict[str, Any]:
    """Give the authorisations that your authorities registered, or, to an agent, its own. Ended ones too."""
    code = None if uscc is None else read_uscc(uscc)[0]
    found = await list_authorisations(session, actor=actor, uscc=code, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": part, "next": following}


@router.post(
    "",
    dependencies=[CHANGES_ACCESS],
    summary="Register an enterprise's agent",
    status_code=201,
    response_model=AuthorisationOut,
    responses=answers(
        examples.AUTHORISATION,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        MalformedUscc,
        WhichAuthority,
        NoSuchPrincipal,
        ImpossibleDays,
        status=201,
        words="The authorisation as entered.",
        headers=("Location",),
    ),
)
async def add_authorisation(
    body: Annotated[AuthorisationCreate, Body(examples=[EXAMPLE])],
    actor: Registrar,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> SubjectAuthorisation:
    """Note that a principal has proven to be an enterprise's agent; with the role subject_agent it reads the whole file."""
    stated = body.model_dump() | {"uscc": read_uscc(body.uscc)[0]}
    made = await register_authorisation(session, **stated, actor=actor, now=now)
    response.headers["Location"] = f"/v1/subject-authorisations/{made.id}"
    return made


@router.get(
    "/{authorisation_id}",
    summary="Show an authorisation",
    response_model=AuthorisationOut,
    responses=answers(examples.AUTHORISATION, *ROLE_REFUSALS, NoSuchAuthorisation),
)
async def show_authorisation(authorisation_id: UUID, actor: Reader, session: ReadSessionDep) -> SubjectAuthorisation:
    """Give who is an enterprise's agent, from when to when, and what was seen as proof."""
    return await get_authorisation(session, authorisation_id=authorisation_id, actor=actor)


@router.post(
    "/{authorisation_id}/revoke",
    dependencies=[CHANGES_ACCESS],
    summary="End an authorisation",
    response_model=AuthorisationOut,
    responses=answers(
        examples.AUTHORISATION | {"revoked_by": examples.ADMINISTRATOR_ID, "revoked_at": examples.AT},
        *ROLE_REFUSALS,
        NoSuchAuthorisation,
        AuthorisationRevoked,
    ),
)
async def end_authorisation(
    authorisation_id: UUID, actor: Registrar, session: SessionDep, now: Now
) -> SubjectAuthorisation:
    """End an authorisation before its last day; within a second the agent reads what the public reads."""
    return await revoke_authorisation(session, authorisation_id=authorisation_id, actor=actor, now=now)
