"""From facts to a page: templates, languages, headers that no page goes without."""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.access.sessions.rules import is_console
from service.audit.middleware import note_of
from service.http import matches_etag
from service.problems import MEDIA_TYPE as PROBLEM_TYPE
from service.web.rules import (
    WORDS,
    Language,
    Words,
    language_of,
    other_language,
    say,
    say_citation,
    say_day,
    say_instant,
    say_money,
    say_size,
)

FOLDER: Final = Path(__file__).parent
STATIC: Final = FOLDER / "static"
ASSETS: Final = "/assets"

#: Nothing from outside, nothing inline: a page that shows what others wrote runs no code of theirs.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Vary": "Accept",
}


@lru_cache
def _digest(name: str) -> str:
    return blake2b((STATIC / name).read_bytes(), digest_size=6).hexdigest()


def asset(name: str) -> str:
    """Return the address of a static file; it changes with the content, so that the file may be kept for ever."""
    return f"{ASSETS}/{name}?{_digest(name)}"


class Pages:
    """The pages of a part of the site: its folders of templates, the first looked at first, and the words they say."""

    def __init__(self, *folders: Path, words: Words, **functions: Callable[..., object]) -> None:
        self.words = words
        self._environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {"asset": asset, **functions}

    def text(self, request: Request, template: str, **facts: object) -> str:
        """Return a page as text."""
        return self._environment.get_template(template).render(**self._context(request), **facts)

    def _context(self, request: Request) -> dict[str, Any]:
        language = language_of(request.url.path)

        def translate(key: str, **parts: object) -> str:
            return say(key, language, self.words, **parts)

        def link(path: str) -> str:
            return f"{language.root}{path}" if path != "/" else language.root or "/"

        def word(group: str, value: object) -> str:
            key = f"{group}.{value}"
            return say(key, language, self.words) if key in self.words else str(value)

        return {
            "language": language,
            "path": request.url.path,
            "other_path": other_language(request.url.path),
            "t": translate,
            "word": word,
            "link": link,
            "day": lambda day: say_day(_as_day(day), language),
            "instant": lambda instant: say_instant(instant, language),
            "money": lambda fen: say_money(fen, language),
            "cited": lambda citation: say_citation(citation, language),
            "size": say_size,
            "count": lambda number: f"{number:,}",
        }


TEMPLATES: Final = FOLDER / "templates"
PUBLIC_PAGES: Final = Pages(TEMPLATES, words=WORDS)


def _as_day(day: date | datetime | None) -> date | None:
    return day.date() if isinstance(day, datetime) else day


def render(request: Request, template: str, *, status: int = 200, etag: str | None = None, **facts: object) -> Response:
    """Return the page; with an `etag` (of the facts) a visitor who has the present page is told so."""
    headers = dict(HEADERS)
    if etag is not None:
        headers["ETag"] = tag = f'W/"{etag}-{language_of(request.url.path)}-{_digest("style.css")}"'
        if matches_etag(request.headers.get("if-none-match"), tag):
            return Response(status_code=304, headers=headers)
    page = PUBLIC_PAGES.text(request, template, **facts)
    return Response(page, status_code=status, headers=headers, media_type="text/html")


#: Makes the page that says a problem: of the request, its status, a heading's key and the words for the visitor.
MakeProblemPage = Callable[[Request, int, str, str | None], Response]


class ProblemPages:
    """Middleware that turns a problem into a page, for visitors who ask for pages; below `/v1` a problem stays one."""

    def __init__(self, app: ASGIApp, *, console: MakeProblemPage) -> None:
        self.app = app
        self.console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; where the answer is a problem, send the page that says it instead."""
        if scope["type"] != "http" or not _wants_pages(Request(scope)):
            await self.app(scope, receive, send)
            return
        held: list[Message] = []

        async def send_page(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_problem(message):
                held.append(message)
            elif held and message["type"] == "http.response.body":
                held.append(message)
                if not message.get("more_body", False):
                    await self._problem_page(Request(scope), held)(scope, receive, send)
            else:
                await send(message)

        await self.app(scope, receive, send_page)

    def _problem_page(self, request: Request, held: list[Message]) -> Response:
        start, *parts = held
        problem = orjson.loads(b"".join(part.get("body", b"") for part in parts))
        note_of(request.scope).code = problem["code"]
        status = problem["status"]
        language = language_of(request.url.path)
        words = problem.get("detail_zh") if language is Language.ZH else problem["detail"]
        if status == HTTPStatus.NOT_FOUND:
            words = say("error.e404_words", language)
        heading = f"error.e{status}"
        make = self.console if is_console(request.url.path) else _public_problem_page
        page = make(request, status, heading if heading in WORDS else "error.other", words)
        kept = {b"retry-after", b"allow", b"ratelimit", b"ratelimit-policy", b"x-request-id"}
        page.raw_headers += [(name, value) for name, value in start["headers"] if name in kept]
        return page


def _public_problem_page(request: Request, status: int, heading: str, words: str | None) -> Response:
    return render(request, "error.html", status=status, heading=heading, words=words)


def _wants_pages(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")


def _is_problem(start: Message) -> bool:
    return (b"content-type", PROBLEM_TYPE.encode()) in start["headers"]
