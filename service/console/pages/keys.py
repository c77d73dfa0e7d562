"""Keys: whose they are and until when they open anything; made, rotated and ended. A secret is shown once."""

from datetime import date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Response

from service.access.keys import actions
from service.access.keys.actions import CreatedKey, NewKey
from service.access.keys.queries import list_keys
from service.access.keys.views import key_view
from service.access.principals.queries import find_names
from service.access.principals.rules import DatedGrant, check_not_own
from service.access.rules import Role
from service.clock import day_start
from service.console.desk import PAGE, Desk, FormDep, PageRouter, at_desk, settled
from service.console.forms import Form
from service.console.paging import id_after
from service.console.rendering import show, show_refused
from service.errors import Refusal
from service.http import CHANGES_ACCESS, CatalogDep, ReadSessionDep, SessionDep, encode_cursor
from service.problems import InvalidRequest

router = PageRouter()
Administrator = Annotated[Desk, at_desk(Role.ADMINISTRATOR)]

#: The old key stays valid for so long beside the one that takes its place.
OVERLAP: Final = timedelta(hours=24)


@router.get("/keys")
async def show_keys(
    desk: Administrator,
    session: ReadSessionDep,
    catalog: CatalogDep,
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show all keys, ended ones too."""
    return show(desk, "keys.html", **await _facts(session, desk, id_after(cursor)), authorities=catalog.authorities)


@router.post("/keys", dependencies=[CHANGES_ACCESS])
async def make_key(desk: Administrator, form: FormDep, session: SessionDep, catalog: CatalogDep) -> Response:
    """Make a key for somebody new, or one more for somebody who is known."""

    async def again(refusal: Refusal) -> Response:
        facts = await _facts(session, desk, None)
        return show_refused(desk, "keys.html", refusal, **facts | {"typed": form}, authorities=catalog.authorities)

    async with settled(session, desk, again):
        made = await _make(session, desk, form)
    return show(desk, "key_made.html", made=key_view(made.row, desk.now), secret=made.secret)


@router.post("/keys/{key_id}/rotate", dependencies=[CHANGES_ACCESS])
async def rotate_key(
    key_id: UUID, desk: Administrator, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Make the key that takes another one's place."""
    del form

    async def again(refusal: Refusal) -> Response:
        facts = await _facts(session, desk, None)
        return show_refused(desk, "keys.html", refusal, **facts, authorities=catalog.authorities)

    async with settled(session, desk, again):
        made = await actions.rotate_key(session, key_id=key_id, overlap=OVERLAP, now=desk.now, by=str(desk.actor.id))
    return show(desk, "key_made.html", made=key_view(made.row, desk.now), secret=made.secret)


@router.post("/keys/{key_id}/revoke", dependencies=[CHANGES_ACCESS])
async def revoke_key(
    key_id: UUID, desk: Administrator, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """End a key at once."""
    del form

    async def again(refusal: Refusal) -> Response:
        facts = await _facts(session, desk, None)
        return show_refused(desk, "keys.html", refusal, **facts, authorities=catalog.authorities)

    async with settled(session, desk, again):
        await actions.revoke_key(session, key_id=key_id, now=desk.now)
    return desk.go("/keys")


async def _make(session: Any, desk: Desk, form: Form) -> CreatedKey:  # noqa: ANN401 - the session of the request
    try:
        holder = UUID(form.get("principal_id")) if form.get("principal_id") else None
        roles = [Role(one) for one in form.all("roles")]
        last = date.fromisoformat(form.get("until")) if form.get("until") else None
    except ValueError:
        raise InvalidRequest(
            "A role, a holder or a day cannot be read.", detail_zh="角色、持有人或日期无法识别。"
        ) from None
    if not form.get("name") or (holder is None) == (not roles):
        raise InvalidRequest(
            "Name the key, and give roles for somebody new or choose who gets one more key.",
            detail_zh="请填写名称，并为新人员选择角色，或选择已有持有人，二者择一。",
        )
    until = None if last is None else day_start(last + timedelta(days=1))
    new = NewKey(form.get("name")[:200], None, until, tuple(form.get("networks").split()))
    if holder is not None:
        check_not_own(desk.actor, holder)
        return await actions.issue_key(session, principal_id=holder, new=new, now=desk.now, by=str(desk.actor.id))
    grants = [DatedGrant(role, form.get("authority_code") or None) for role in roles]
    return await actions.create_holder(session, new=new, grants=grants, now=desk.now, by=str(desk.actor.id))


async def _facts(session: Any, desk: Desk, after: UUID | None) -> dict[str, Any]:  # noqa: ANN401 - either kind
    keys = await list_keys(session, after=after, limit=PAGE + 1)
    part = keys[:PAGE]
    return {
        "items": [key_view(key, desk.now) for key in part],
        "following": encode_cursor((str(part[-1].id),)) if len(keys) > PAGE else None,
        "names": await find_names(session, ids=(str(key.principal_id) for key in part)),
        "roles": list(Role),
        "typed": Form(),
    }
