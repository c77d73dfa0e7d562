from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.access import KeyCreate, KeyCreated, KeyOut, KeyPage, KeyRotate
from service.access import examples
from service.access.declared import Whose
from service.access.keys import actions
from service.access.keys.actions import CreatedKey, NewKey
from service.access.keys.queries import get_key, list_keys
from service.access.keys.rules import AlreadyRotated, BadExpiry, BadNetwork, NoKeyUsed, NoSuchKey
from service.access.keys.views import key_view
from service.access.principals.rules import (
    DatedGrant,
    ImpossibleDays,
    NoSuchPrincipal,
    OwnGrant,
    PrincipalOrGrants,
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

router = APIRouter(prefix="/v1", tags=["access"])

Administrator = Annotated[Actor, require(Role.ADMINISTRATOR)]
Myself = Annotated[Actor, require(whose=Whose.OWN)]


def _created(created: CreatedKey, response: Response, now: datetime) -> dict[str, Any]:
    response.headers["Location"] = f"/v1/keys/{created.id}"
    response.headers["Cache-Control"] = "no-store"
    return key_view(created.row, now) | {"secret": created.secret}


@router.get(
    "/keys",
    summary="List the keys",
    response_model=KeyPage,
    responses=answers({"items": [examples.KEY], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_all_keys(
    _actor: Administrator,
    session: ReadSessionDep,
    page: PageDep,
    now: Now,
    principal_id: Annotated[UUID | None, Query(description="Only the keys of this principal.")] = None,
) -> dict[str, Any]:
    """Give all keys, ended ones too, oldest first. No secret is among the answers: none is stored."""
    keys = await list_keys(session, after=page_after(page), limit=page.limit + 1, principal_id=principal_id)
    part, following = one_page(keys, page)
    return {"items": [key_view(key, now) for key in part], "next": following}


@router.post(
    "/keys",
    dependencies=[CHANGES_ACCESS],
    summary="Make a key",
    status_code=201,
    response_model=KeyCreated | KeyOut,
    responses=answers(
        examples.CREATED,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        PrincipalOrGrants,
        NoSuchPrincipal,
        NoSuchAuthority,
        RoleWithoutAuthority,
        OwnGrant,
        ImpossibleDays,
        BadNetwork,
        BadExpiry,
        status=201,
        words="The key. Its secret is shown this once and stored nowhere.",
        headers=("Location",),
    ),
)
async def create_key(
    body: Annotated[KeyCreate, Body(examples=[examples.CREATE])],
    actor: Administrator,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """Make a key for somebody new with the grants stated, or one more for a principal that exists.

    What a principal may do is changed at its grants, never at its keys. Grants that open records, and one more key for
    somebody who holds such, count once another administrator has confirmed them (`/v1/access-proposals`).
    """
    new = NewKey(body.name, body.note, body.expires_at, body.networks)
    if (body.principal_id is None) == (not body.grants):
        raise PrincipalOrGrants(
            "Give `principal_id` for one more key of a principal, or `grants` for somebody new.",
            detail_zh="请提供已有主体编号，或为新主体提供授权，二者择一。",
        )
    if body.principal_id is not None:
        check_not_own(actor, body.principal_id)
        made = await actions.issue_key(session, principal_id=body.principal_id, new=new, now=now, by=str(actor.id))
    else:
        grants = [DatedGrant(**grant.model_dump()) for grant in body.grants]
        made = await actions.create_holder(session, new=new, grants=grants, now=now, by=str(actor.id))
    return _created(made, response, now)


@router.get(
    "/keys/{key_id}",
    summary="Show a key",
    response_model=KeyOut,
    responses=answers(examples.KEY, *ROLE_REFUSALS, NoSuchKey),
)
async def show_key(key_id: UUID, _actor: Administrator, session: ReadSessionDep, now: Now) -> dict[str, Any]:
    """Give a key without its secret: whose it is, until when and from where it is valid, when it was last used."""
    return key_view(await get_key(session, key_id=key_id), now)


@router.post(
    "/keys/{key_id}/rotate",
    dependencies=[CHANGES_ACCESS],
    summary="Rotate a key",
    status_code=201,
    response_model=KeyCreated | KeyOut,
    responses=answers(
        examples.CREATED,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NoSuchKey,
        AlreadyRotated,
        BadExpiry,
        status=201,
        words="The key that takes the other one's place, with its secret, shown this once.",
        headers=("Location",),
    ),
)
async def rotate_key(
    key_id: UUID,
    body: Annotated[KeyRotate, Body(examples=[{"overlap_hours": 24}])],
    actor: Administrator,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """Make the key that takes this one's place; for the overlap both are valid, then only the new one.

    Another administrator may have to confirm it, as a new key. A holder replaces his own at `/v1/me/key/rotate`.
    """
    overlap = timedelta(hours=body.overlap_hours)
    return _created(
        await actions.rotate_key(session, key_id=key_id, overlap=overlap, now=now, by=str(actor.id)), response, now
    )


@router.post(
    "/keys/{key_id}/revoke",
    dependencies=[CHANGES_ACCESS],
    summary="End a key",
    response_model=KeyOut,
    responses=answers(examples.KEY | {"state": "revoked", "revoked_at": examples.AT}, *ROLE_REFUSALS, NoSuchKey),
)
async def revoke_key(key_id: UUID, _actor: Administrator, session: SessionDep, now: Now) -> dict[str, Any]:
    """End a key at once; every process refuses it within a second."""
    return key_view(await actions.revoke_key(session, key_id=key_id, now=now), now)


@router.get(
    "/me/key",
    summary="Show the key that you use",
    response_model=KeyOut,
    responses=answers(examples.KEY, *KEY_REFUSALS, NoKeyUsed, NoSuchKey),
)
async def show_own_key(actor: Myself, session: ReadSessionDep, now: Now) -> dict[str, Any]:
    """Give the key with which you ask: until when and from where it is valid, and which takes its place."""
    return key_view(await get_key(session, key_id=_used(actor)), now)


@router.post(
    "/me/key/rotate",
    dependencies=[CHANGES_ACCESS],
    summary="Replace the key that you use",
    status_code=201,
    response_model=KeyCreated | KeyOut,
    responses=answers(
        examples.CREATED,
        *KEY_REFUSALS,
        *REPEAT_REFUSALS,
        NoKeyUsed,
        NoSuchKey,
        AlreadyRotated,
        BadExpiry,
        status=201,
        words="Your new key, with its secret, shown this once.",
        headers=("Location",),
    ),
)
async def rotate_own_key(
    body: Annotated[KeyRotate, Body(examples=[{"overlap_hours": 1}])],
    actor: Myself,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """Make the key that takes the place of the one with which you ask, so that nobody but you has seen it."""
    overlap = timedelta(hours=body.overlap_hours)
    made = await actions.rotate_key(session, key_id=_used(actor), overlap=overlap, now=now, by=str(actor.id))
    shown = _created(made, response, now)
    response.headers["Location"] = "/v1/me/key"  # where its holder, who may be no administrator, finds it
    return shown


def _used(actor: Actor) -> UUID:
    if actor.key_id is None:
        raise NoKeyUsed("You asked with a token; it ends by itself.", detail_zh="您使用的是令牌，到期自动失效。")
    return actor.key_id
