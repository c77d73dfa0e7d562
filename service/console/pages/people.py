"""Who may do what: roles and keys that one administrator proposes and another confirms, and the people who hold them."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from schemas.access import GrantCreate
from service.access.actions import grant_roles, revoke_grant, set_blocked
from service.access.four_eyes.actions import confirm
from service.access.four_eyes.queries import list_waiting, lock_proposed
from service.access.keys.actions import revoke_key
from service.access.principals.queries import find_names, get_principal, list_grants, list_principals
from service.access.principals.rules import DatedGrant, check_not_own
from service.access.rules import Role
from service.access.substitutions.actions import end_substitution
from service.catalog.rules import Catalog
from service.console.desk import PAGE, Desk, FormDep, PageRouter, Unsettled, at_desk, settled
from service.console.forms import Errors, Form, fit
from service.console.paging import id_after
from service.console.rendering import show, show_refused
from service.errors import Refusal
from service.http import CHANGES_ACCESS, CatalogDep, ReadSessionDep, SessionDep, encode_cursor
from service.models import AccessGrant, ApiKey

router = PageRouter()
Administrator = Annotated[Desk, at_desk(Role.ADMINISTRATOR)]
Cursor = Annotated[str, Query(max_length=400)]


@router.get("/access-proposals")
async def show_proposals(
    desk: Administrator, session: ReadSessionDep, catalog: CatalogDep, cursor: Cursor = ""
) -> Response:
    """Show what counts once another administrator has confirmed it."""
    return show(desk, "access_proposals.html", refusal=None, **await _waiting(session, desk, catalog, cursor))


async def _waiting(session: Any, desk: Desk, catalog: Catalog, cursor: str) -> dict[str, Any]:  # noqa: ANN401 - either kind
    rows = await list_waiting(session, after=id_after(cursor), limit=PAGE + 1)
    part = rows[:PAGE]
    me = str(desk.actor.id)
    return {
        "items": [(one, me not in {one.proposed_by, str(one.principal_id)}) for one in part],
        "following": encode_cursor((str(part[-1].id),)) if len(rows) > PAGE else None,
        "names": await find_names(session, ids=(one.proposed_by for one in part)),
        "authorities": {one.code: one.name for one in catalog.authorities},
    }


@router.post("/access-proposals/{proposal_id}/confirm", dependencies=[CHANGES_ACCESS])
async def confirm_proposal(
    proposal_id: UUID, desk: Administrator, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Let it count from now on. Nobody confirms what he proposed, or what he would gain by."""
    del form

    async def again(refusal: Refusal) -> Response:
        return show_refused(desk, "access_proposals.html", refusal, **await _waiting(session, desk, catalog, ""))

    async with settled(session, desk, again):
        await confirm(session, proposal_id=proposal_id, by=str(desk.actor.id), now=desk.now)
    return desk.go("/access-proposals")


@router.post("/access-proposals/{proposal_id}/refuse", dependencies=[CHANGES_ACCESS])
async def refuse_proposal(
    proposal_id: UUID, desk: Administrator, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Take away what waits: the grant, the key or the substitution."""
    del form

    async def again(refusal: Refusal) -> Response:
        return show_refused(desk, "access_proposals.html", refusal, **await _waiting(session, desk, catalog, ""))

    async with settled(session, desk, again):
        row = await lock_proposed(session, proposal_id=proposal_id)
        if isinstance(row, AccessGrant):
            check_not_own(desk.actor, row.principal_id)
            await revoke_grant(
                session, principal_id=row.principal_id, grant_id=row.id, by=str(desk.actor.id), now=desk.now
            )
        elif isinstance(row, ApiKey):
            await revoke_key(session, key_id=row.id, now=desk.now)
        else:
            await end_substitution(session, substitution_id=row.id, actor=desk.actor, now=desk.now)
    return desk.go("/access-proposals")


@router.get("/people")
async def show_people(desk: Administrator, session: ReadSessionDep, cursor: Cursor = "") -> Response:
    """Show all who act here, with the roles that they hold."""
    rows = await list_principals(session, after=id_after(cursor), limit=PAGE + 1)
    part = rows[:PAGE]
    grants = await list_grants(session, principal_ids=[one.id for one in part])
    return show(
        desk,
        "people.html",
        items=[(one, [grant for grant in grants.get(one.id, []) if grant.revoked_at is None]) for one in part],
        following=encode_cursor((str(part[-1].id),)) if len(rows) > PAGE else None,
    )


@router.get("/people/{principal_id}")
async def show_person(
    principal_id: UUID, desk: Administrator, session: ReadSessionDep, catalog: CatalogDep
) -> Response:
    """Show somebody with all his grants, ended ones too."""
    return await _person(session, desk, catalog, principal_id, Form())


async def _person(
    session: Any,  # noqa: ANN401 - either kind
    desk: Desk,
    catalog: Catalog,
    principal_id: UUID,
    typed: Form,
    *,
    errors: Errors | None = None,
    refusal: Refusal | None = None,
) -> Response:
    person = await get_principal(session, principal_id=principal_id)
    grants = (await list_grants(session, principal_ids=[principal_id])).get(principal_id, [])
    facts: dict[str, Any] = {
        "one": person,
        "grants": [(grant, _standing(grant, desk.today)) for grant in grants],
        "names": await find_names(session, ids=(grant.granted_by for grant in grants)),
        "authorities": {one.code: one.name for one in catalog.authorities},
        "roles": list(Role),
        "typed": typed,
        "errors": errors or {},
        "oneself": principal_id == desk.actor.id,
    }
    if refusal is not None:
        return show_refused(desk, "person.html", refusal, **facts)
    return show(desk, "person.html", status=422 if errors else 200, refusal=None, **facts)


def _standing(grant: AccessGrant, today: date) -> str:
    if grant.revoked_at is not None or (grant.until_on is not None and grant.until_on < today):
        return "ended"
    if grant.confirmed_at is None:
        return "waits"
    return "later" if grant.from_on is not None and grant.from_on > today else "holds"


@router.post("/people/{principal_id}/grants", dependencies=[CHANGES_ACCESS])
async def give_role(
    principal_id: UUID, desk: Administrator, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Give somebody a role for an authority; what opens records counts once another administrator has confirmed it."""

    async def again(refusal: Refusal) -> Response:
        return await _person(session, desk, catalog, principal_id, form, refusal=refusal)

    names = ("role", "authority_code", "from_on", "until_on")
    body, errors = fit(GrantCreate, {name: form.get(name) for name in names if form.get(name)})
    if body is None:
        raise Unsettled(await _person(session, desk, catalog, principal_id, form, errors=errors))
    async with settled(session, desk, again):
        check_not_own(desk.actor, principal_id)
        await get_principal(session, principal_id=principal_id)
        grant = DatedGrant(**body.model_dump())
        await grant_roles(session, principal_id=principal_id, grants=[grant], by=str(desk.actor.id), now=desk.now)
    return desk.go(f"/people/{principal_id}")


@router.post("/people/{principal_id}/grants/{grant_id}/revoke", dependencies=[CHANGES_ACCESS])
async def take_role(
    principal_id: UUID,
    grant_id: UUID,
    desk: Administrator,
    form: FormDep,
    session: SessionDep,
    catalog: CatalogDep,
) -> Response:
    """Take a role away; every process knows it within a second."""
    del form

    async def again(refusal: Refusal) -> Response:
        return await _person(session, desk, catalog, principal_id, Form(), refusal=refusal)

    await get_principal(session, principal_id=principal_id)
    async with settled(session, desk, again):
        check_not_own(desk.actor, principal_id)
        await revoke_grant(session, principal_id=principal_id, grant_id=grant_id, by=str(desk.actor.id), now=desk.now)
    return desk.go(f"/people/{principal_id}")


@router.post("/people/{principal_id}/blocked", dependencies=[CHANGES_ACCESS])
async def block_person(
    principal_id: UUID, desk: Administrator, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Refuse somebody whatever he comes with, or let him in again."""

    async def again(refusal: Refusal) -> Response:
        return await _person(session, desk, catalog, principal_id, Form(), refusal=refusal)

    await get_principal(session, principal_id=principal_id)
    async with settled(session, desk, again):
        check_not_own(desk.actor, principal_id)
        await set_blocked(
            session,
            principal_id=principal_id,
            blocked=form.get("blocked") == "yes",
            by=str(desk.actor.id),
            now=desk.now,
        )
    return desk.go(f"/people/{principal_id}")
