"""Signing in at the issuer of one's office, and confirming there that it is still oneself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from service.access.cache import AccessCache
from service.access.oidc.attempts import PATIENCE, Aim, Attempt, attempt_cookie, read_attempt
from service.access.oidc.client import SignInDoor
from service.access.oidc.rules import IssuerRefused
from service.access.sessions.actions import confirm_at_issuer, sign_in_at_issuer
from service.access.sessions.rules import ROOT, SignInEnded, way_back
from service.audit.middleware import note_of
from service.audit.rules import Audited, audited, who_is
from service.catalog.hierarchy import Hierarchy
from service.console.desk import Desk, PageRouter, at_desk
from service.console.rendering import CONSOLE_PAGES, HEADERS, remember, show_sign_in, words_of
from service.errors import Forbidden, Refusal, Unauthenticated, Unavailable
from service.http import PUBLIC, CatalogDep, Identity, LateSession, LateSessionDep, Now, session_token
from service.problems import STATUS
from service.web.rules import NoSuchPage, language_of

router = PageRouter()

#: Longest parameter of an answer that is looked at.
Said = Annotated[str, Query(max_length=4000)]
Number = Annotated[int, Query(ge=0)]
_REFUSALS: Final = (Unauthenticated, Forbidden, Unavailable)


@router.get("/sign-in/oidc", dependencies=[PUBLIC])
async def go_to_issuer(
    request: Request,
    now: Now,
    door: Number = 0,
    to: Annotated[str, Query(max_length=2000)] = ROOT,
    beside: bool = False,
) -> Response:
    """Lead to an issuer; `beside` says that a form waits in another tab."""
    aim = Aim.BESIDE if beside else Aim.ENTER
    try:
        return await _lead_to(_door(request, door), request, aim=aim, to=way_back(to), now=now)
    except Unavailable as refusal:
        return _not_in(request, refusal, to=to)


@router.get("/sign-in/oidc/confirm")
async def go_to_confirm(desk: Annotated[Desk, at_desk()]) -> Response:
    """Lead whoever signed in at an issuer there again, to show who he is."""
    doors: Sequence[SignInDoor] = desk.request.app.state.sign_in_doors
    access: AccessCache = desk.request.app.state.access
    vouched = await access.vouched(session_token(desk.request) or "")
    door = next((one for one in doors if vouched is not None and one.issuer.issuer == vouched.issuer), None)
    if door is None:
        raise _no_page()
    return await _lead_to(door, desk.request, aim=Aim.CONFIRM, to=ROOT, now=desk.now)


@router.get("/sign-in/oidc/out", dependencies=[PUBLIC])
async def go_out_at_issuer(request: Request, door: Number = 0) -> Response:
    """Lead who signed out here to where he signs out at the issuer."""
    place = await _door(request, door).way_out()
    root = language_of(request.url.path).root
    return RedirectResponse(place or f"{root}{ROOT}/sign-in", status_code=303, headers=HEADERS)


@router.get("/sign-in/oidc/back", dependencies=[PUBLIC])
async def come_back(request: Request, state: Said = "") -> Response:
    """Take the issuer's answer, and ask for the next page from here: cookies come along only from this site's own pages."""
    root = "/en" if state.startswith("en-") else ""
    names = ("state", "code", "iss", "error")
    answer = {name: request.query_params[name] for name in names if name in request.query_params}
    to = f"{root}{ROOT}/sign-in/oidc/finish?{urlencode(answer)}"
    text = CONSOLE_PAGES.text(request, "on_the_way.html", to=to)
    return Response(text, headers=HEADERS, media_type="text/html")


@router.get("/sign-in/oidc/finish", dependencies=[PUBLIC])
@audited(Audited.WRITES)
async def finish_sign_in(
    request: Request, _identity: Identity, late: LateSessionDep, catalog: CatalogDep, now: Now,
    state: Said = "", code: Said = "", iss: Said = "", error: Said = "",
) -> Response:  # fmt: skip
    """Let in whoever the issuer vouches for, or note that he has confirmed."""
    cookie = attempt_cookie(secure=request.url.scheme == "https")
    to = ROOT
    try:
        attempt = read_attempt(request.cookies.get(cookie))
        to = way_back(attempt.to)
        attempt.check_answer(state=state, issuer=iss, now=now)
        if error or not code:
            raise IssuerRefused(
                f"The issuer did not let you in ({error[:60] or 'no code'}); begin again, or ask who runs it.",
                detail_zh="统一身份认证未通过，请重新登录，或联系其管理员。",
            )
        answer = await _finish(request, attempt, late, catalog.hierarchy, code=code, named=bool(iss), now=now)
    except _REFUSALS as refusal:
        answer = _not_in(request, refusal, to=to)
    answer.delete_cookie(cookie, httponly=True, secure=request.url.scheme == "https", samesite="strict")
    return answer


async def _finish(
    request: Request,
    attempt: Attempt,
    late: LateSession,
    hierarchy: Hierarchy,
    *,
    code: str,
    named: bool,
    now: datetime,
) -> Response:
    doors: Sequence[SignInDoor] = request.app.state.sign_in_doors
    door = next((one for one in doors if one.issuer.issuer == attempt.issuer), None)
    if door is None:
        raise _no_page()
    # The issuer is asked before the transaction opens: nothing leaves the process inside one.
    signed_in = await door.redeem(attempt, code=code, named=named, now=now)
    if attempt.aim == Aim.CONFIRM:
        attempt.check_asked_again(signed_in.claims, skew=door.skew)
        token = session_token(request)
        if token is None:
            raise SignInEnded("The sign-in has ended; sign in again.", detail_zh="登录已失效，请重新登录。")
        async with late() as session:
            await confirm_at_issuer(session, token=token, bearer=signed_in.bearer, now=now)
        return _beside(request, "console.confirmed_here")
    async with late() as session:
        actor, token = await sign_in_at_issuer(session, bearer=signed_in.bearer, hierarchy=hierarchy, now=now)
        note_of(request.scope).who = who_is(actor)
    if attempt.aim == Aim.BESIDE:
        answer = _beside(request, "console.signed_in_here")
    else:
        root = language_of(request.url.path).root
        answer = RedirectResponse(f"{root}{ROOT}" if attempt.to == ROOT else attempt.to, status_code=303)
    remember(answer, request, token)
    return answer


async def _lead_to(door: SignInDoor, request: Request, *, aim: Aim, to: str, now: datetime) -> Response:
    language = language_of(request.url.path)
    attempt, address = await door.begin(aim=aim, to=to, language=language.value, now=now)
    answer = RedirectResponse(address, status_code=303, headers=HEADERS)
    secure = request.url.scheme == "https"
    answer.set_cookie(
        attempt_cookie(secure=secure),
        attempt.cookie(),
        max_age=int(PATIENCE.total_seconds()),
        httponly=True,
        secure=secure,
        samesite="strict",
    )
    return answer


def _door(request: Request, number: int) -> SignInDoor:
    doors: Sequence[SignInDoor] = request.app.state.sign_in_doors
    if number >= len(doors):
        raise _no_page()
    return doors[number]


def _no_page() -> NoSuchPage:
    return NoSuchPage("Nobody signs in here by an issuer of this number.", detail_zh="本系统没有开通此登录方式。")


def _beside(request: Request, heading: str) -> Response:
    text = CONSOLE_PAGES.text(request, "beside.html", heading=heading)
    return Response(text, headers=HEADERS, media_type="text/html")


def _not_in(request: Request, refusal: Refusal, *, to: str) -> Response:
    note_of(request.scope).code = refusal.code
    return show_sign_in(request, status=STATUS[refusal.category], refusal=words_of(refusal, request), to=to)
