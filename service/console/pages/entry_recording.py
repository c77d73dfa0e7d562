"""Drafting a list entry: which firm and list first, then what the test of that list asks for, kept as a draft or proposed."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response

from schemas.blacklist import EntryDraft as EntryDraftIn
from schemas.blacklist import EntryEdit
from service.access.declared import Whose
from service.access.rules import Role
from service.blacklist.actions import content_of, get_visible, known_list
from service.blacklist.actions.entering import EntryDraft, draft_entry, edit_entry, propose
from service.blacklist.queries import list_supports
from service.blacklist.rules import EntryContent, EntryTestFailed
from service.blacklist.rules.entry_test import entry_tests, test_of
from service.catalog.rules import Catalog
from service.console.desk import Desk, FormDep, PageRouter, Unsettled, at_desk, settled
from service.console.entry_fields import form_of, marked_texts, stated_of
from service.console.entry_sight import entry_history, open_lists, penalties_of
from service.console.forms import Errors, Form, fit
from service.console.pages.recording import expected_version
from service.console.rendering import show, show_refused
from service.errors import Refusal
from service.http import CatalogDep, ReadSessionDep, SessionDep
from service.records.actions import Order
from service.records.queries import Row
from service.status.actions import read_uscc
from service.subjects.queries import find_registration
from service.versions import ANY_VERSION, VersionMismatch

router = PageRouter()
Listing = Annotated[Desk, at_desk(Role.LISTER, whose=Whose.OWN)]
Uscc = Annotated[str, Path(max_length=60)]


def _authorities(desk: Desk, catalog: Catalog) -> list[tuple[str, str]]:
    """Those in whose name whoever is signed in was made a lister, and that still exist."""
    held = {grant.authority_code for grant in desk.actor.grants if grant.role is Role.LISTER}
    hierarchy = desk.actor.hierarchy
    codes = sorted(code for code in held if code is not None and not hierarchy.is_succeeded(code, on=desk.today))
    return [(code, catalog.authority_by_code[code].name) for code in codes]


@router.get("/entries/new")
async def show_beginning(
    desk: Listing,
    session: ReadSessionDep,
    catalog: CatalogDep,
    uscc: Annotated[str, Query(max_length=60)] = "",
    on_list: Annotated[str, Query(alias="list", max_length=200)] = "",
    authority: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Ask for firm and list; where both are given, show the form with what that list asks for."""
    typed = Form({"uscc": [uscc], "list": [on_list], "authority": [authority]})
    facts: dict[str, Any] = {
        "typed": typed,
        "lists": open_lists(catalog, today=desk.today),
        "authorities": _authorities(desk, catalog),
    }
    if not uscc or not on_list:
        return show(desk, "entry_start.html", refusal=None, **facts)
    try:
        code, _ = read_uscc(uscc)
        test_of(known_list(catalog, on_list), today=desk.today)
        acting = authority or desk.actor.authority_for(Role.LISTER)
    except Refusal as refusal:
        return show_refused(desk, "entry_start.html", refusal, **facts)
    registration = await find_registration(session, uscc=code)
    name = "" if registration is None else registration.name or ""
    form = Form({"uscc": [code], "list": [on_list], "authority": [acting], "party_name": [name]})
    return await _page(session, desk, catalog, form, row=None)


async def _page(
    session: Any,  # noqa: ANN401 - either kind
    desk: Desk,
    catalog: Catalog,
    form: Form,
    *,
    row: Row | None,
    errors: Errors | None = None,
    refusal: Refusal | None = None,
) -> Response:
    """The form, with what was typed. With a row it is one that is drafted already."""
    uscc = row["uscc"] if row else form.get("uscc")
    authority = row["authority_code"] if row else form.get("authority")
    list_id = row["list_id"] if row else form.get("list")
    registration = await find_registration(session, uscc=uscc)
    linked = [] if row is None else await list_supports(session, uscc=uscc, entry_id=row["id"])
    mismatch = isinstance(refusal, VersionMismatch) and row is not None
    since = next(iter(expected_version(form).numbers or ()), 0)
    facts: dict[str, Any] = {
        "typed": form,
        "row": row,
        "uscc": uscc,
        "errors": errors or {},
        "known": catalog.list_by_id.get(list_id),
        "test": entry_tests().get(list_id),
        "registered_name": None if registration is None else registration.name,
        "penalties": await penalties_of(session, desk, uscc=uscc, authority=authority),
        "linked": [one.id for one in linked],
        "marked": marked_texts(form),
        "failed": [one for one in refusal.extra["found"] if not one["holds"]]
        if isinstance(refusal, EntryTestFailed) and isinstance(refusal.extra["found"], list)
        else [],
        "steps": await entry_history(session, desk, uscc=uscc, record_id=row["id"], after=since)
        if mismatch and row
        else (),
        # Who was told what others changed may go on from there; every other answer keeps the version that was looked at.
        "version": row["version_no"] if mismatch and row else form.get("version"),
    }
    if refusal is not None:
        return show_refused(desk, "entry_recording.html", refusal, **facts)
    return show(desk, "entry_recording.html", status=422 if errors else 200, refusal=None, **facts)


@router.post("/entries/new")
async def draft(desk: Listing, form: FormDep, session: SessionDep, catalog: CatalogDep) -> Response:
    """Keep the draft; with `act=propose` propose it at once."""

    async def again(refusal: Refusal) -> Response:
        return await _page(session, desk, catalog, form, row=None, refusal=refusal)

    named = {"list": form.get("list"), "authority": form.get("authority") or None, "penalties": form.all("penalties")}
    body, errors = fit(EntryDraftIn, stated_of(form) | named)
    if body is None:
        raise Unsettled(await _page(session, desk, catalog, form, row=None, errors=errors))
    async with settled(session, desk, again):
        code, _ = read_uscc(form.get("uscc"))
        entry = EntryDraft(body.list, EntryContent(**body.stated()), tuple(dict.fromkeys(body.penalties)))
        row = await draft_entry(
            session,
            catalog,
            uscc=code,
            draft=entry,
            authority=body.authority or desk.actor.authority_for(Role.LISTER),
            actor=desk.actor,
            now=desk.now,
        )
        return await _kept(session, catalog, desk, form, row)


@router.get("/entries/{uscc}/{record_id}/edit")
async def show_drafted_form(
    desk: Listing, uscc: Uscc, record_id: UUID, session: ReadSessionDep, catalog: CatalogDep
) -> Response:
    """Show the form of a draft."""
    code, _ = read_uscc(uscc)
    row = await get_visible(session, uscc=code, record_id=record_id, actor=desk.actor)
    return await _page(session, desk, catalog, form_of(content_of(row), version=str(row["version_no"])), row=row)


@router.post("/entries/{uscc}/{record_id}/edit")
async def edit(
    desk: Listing, uscc: Uscc, record_id: UUID, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Keep what was changed; with `act=propose` propose it at once."""
    code, _ = read_uscc(uscc)
    row = await get_visible(session, uscc=code, record_id=record_id, actor=desk.actor)

    async def again(refusal: Refusal) -> Response:
        return await _page(session, desk, catalog, form, row=row, refusal=refusal)

    body, errors = fit(EntryEdit, stated_of(form) | {"penalties": form.all("penalties")})
    if body is None:
        raise Unsettled(await _page(session, desk, catalog, form, row=row, errors=errors))
    async with settled(session, desk, again):
        order = Order(code, record_id, desk.actor, expected_version(form), desk.now)
        made = await edit_entry(session, order, changes=body.stated(), penalties=body.penalties)
        return await _kept(session, catalog, desk, form, made)


async def _kept(session: SessionDep, catalog: Catalog, desk: Desk, form: Form, row: Row) -> Response:
    done = "save"
    if form.get("act") == "propose":
        done = "propose"
        await propose(session, catalog, Order(row["uscc"], row["id"], desk.actor, ANY_VERSION, desk.now))
    return desk.go(f"/entries/{row['uscc']}/{row['id']}?done={done}")
