"""From facts to a page of the console: its layout, its headers, and what is shown where something is refused."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from service.access.sessions.rules import IDLE, ROOT, cookie_name, is_console, way_back
from service.console.desk import Desk, Unsettled
from service.console.findings import say_found
from service.console.forms import Form, read_fields
from service.errors import Refusal, Unauthenticated
from service.http import session_token
from service.problems import STATUS, refused
from service.web.rendering import HEADERS as PAGE_HEADERS
from service.web.rendering import TEMPLATES, Pages
from service.web.rules import WORDS as PAGE_WORDS
from service.web.rules import Language, Words, language_of, read_words

FOLDER: Final = Path(__file__).parent
#: Sentences of the console, one file a page beside those of the public site.
WORDS: Final[Words] = {
    **PAGE_WORDS,
    **{key: texts for file in sorted((FOLDER / "words").glob("*.toml")) for key, texts in read_words(file).items()},
}
CONSOLE_PAGES: Final = Pages(FOLDER / "templates", TEMPLATES, words=WORDS, found=say_found)
#: Nobody keeps a page of the console, neither on the way nor on an office's computer.
HEADERS: Final = {**PAGE_HEADERS, "Cache-Control": "no-store", "Vary": "Cookie"}


def show(desk: Desk, template: str, *, status: int = 200, **facts: object) -> Response:
    """Return a page for whoever is signed in, and let the browser remember the sign-in a while longer."""
    text = CONSOLE_PAGES.text(desk.request, template, desk=desk, **facts)
    page = Response(text, status_code=status, headers=HEADERS, media_type="text/html")
    token = session_token(desk.request)
    if token is not None:
        remember(page, desk.request, token)
    return page


def show_refused(desk: Desk, template: str, refusal: Refusal, **facts: object) -> Response:
    """Return a page that says at its head why what was asked is refused, with the refusal's status."""
    return show(desk, template, status=STATUS[refusal.category], refusal=words_of(refusal, desk.request), **facts)


def words_of(refusal: Refusal, request: Request) -> str:
    """Return the words of a refusal in the language of the page."""
    chinese = language_of(request.url.path) is Language.ZH
    return (refusal.detail_zh if chinese else None) or refusal.detail


def remember(response: Response, request: Request, token: str) -> None:
    """Set the cookie of a sign-in: never read by scripts, never sent along from another site."""
    secure = request.url.scheme == "https"
    seconds = int(IDLE.total_seconds())
    response.set_cookie(
        cookie_name(secure=secure), token, max_age=seconds, httponly=True, secure=secure, samesite="strict"
    )


def forget(response: Response, request: Request) -> None:
    """Take the cookie of a sign-in back."""
    secure = request.url.scheme == "https"
    response.delete_cookie(cookie_name(secure=secure), httponly=True, secure=secure, samesite="strict")


def show_sign_in(
    request: Request,
    *,
    status: int = 200,
    refusal: str | None = None,
    to: str = ROOT,
    kept: Iterable[tuple[str, str]] = (),
    out: int | None = None,
) -> Response:
    """Return the page on which one signs in; `to` is where that leads, `kept` what was typed before the sign-in ended.

    `out` is the number of the issuer at which who just signed out here is still signed in.
    """
    chinese = language_of(request.url.path) is Language.ZH
    names = [door.client.name if chinese else door.client.name_en for door in request.app.state.sign_in_doors]
    facts = {"refusal": refusal, "to": way_back(to), "kept": list(kept), "names": names, "out": out}
    text = CONSOLE_PAGES.text(request, "sign_in.html", **facts)
    return Response(text, status_code=status, headers=HEADERS, media_type="text/html")


def problem_page(request: Request, status: int, heading: str, words: str | None) -> Response:
    """Return the page that says a problem at the console, to whoever asks, signed in or not."""
    text = CONSOLE_PAGES.text(request, "problem.html", heading=heading, words=words)
    return Response(text, status_code=status, headers=HEADERS, media_type="text/html")


async def _on_unsettled(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Unsettled)  # noqa: S101 - the registration below says so; this tells the type checker
    return error.page


async def _on_unauthenticated(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unauthenticated)  # noqa: S101 - see above
    if not is_console(request.url.path) or "text/html" not in request.headers.get("accept", ""):
        return refused(request, error)
    root = language_of(request.url.path).root
    if request.method in {"GET", "HEAD"}:
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"{root}{ROOT}/sign-in?to={quote(asked, safe='')}", status_code=303)
    try:
        # A file cannot be kept over a sign-in; what was typed beside it is little.
        is_file = request.headers.get("content-type", "").startswith("multipart/")
        form = Form() if is_file else await read_fields(request)
    except Refusal as refusal:
        return refused(request, refusal)
    return show_sign_in(request, status=401, refusal=words_of(error, request), to=request.url.path, kept=form.pairs())


def add_handlers(app: FastAPI) -> None:
    """Let the console answer for itself: with the form again, or with the sign-in."""
    app.add_exception_handler(Unsettled, _on_unsettled)
    app.add_exception_handler(Unauthenticated, _on_unauthenticated)
