"""Recording a penalty: a form that says what follows from it, kept as a draft, handed in for review."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response

from service.access.declared import Whose
from service.access.rules import Role, WhichAuthority
from service.audit.rules import Audited, audited
from service.catalog.rules import Catalog
from service.console.desk import Desk, FormDep, PageRouter, Unsettled, at_desk, settled
from service.console.forms import Errors, Form
from service.console.penalty_fields import form_of, marked_texts, read_penalty
from service.console.penalty_sight import Ahead, history_of, look_ahead
from service.console.rendering import show, show_refused, words_of
from service.errors import Invalid, Refusal
from service.http import CatalogDep, ReadSessionDep, SessionDep
from service.penalties.actions import Order, content_of, get_visible
from service.penalties.actions.drafts import Draft, edit_draft, record_draft, submit
from service.penalties.rules import Content
from service.records.queries import Row
from service.status.actions import read_uscc
from service.versions import ANY_VERSION, ExpectedVersion, VersionMismatch

router = PageRouter()
Recording = Annotated[Desk, at_desk(Role.RECORDER, whose=Whose.OWN)]
Uscc = Annotated[str, Path(max_length=60)]


def expected_version(form: Form) -> ExpectedVersion:
    """Return the version that a form was filled in for; a form that names none expects one that never was."""
    typed = form.get("version")
    return ExpectedVersion(frozenset({int(typed)} if typed.isascii() and typed.isdigit() else ()))


async def _page(
    desk: Desk,
    catalog: Catalog,
    form: Form,
    *,
    row: Row | None,
    errors: Errors | None = None,
    ahead: Ahead | None = None,
    refusal: Refusal | None = None,
    steps: Any = (),  # noqa: ANN401 - of a history
) -> Response:
    """The form, with what was typed. With a row it is one that is recorded already."""
    facts: Mapping[str, Any] = {
        "typed": form,
        "row": row,
        "errors": errors or {},
        "ahead": ahead,
        "steps": steps,
        # Who was told what others changed may go on from there; every other answer keeps the version that was looked at.
        "version": row["version_no"] if row and isinstance(refusal, VersionMismatch) else form.get("version"),
        "marked": marked_texts(form),
        "authorities": [(code, catalog.authority_by_code[code].name) for code in _authorities(desk)],
    }
    if refusal is not None:
        return show_refused(desk, "recording.html", refusal, **facts)
    return show(desk, "recording.html", status=422 if errors else 200, refusal=None, **facts)


def _authorities(desk: Desk) -> list[str]:
    """Those in whose name whoever is signed in was made a recorder, and that still exist."""
    held = {grant.authority_code for grant in desk.actor.grants if grant.role is Role.RECORDER}
    hierarchy = desk.actor.hierarchy
    return sorted(code for code in held if code is not None and not hierarchy.is_succeeded(code, on=desk.today))


def _authority(desk: Desk, form: Form) -> str:
    return form.get("authority") or desk.actor.authority_for(Role.RECORDER)


@router.get("/penalties/new")
async def show_empty_form(
    desk: Recording, catalog: CatalogDep, uscc: Annotated[str, Query(max_length=60)] = ""
) -> Response:
    """Show the empty form."""
    return await _page(desk, catalog, Form({"uscc": [uscc], "procedure": ["ordinary"]}), row=None)


@router.post("/penalties/preview")
@audited(Audited.ANSWERS)
async def show_what_follows(desk: Recording, form: FormDep, session: ReadSessionDep, catalog: CatalogDep) -> Response:
    """Show the form again with what follows from it: code and name, windows, review. Nothing is kept."""
    row: Row | None = None
    try:
        code, _ = read_uscc(form.get("uscc"))
        if form.get("record_id"):
            row = await _recorded(session, desk, code, form.get("record_id"))
        stated, errors = read_penalty(form)
        if stated is None:
            return await _page(desk, catalog, form, row=row, errors=errors)
        content = Content(**stated)
        ahead = await look_ahead(
            session, catalog, uscc=code, authority=_authority(desk, form), content=content, today=desk.today, row=row
        )
    except (Invalid, WhichAuthority) as refusal:
        return await _page(desk, catalog, form, row=row, errors={"uscc": words_of(refusal, desk.request)})
    return await _page(desk, catalog, form, row=row, ahead=ahead)


async def _recorded(session: ReadSessionDep, desk: Desk, uscc: str, record_id: str) -> Row:
    try:
        return await get_visible(session, uscc=uscc, record_id=UUID(record_id), actor=desk.actor)
    except ValueError as error:
        raise Invalid("The form names no record.", detail_zh="表单未指明记录。") from error


@router.post("/penalties/new")
async def record(desk: Recording, form: FormDep, session: SessionDep, catalog: CatalogDep) -> Response:
    """Keep the draft; with `act=submit` hand it in for review at once."""

    async def again(refusal: Refusal) -> Response:
        return await _page(desk, catalog, form, row=None, refusal=refusal)

    stated, errors = read_penalty(form)
    if stated is None:
        raise Unsettled(await _page(desk, catalog, form, row=None, errors=errors))
    async with settled(session, desk, again):
        code, _ = read_uscc(form.get("uscc"))
        row = await record_draft(
            session,
            catalog,
            draft=Draft(code, Content(**stated)),
            authority=_authority(desk, form),
            actor=desk.actor,
            now=desk.now,
        )
        return await _kept(session, catalog, desk, form, row)


@router.get("/penalties/{uscc}/{record_id}/edit")
async def show_recorded_form(
    desk: Recording, uscc: Uscc, record_id: UUID, session: ReadSessionDep, catalog: CatalogDep
) -> Response:
    """Show the form of a draft."""
    code, _ = read_uscc(uscc)
    row = await get_visible(session, uscc=code, record_id=record_id, actor=desk.actor)
    form = form_of(content_of(row), uscc=code, version=str(row["version_no"]))
    return await _page(desk, catalog, form, row=row)


@router.post("/penalties/{uscc}/{record_id}/edit")
async def edit(
    desk: Recording, uscc: Uscc, record_id: UUID, form: FormDep, session: SessionDep, catalog: CatalogDep
) -> Response:
    """Keep what was changed; with `act=submit` hand it in for review at once."""
    code, _ = read_uscc(uscc)
    row = await get_visible(session, uscc=code, record_id=record_id, actor=desk.actor)

    async def again(refusal: Refusal) -> Response:
        return await _page(
            desk,
            catalog,
            form,
            row=row,
            refusal=refusal,
            steps=await steps_since(session, desk, form, row) if isinstance(refusal, VersionMismatch) else (),
        )

    stated, errors = read_penalty(form)
    if stated is None:
        raise Unsettled(await _page(desk, catalog, form, row=row, errors=errors))
    async with settled(session, desk, again):
        order = Order(code, record_id, desk.actor, expected_version(form), desk.now)
        return await _kept(session, catalog, desk, form, await edit_draft(session, catalog, order, changes=stated))


async def steps_since(session: SessionDep, desk: Desk, form: Form, row: Row) -> Any:  # noqa: ANN401 - of a history
    """Return what others did to a record since the form was opened, newest first."""
    since = next(iter(expected_version(form).numbers or ()), 0)
    return await history_of(session, desk, uscc=row["uscc"], record_id=row["id"], after=since)


async def _kept(session: SessionDep, catalog: Catalog, desk: Desk, form: Form, row: Row) -> Response:
    done = "save"
    if form.get("act") == "submit":
        done = "submit"
        await submit(session, catalog, Order(row["uscc"], row["id"], desk.actor, ANY_VERSION, desk.now))
    return desk.go(f"/penalties/{row['uscc']}/{row['id']}?done={done}")
