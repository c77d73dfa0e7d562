from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Response
from sqlalchemy.ext.asyncio import AsyncSession

from schemas.access import GrantCreate, GrantOut, MeOut, PrincipalOut, PrincipalPage
from service.access import examples
from service.access.actions import grant_roles, revoke_grant, set_blocked
from service.access.declared import Whose
from service.access.principals.queries import get_principal, list_grants, list_principals
from service.access.principals.rules import (
    BlockedOrNot,
    DatedGrant,
    ImpossibleDays,
    NoSuchGrant,
    NoSuchPrincipal,
    OwnGrant,
    check_not_own,
)
from service.access.rules import Actor, Role, RoleWithoutAuthority
from service.catalog.rules import NoSuchAuthority
from service.http import (
    CHANGES_ACCESS,
    KEY_REFUSALS,
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
from service.models import AccessGrant, Principal

router = APIRouter(prefix="/v1", tags=["access"])

Administrator = Annotated[Actor, require(Role.ADMINISTRATOR)]
Myself = Annotated[Actor, require(whose=Whose.OWN)]


def _shown(principal: Principal, grants: list[AccessGrant]) -> dict[str, Any]:
    columns = {name: getattr(principal, name) for name in PrincipalOut.model_fields if name != "grants"}
    return columns | {"grants": grants}


@router.get("/me", summary="Who am I?", response_model=MeOut, responses=answers(examples.ME, *KEY_REFUSALS))
async def show_me(actor: Myself) -> dict[str, Any]:
    """Give the principal behind the key or token, and what it holds today."""
    held = sorted(actor.grants, key=lambda grant: (grant.role, grant.authority_code or "", grant.stands_in))
    return {
        "principal_id": actor.id,
        "name": actor.name,
        "roles": held,
        "authorities": sorted(actor.authorities(*Role)),
        "subjects": sorted(actor.subjects),
    }


@router.get(
    "/principals",
    summary="List the principals",
    response_model=PrincipalPage,
    responses=answers({"items": [examples.PRINCIPAL], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_all_principals(_actor: Administrator, session: ReadSessionDep, page: PageDep) -> dict[str, Any]:
    """Give all who act here, with all their grants, ended ones too."""
    found = await list_principals(session, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    grants = await list_grants(session, principal_ids=[principal.id for principal in part])
    return {"items": [_shown(one, grants.get(one.id, [])) for one in part], "next": following}


@router.get(
    "/principals/{principal_id}",
    summary="Show a principal",
    response_model=PrincipalOut,
    responses=answers(examples.PRINCIPAL, *ROLE_REFUSALS, NoSuchPrincipal),
)
async def show_principal(principal_id: UUID, _actor: Administrator, session: ReadSessionDep) -> dict[str, Any]:
    """Give a principal with all its grants, ended ones too."""
    principal = await get_principal(session, principal_id=principal_id)
    grants = await list_grants(session, principal_ids=[principal_id])
    return _shown(principal, grants.get(principal_id, []))


@router.post(
    "/principals/{principal_id}/grants",
    dependencies=[CHANGES_ACCESS],
    summary="Give a role",
    status_code=201,
    response_model=GrantOut,
    responses=answers(
        examples.GRANT,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NoSuchPrincipal,
        NoSuchAuthority,
        RoleWithoutAuthority,
        OwnGrant,
        ImpossibleDays,
        status=201,
        words="The grant as entered.",
        headers=("Location",),
    ),
)
async def grant_role(
    principal_id: UUID,
    body: Annotated[
        GrantCreate, Body(examples=[{"role": "reviewer", "authority_code": "cq-market-regulation", "until_on": None}])
    ],
    actor: Administrator,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> AccessGrant:
    """Give a principal a role for an authority. Nobody gives himself one.

    Roles that open records, or access, give nothing until another administrator has confirmed them
    (`/v1/access-proposals`); `platform`, `exporter` and `subject_agent` one administrator gives alone.
    """
    check_not_own(actor, principal_id)
    await get_principal(session, principal_id=principal_id)
    grant = DatedGrant(**body.model_dump())
    (made,) = await grant_roles(session, principal_id=principal_id, grants=[grant], by=str(actor.id), now=now)
    response.headers["Location"] = f"/v1/principals/{principal_id}"
    return made


@router.post(
    "/principals/{principal_id}/grants/{grant_id}/revoke",
    dependencies=[CHANGES_ACCESS],
    summary="Take a role away",
    response_model=GrantOut,
    responses=answers(
        examples.GRANT | {"revoked_by": examples.ADMINISTRATOR_ID, "revoked_at": examples.AT},
        *ROLE_REFUSALS,
        NoSuchGrant,
        OwnGrant,
    ),
)
async def take_role(
    principal_id: UUID, grant_id: UUID, actor: Administrator, session: SessionDep, now: Now
) -> AccessGrant:
    """End a grant; it stays to be read. Every process knows it within a second."""
    check_not_own(actor, principal_id)
    return await revoke_grant(session, principal_id=principal_id, grant_id=grant_id, by=str(actor.id), now=now)


async def _blocked(
    session: AsyncSession, principal_id: UUID, actor: Actor, now: datetime, *, blocked: bool
) -> dict[str, Any]:
    check_not_own(actor, principal_id)
    row = await set_blocked(session, principal_id=principal_id, blocked=blocked, by=str(actor.id), now=now)
    return _shown(row, (await list_grants(session, principal_ids=[principal_id])).get(principal_id, []))


@router.post(
    "/principals/{principal_id}/block",
    dependencies=[CHANGES_ACCESS],
    summary="Block a principal",
    response_model=PrincipalOut,
    responses=answers(
        examples.PRINCIPAL | {"blocked_by": examples.ADMINISTRATOR_ID, "blocked_at": examples.AT},
        *ROLE_REFUSALS,
        NoSuchPrincipal,
        BlockedOrNot,
        OwnGrant,
    ),
)
async def block_principal(principal_id: UUID, actor: Administrator, session: SessionDep, now: Now) -> dict[str, Any]:
    """Refuse a principal whatever it comes with, keys and tokens of its issuer alike; every process knows it within a second."""
    return await _blocked(session, principal_id, actor, now, blocked=True)


@router.post(
    "/principals/{principal_id}/unblock",
    dependencies=[CHANGES_ACCESS],
    summary="Let a principal in again",
    response_model=PrincipalOut,
    responses=answers(examples.PRINCIPAL, *ROLE_REFUSALS, NoSuchPrincipal, BlockedOrNot, OwnGrant),
)
async def unblock_principal(principal_id: UUID, actor: Administrator, session: SessionDep, now: Now) -> dict[str, Any]:
    """Let it in again with what it held before."""
    return await _blocked(session, principal_id, actor, now, blocked=False)
