from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Path, Response

from schemas.mail import AddressesOut, AddressesPut
from service.access.declared import Whose
from service.access.rules import RECORD_ROLES, Actor, Role
from service.http import (
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    Now,
    PutVersionDep,
    ReadSessionDep,
    SessionDep,
    answers,
    require,
)
from service.mail.actions import state_addresses
from service.mail.queries import find_addresses
from service.mail.rules import NoAddresses, NotYourNotices
from service.models import NoticeAddress
from service.versions import version_etag

router = APIRouter(prefix="/v1/notice-addresses", tags=["access"])
EXAMPLE: Final[dict[str, Any]] = {
    "authority_code": "cq-market-regulation",
    "version_no": 1,
    "addresses": ["credit@office.example"],
    "since": "2026-11-24T12:00:00+08:00",
}
Code = Annotated[str, Path(max_length=200)]


def _view(row: NoticeAddress) -> dict[str, Any]:
    return {name: getattr(row, name) for name in AddressesOut.model_fields}


@router.get(
    "/{authority_code}",
    summary="Read where an authority is told by mail",
    response_model=AddressesOut,
    responses=answers(EXAMPLE, *ROLE_REFUSALS, NotYourNotices, NoAddresses, headers=("ETag",)),
)
async def show_addresses(
    authority_code: Code,
    actor: Annotated[Actor, require(*sorted(RECORD_ROLES), whose=Whose.OWN)],
    session: ReadSessionDep,
    response: Response,
) -> dict[str, Any]:
    """Give the addresses at which your authority is told that something waits."""
    if not actor.acts_for(authority_code, *RECORD_ROLES):
        raise NotYourNotices(f"You do not work for {authority_code}.", detail_zh="仅本机关人员可以查看。")
    row = await find_addresses(session, authority_code=authority_code)
    if row is None:
        raise NoAddresses(f"{authority_code} has not said where it wants to be told.", detail_zh="尚未设定。")
    response.headers["ETag"] = version_etag(row.version_no)
    return _view(row)


@router.put(
    "/{authority_code}",
    summary="Say where your authority is told by mail",
    response_model=AddressesOut,
    responses={
        **answers(EXAMPLE, *ROLE_REFUSALS, NotYourNotices, *VERSION_REFUSALS, headers=("ETag",)),
        201: {"description": "Nothing was said before."},
    },
)
async def put_addresses(
    authority_code: Code,
    body: Annotated[AddressesPut, Body(examples=[{"addresses": ["credit@office.example"]}])],
    actor: Annotated[Actor, require(Role.CONSENTER, whose=Whose.OWN)],
    session: SessionDep,
    response: Response,
    expected: PutVersionDep,
    now: Now,
) -> dict[str, Any]:
    """Say at which addresses your authority is told. A notice holds no name and no code: only that something waits, and until when."""
    row = await state_addresses(
        session, authority_code=authority_code, addresses=body.addresses, expected=expected, actor=actor, now=now
    )
    response.headers["ETag"] = version_etag(row.version_no)
    if row.version_no == 1 and row.stated_at == now:
        response.status_code = 201
    return _view(row)
