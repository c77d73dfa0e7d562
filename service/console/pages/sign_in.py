"""Signing in by a key, and out."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from service.access.cache import AccessCache
from service.access.oidc.client import SignInDoor
from service.access.sessions.actions import sign_in, sign_out
from service.access.sessions.rules import ROOT, ForeignForm, form_token, way_back
from service.audit.middleware import note_of
from service.audit.rules import who_is
from service.console.desk import PageRouter, Unsettled
from service.console.forms import Form, read_fields
from service.console.rendering import CONSOLE_PAGES, HEADERS, forget, remember, show_sign_in, words_of
from service.errors import Forbidden, Refusal, Unauthenticated
from service.http import CHANGES_ACCESS, PUBLIC, CatalogDep, Identity, Now, SessionDep, session_token
from service.problems import STATUS
from service.web.rules import language_of

router = PageRouter(dependencies=[PUBLIC])


@router.get("/sign-in")
async def show_sign_in_page(
    request: Request, to: Annotated[str, Query(max_length=2000)] = ROOT, out: Annotated[int | None, Query(ge=0)] = None
) -> Response:
    """Ask for a key, or lead to the issuers."""
    known = out is not None and out < len(request.app.state.sign_in_doors)
    return show_sign_in(request, to=to, out=out if known else None)


@router.post("/sign-in")
async def sign_in_by_key(request: Request, session: SessionDep, catalog: CatalogDep, now: Now) -> Response:
    """Exchange a key for a sign-in, and go on where the visitor was, with what was typed there."""
    _check_same_site(request)
    form = await read_fields(request)
    kept = _kept(form)
    access: AccessCache = request.app.state.access
    address = request.client.host if request.client else None
    try:
        actor, token = await sign_in(
            session, access, key=form.get("key"), hierarchy=catalog.hierarchy, now=now, address=address
        )
    except (Unauthenticated, Forbidden) as refusal:
        note_of(request.scope).code = refusal.code
        again = show_sign_in(
            request, status=STATUS[refusal.category], refusal=words_of(refusal, request), to=form.get("to"), kept=kept
        )
        raise Unsettled(again) from refusal
    note_of(request.scope).who = who_is(actor)
    answer = _go_on(request, form, token, kept)
    remember(answer, request, token)
    return answer


@router.post("/sign-in/on")
async def go_on_signed_in(request: Request, identity: Identity) -> Response:
    """Go on with what was typed, for whoever signed in beside it in another tab."""
    _check_same_site(request)
    form = await read_fields(request)
    token = session_token(request)
    if isinstance(identity, Refusal) or token is None:
        words = words_of(identity, request) if isinstance(identity, Refusal) else None
        return show_sign_in(request, status=401, refusal=words, to=form.get("to"), kept=_kept(form))
    return _go_on(request, form, token, _kept(form))


def _kept(form: Form) -> list[tuple[str, str]]:
    return [(name.removeprefix("kept-"), value) for name, value in form.pairs() if name.startswith("kept-")]


def _go_on(request: Request, form: Form, token: str, kept: list[tuple[str, str]]) -> Response:
    to = way_back(form.get("to"))
    if not kept:
        root = language_of(request.url.path).root
        return RedirectResponse(f"{root}{ROOT}" if to == ROOT else to, status_code=303)
    text = CONSOLE_PAGES.text(request, "go_on.html", to=to, kept=kept, form_token=form_token(token))
    return Response(text, headers=HEADERS, media_type="text/html")


def _check_same_site(request: Request) -> None:
    # There is no sign-in yet whose token the form could carry; browsers say themselves from where a form was sent.
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in {None, "same-origin", "none"} or (
        site is None and origin is not None and urlsplit(origin).netloc != request.url.netloc
    ):
        raise ForeignForm("Another site sent this form.", detail_zh="此表单由其他网站提交。")


@router.post("/sign-out", dependencies=[CHANGES_ACCESS])
async def sign_out_of_console(request: Request, session: SessionDep, now: Now) -> Response:
    """End the sign-in; whoever has none is signed out already."""
    token = session_token(request)
    issuer = None if token is None else await sign_out(session, token=token, now=now)
    doors: Sequence[SignInDoor] = request.app.state.sign_in_doors
    out = next((f"?out={number}" for number, door in enumerate(doors) if door.issuer.issuer == issuer), "")
    answer = RedirectResponse(f"{language_of(request.url.path).root}{ROOT}/sign-in{out}", status_code=303)
    forget(answer, request)
    return answer
