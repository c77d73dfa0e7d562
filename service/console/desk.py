"""The desk of whoever is signed in: what every page of the console needs, and the one way in which it acts."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.cache import AccessCache
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.access.sessions.actions import check_confirmed, confirm_key
from service.access.sessions.rules import ROOT, ROOTS, form_token
from service.audit.middleware import note_of
from service.catalog.rules import Catalog
from service.clock import legal_day
from service.console.forms import Form, read_form
from service.errors import Refusal
from service.http import Now, require, session_token
from service.web.rules import Language, language_of


@dataclass(frozen=True, slots=True)
class Tab:
    """A page in the navigation: its path below the console's root, the key of its name, and the roles for which it is there.

    Without roles it is there for everybody. Who may ask for the page, the page itself says (`at_desk`).
    """

    path: str
    name: str
    roles: frozenset[Role] = frozenset()

    def is_for(self, actor: Actor) -> bool:
        """Return whether the actor is shown it."""
        return not self.roles or actor.may(*self.roles)


@dataclass(frozen=True, slots=True)
class Desk:
    """A request for a page by somebody signed in."""

    request: Request
    actor: Actor
    now: datetime
    form_token: str

    @property
    def today(self) -> date:
        """The legal day of the request."""
        return legal_day(self.now)

    @property
    def language(self) -> Language:
        """The language of the page."""
        return language_of(self.request.url.path)

    @property
    def tabs(self) -> list[Tab]:
        """The pages that this actor's roles are for."""
        tabs: Iterable[Tab] = self.request.app.state.console_tabs
        return [tab for tab in tabs if tab.is_for(self.actor)]

    def link(self, path: str) -> str:
        """Return the address of a page of the console, in the language of this one."""
        return f"{self.language.root}{ROOT}{path}"

    def go(self, path: str) -> Response:
        """Lead on to a page, after a form has done its work: reading that page again does nothing again."""
        return RedirectResponse(self.link(path), status_code=303)


class PageRouter(APIRouter):
    """The routes of a page: paths are below the console's root, and each stands in both languages."""

    def __init__(self, **more: Any) -> None:  # noqa: ANN401 - those of a router
        super().__init__(include_in_schema=False, **more)

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:  # noqa: ANN401 - see above
        """Add a route in both languages."""
        for root in ROOTS:
            super().add_api_route(f"{root}{path}", endpoint, **more)


def at_desk(*roles: Role, whose: Whose = Whose.SEEN) -> Any:  # noqa: ANN401 - what FastAPI takes inside `Annotated` has no public type
    """Let in who is signed in and has at least one of the roles, as `service.http.require` does for the API.

    A page is `Annotated[Desk, at_desk(Role.REVIEWER)]`; the walk over all routes and docs/access.md read it there.
    """

    async def _desk(request: Request, actor: Annotated[Actor, require(*roles, whose=whose)], now: Now) -> Desk:
        return Desk(request, actor, now, form_token(session_token(request) or ""))

    return Depends(_desk)


async def _form(request: Request) -> Form:
    return await read_form(request, token=session_token(request) or "")


#: What a form said. Only a form that was made for this sign-in gets here.
FormDep = Annotated[Form, Depends(_form)]


class Unsettled(Exception):
    """A form could not be carried out: nothing of it is kept, and `page` shows it again with what was typed."""

    def __init__(self, page: Response) -> None:
        super().__init__()
        self.page = page


Again = Callable[[Refusal], Awaitable[Response]]


@asynccontextmanager
async def settled(session: AsyncSession, desk: Desk, again: Again) -> AsyncIterator[None]:
    """Carry out what a form asks for; where it is refused, nothing is kept and the page that `again` returns is the answer.

    Raises:
        Unsettled: it was refused.
    """
    try:
        async with session.begin_nested():
            yield
    except Refusal as refusal:
        note_of(desk.request.scope).code = refusal.code
        raise Unsettled(await again(refusal)) from refusal


async def confirm(desk: Desk, form: Form, catalog: Catalog) -> None:
    """Refuse an act that whoever is signed in does not confirm: by giving his key again, in the field `key`.

    Who signed in at an issuer has no key: he confirms there, and that counts for five minutes.

    Raises:
        Refusal: the key is missing, is refused, or is another one's; or nothing was confirmed at the issuer.
    """
    access: AccessCache = desk.request.app.state.access
    if desk.actor.key_id is None:
        await check_confirmed(access, token=session_token(desk.request) or "", now=desk.now)
        return
    address = desk.request.client.host if desk.request.client else None
    await confirm_key(
        access, desk.actor, key=form.get("key"), hierarchy=catalog.hierarchy, now=desk.now, address=address
    )


#: Rows of one page of a table.
PAGE: Final = 50
