from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.reports import SealingKeyCreate, SealingKeyOut, SealingKeyPage
from service.access.declared import Whose
from service.access.rules import Actor, Role, WhichAuthority
from service.http import (
    PUBLIC,
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    BadCursor,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    VersionDep,
    answers,
    one_page,
    page_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.models import SealingKey
from service.reports import examples
from service.reports.keys.actions import register_key, retire_key
from service.reports.keys.queries import get_key, list_keys
from service.reports.keys.rules import (
    NoSuchSealingKey,
    NotYourKey,
    SealingKeyKnown,
    SealingKeyRetired,
    TooManySealingKeys,
    key_state,
)
from service.reports.sealing import NoSealingKey
from service.versions import version_etag

router = APIRouter(prefix="/v1/sealing-keys", tags=["reports"])

Binder = Annotated[Actor, require(Role.CONSENTER, whose=Whose.OWN)]


def _view(row: SealingKey, now: datetime) -> dict[str, Any]:
    names = ("id", "kid", "jwk", "version_no", "registered_at", "seals_until", "retired_at")
    state = key_state(seals_until=row.seals_until, retired_at=row.retired_at, now=now)
    return {name: getattr(row, name) for name in names} | {"authority": row.authority_code, "state": state}


@router.get(
    "",
    summary="List the keys to which reports are sealed",
    response_model=SealingKeyPage,
    dependencies=[PUBLIC],
    responses=answers({"items": [examples.KEY], "next": None}, BadCursor),
)
async def list_sealing_keys(
    session: ReadSessionDep,
    page: PageDep,
    now: Now,
    authority: Annotated[str | None, Query(max_length=200, description="Only this authority's.")] = None,
) -> dict[str, Any]:
    """Give authorities' public keys, former ones too. No key is needed.

    A server that lied here could read what is sealed: compare the fingerprint (`kid`) with what the authority told you by another
    way, and seal with `--fingerprint`.
    """
    found = await list_keys(session, authority_code=authority, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(found, page)
    return {"items": [_view(row, now) for row in part], "next": following}


@router.post(
    "",
    status_code=201,
    summary="Register your authority's key",
    response_model=SealingKeyOut,
    responses=answers(
        examples.KEY,
        *ROLE_REFUSALS,
        *REPEAT_REFUSALS,
        NotYourKey,
        WhichAuthority,
        NoSealingKey,
        SealingKeyKnown,
        TooManySealingKeys,
        status=201,
        headers=("Location", "ETag"),
    ),
)
async def create_sealing_key(
    body: Annotated[SealingKeyCreate, Body(examples=[{"jwk": examples.JWK}])],
    actor: Binder,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
) -> dict[str, Any]:
    """Register the public half of a new pair; reports are sealed to it from now on, and to the former one for the overlap."""
    row = await register_key(
        session,
        authority_code=body.authority,
        jwk=body.jwk.model_dump(),
        overlap=timedelta(days=body.overlap_days),
        actor=actor,
        now=now,
    )
    response.headers["Location"] = f"/v1/sealing-keys/{row.id}"
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row, now)


@router.get(
    "/{sealing_key_id}",
    summary="Read a key to which reports are sealed",
    response_model=SealingKeyOut,
    dependencies=[PUBLIC],
    responses=answers(examples.KEY, NoSuchSealingKey, headers=("ETag",)),
)
async def show_sealing_key(
    sealing_key_id: UUID, session: ReadSessionDep, response: Response, now: Now
) -> dict[str, Any]:
    """Give one public key; its ETag is what retiring it asks for."""
    row = await get_key(session, key_id=sealing_key_id)
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row, now)


@router.post(
    "/{sealing_key_id}/retire",
    summary="Retire a key at once",
    response_model=SealingKeyOut,
    responses=answers(
        examples.KEY | {"state": "retired", "retired_at": examples.AT, "version_no": 2},
        *ROLE_REFUSALS,
        *VERSION_REFUSALS,
        NoSuchSealingKey,
        SealingKeyRetired,
        headers=("ETag",),
    ),
)
async def retire_sealing_key(
    sealing_key_id: UUID, actor: Binder, session: SessionDep, expected: VersionDep, response: Response, now: Now
) -> dict[str, Any]:
    """Take nothing any more that is sealed to this key, such as when its private half was lost or seen by others."""
    row = await retire_key(session, key_id=sealing_key_id, expected=expected, actor=actor, now=now)
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row, now)
