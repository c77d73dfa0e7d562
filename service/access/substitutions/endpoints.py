from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Response

from schemas.access import SubstitutionCreate, SubstitutionOut, SubstitutionPage
from service.access import examples
from service.access.declared import Whose
from service.access.principals.rules import ImpossibleDays, NoSuchPrincipal
from service.access.rules import AUTHORITY_ROLES, Actor, Role
from service.access.substitutions.actions import end_substitution, register_substitution
from service.access.substitutions.queries import get_substitution, list_substitutions
from service.access.substitutions.rules import (
    NoSuchSubstitution,
    NotLendable,
    NotYourPlace,
    OwnSubstitute,
    Planned,
    RoleNotHeld,
    SubstitutionEnded,
)
from service.catalog.rules import NoSuchAuthority
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
from service.models import Substitution

router = APIRouter(prefix="/v1/substitutions", tags=["access"])

_PLANNERS = sorted({*AUTHORITY_ROLES, Role.ADMINISTRATOR})
Planner = Annotated[Actor, require(*_PLANNERS, whose=Whose.OWN)]
Reader = Annotated[Actor, require(*sorted({*_PLANNERS, Role.AUDITOR}), whose=Whose.OWN)]
EXAMPLE: dict[str, Any] = {name: examples.SUBSTITUTION[name] for name in SubstitutionCreate.model_fields}


@router.get(
    "",
    summary="List substitutions",
    response_model=SubstitutionPage,
    responses=answers({"items": [examples.SUBSTITUTION], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_all_substitutions(actor: Reader, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give your own substitutions and those of your authorities; administrators and auditors see all. Ended ones too."""
    found = await list_substitutions(session, actor=actor, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": part, "next": following}


@router.post(
    "",
    dependencies=[CHANGES_ACCESS],
    summary="Let somebody stand in",
    status_code=201,
    response_model=SubstitutionOut,
    responses=answers(
        examples.SUBSTITUTION,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NotYourPlace,
        NoSuchPrincipal,
        NoSuchAuthority,
        RoleNotHeld,
        NotLendable,
        OwnSubstitute,
        ImpossibleDays,
        status=201,
        words="The substitution as entered.",
        headers=("Location",),
    ),
)
async def add_substitution(
    body: Annotated[SubstitutionCreate, Body(examples=[EXAMPLE])],
    actor: Planner,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> Substitution:
    """Let a principal hold a role for somebody else from one day to another.

    A `substitute` is a colleague of who is away; a `delegation` hands a role on to somebody of another authority; `lent` is a
    reviewer or consenter of the next higher authority, for an office in which nobody else may check. It rests on a grant and
    lapses with it. Whoever stands in is bound by the separation of duties like everybody else.
    """
    made = await register_substitution(session, Planned(**body.model_dump()), actor=actor, now=now)
    response.headers["Location"] = f"/v1/substitutions/{made.id}"
    return made


@router.get(
    "/{substitution_id}",
    summary="Show a substitution",
    response_model=SubstitutionOut,
    responses=answers(examples.SUBSTITUTION, *ROLE_REFUSALS, NoSuchSubstitution),
)
async def show_substitution(substitution_id: UUID, actor: Reader, session: ReadSessionDep) -> Substitution:
    """Give who stands in for whom, by which role, and on what basis."""
    return await get_substitution(session, substitution_id=substitution_id, actor=actor)


@router.post(
    "/{substitution_id}/end",
    dependencies=[CHANGES_ACCESS],
    summary="End a substitution",
    response_model=SubstitutionOut,
    responses=answers(
        examples.SUBSTITUTION | {"ended_by": examples.ADMINISTRATOR_ID, "ended_at": examples.AT},
        *ROLE_REFUSALS,
        NoSuchSubstitution,
        NotYourPlace,
        SubstitutionEnded,
    ),
)
async def stop_substitution(substitution_id: UUID, actor: Planner, session: SessionDep, now: Now) -> Substitution:
    """End a substitution before its last day: an administrator, whose place is taken, or who stands in."""
    return await end_substitution(session, substitution_id=substitution_id, actor=actor, now=now)
