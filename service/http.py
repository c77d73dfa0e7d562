"""What endpoints share: sessions, the clock, who asks, the catalogues, pages, and answers that are not problems."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar, overload
from uuid import UUID

import orjson
from fastapi import Depends, Header, Query, Request, Response, Security
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.cache import AccessCache
from service.access.declared import Access, Whose, declare
from service.access.keys.rules import ExpiredKey, UnconfirmedKey, WrongNetwork
from service.access.oidc.rules import BadToken, ExpiredToken, IssuerUnavailable
from service.access.principals.rules import PrincipalBlocked
from service.access.rules import Actor, MalformedKey, MissingKey, Role, RoleMissing, UnknownKey
from service.access.seen import note_in
from service.access.sessions.rules import cookie_name, is_console
from service.audit.middleware import note_of, record_write
from service.audit.rules import Note, who_is
from service.catalog.queries import Catalog, CatalogCache
from service.clock import legal_day
from service.db import Database, ReadSession
from service.errors import Forbidden, Invalid, Refusal, Unauthenticated, Unavailable
from service.problems import Responses, UnknownParameter, problem_responses
from service.request_checks import query_parameters_of
from service.versions import ExpectedVersion, MalformedVersion, VersionMismatch, VersionRequired, read_expected_version

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
#: A month as a parameter: `2026-10`.
MONTH: Final = "^[12][0-9]{3}-(0[1-9]|1[0-2])$"


class BadCursor(Invalid):
    """The cursor is not one that a page of this list gave as `next`."""

    code = "bad_cursor"


#: What an operation with `ActorDep` may answer; one with `require(…)` adds `RoleMissing`.
KEY_REFUSALS: Final[tuple[type[Refusal], ...]] = (
    MissingKey,
    MalformedKey,
    UnknownKey,
    ExpiredKey,
    UnconfirmedKey,
    WrongNetwork,
    PrincipalBlocked,
    BadToken,
    ExpiredToken,
    IssuerUnavailable,
)
ROLE_REFUSALS: Final[tuple[type[Refusal], ...]] = (*KEY_REFUSALS, RoleMissing)

bearer = HTTPBearer(
    auto_error=False, scheme_name="key", description="A key of this service, `Bearer xy_…`, or an OIDC token."
)


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


#: For the few operations that open a transaction at a moment of their own choosing.
DatabaseDep = Annotated[Database, Depends(_database)]


async def _now(request: Request) -> datetime:
    now: datetime = request.app.state.clock()
    return now


Now = Annotated[datetime, Depends(_now)]


async def _today(now: Now) -> date:
    return legal_day(now)


Today = Annotated[date, Depends(_today)]


async def _note(request: Request) -> Note:
    return note_of(request.scope)


#: What the audit will say about the request; an endpoint adds what only it knows.
NoteDep = Annotated[Note, Depends(_note)]


async def _catalog(request: Request) -> Catalog:
    cache: CatalogCache = request.app.state.catalog_cache
    return await cache.get()


CatalogDep = Annotated[Catalog, Depends(_catalog)]


async def identify(request: Request, catalog: CatalogDep, now: Now) -> Actor | Refusal:
    """Return who asks, or why that cannot be said: an operation that needs no key goes on without.

    At the console a sign-in's cookie says it, everywhere else a key or token in the header.
    """
    if is_console(request.url.path):
        return await _identify_session(request, catalog, now)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        return MissingKey(
            "This needs a key: send the header `Authorization: Bearer KEY`.",
            detail_zh="此项需要密钥，请在请求头 Authorization 中以 Bearer 方式提供。",
        )
    access: AccessCache = request.app.state.access
    address = request.client.host if request.client else None
    try:
        actor = await access.actor(secret, hierarchy=catalog.hierarchy, now=now, address=address)
    except (Unauthenticated, Forbidden, Unavailable) as refusal:  # an operation that needs no key goes on without
        return refusal
    note_of(request.scope).who = who_is(actor)
    return actor


def session_token(request: Request) -> str | None:
    """Return the token of the sign-in with which a page of the console is asked for, or None."""
    return request.cookies.get(cookie_name(secure=request.url.scheme == "https")) or None


async def _identify_session(request: Request, catalog: CatalogDep, now: Now) -> Actor | Refusal:
    token = session_token(request)
    if token is None:
        return MissingKey("Sign in first.", detail_zh="请先登录。")
    access: AccessCache = request.app.state.access
    address = request.client.host if request.client else None
    try:
        actor = await access.actor_of_session(token, hierarchy=catalog.hierarchy, now=now, address=address)
    except (Unauthenticated, Forbidden) as refusal:
        return refusal
    note_of(request.scope).who = who_is(actor)
    return actor


Identity = Annotated[Actor | Refusal, Depends(identify)]


async def _actor(identity: Identity, _documented: Annotated[object, Security(bearer)]) -> Actor:
    if isinstance(identity, Refusal):
        raise identity
    return identity


async def _nothing() -> None:
    return None


#: Declares that an operation needs no key: `dependencies=[PUBLIC]`.
PUBLIC: Final = Depends(declare(_nothing, Access(is_public=True)))

#: The actor of an operation that any valid key may call.
ActorDep = Annotated[Actor, Depends(declare(_actor, Access()))]


def require(*roles: Role, whose: Whose = Whose.ANY) -> Any:  # noqa: ANN401 - what FastAPI takes inside `Annotated` has no public type
    """Let in actors with at least one of the roles; without any, actors with a valid key. `whose` things it is about.

    This is the one place where an operation says who may call it, and its row in docs/access.md comes from here. Use it as
    `Annotated[Actor, require(Role.LISTER, whose=Whose.OWN)]`.
    """

    async def _actor_with_role(actor: ActorDep) -> Actor:
        if roles and not actor.may(*roles):
            raise RoleMissing(
                f"This needs the role {' or '.join(roles)}; {actor.name!r} has"
                f" {', '.join(sorted(actor.roles)) or 'none'}.",
                detail_zh="该密钥没有办理此项所需的角色。",
            )
        return actor

    return Depends(declare(_actor_with_role, Access(frozenset(roles), whose)))


async def _open_session(
    request: Request, database: DatabaseDep, note: NoteDep, now: Now
) -> AsyncIterator[AsyncSession]:
    async with database.transaction(request_id=note.request_id) as session:
        note_in(session, note.owners)
        yield session
        await record_write(session, request.scope, at=now)


#: `scope="function"` commits before the response starts; with the default a client could see 201 before a commit that fails.
SessionDep = Annotated[AsyncSession, Depends(_open_session, scope="function")]


#: Opens the transaction of a request later than at its beginning; inside it all is as with `SessionDep`.
LateSession = Callable[[], AbstractAsyncContextManager[AsyncSession]]


async def _open_late_session(request: Request, database: DatabaseDep, note: NoteDep, now: Now) -> LateSession:
    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncSession]:
        async with database.transaction(request_id=note.request_id) as session:
            note_in(session, note.owners)
            yield session
            await record_write(session, request.scope, at=now)

    return opened


#: For an operation that receives a large file first, so that a slow client holds no connection of the database.
LateSessionDep = Annotated[LateSession, Depends(_open_late_session)]


async def _open_read_session(
    database: DatabaseDep, note: NoteDep, _identity: Identity, _catalog: CatalogDep
) -> AsyncIterator[ReadSession]:
    # Key and catalogue are looked up first, on a connection of their own. A request that held its snapshot while it waited
    # for a second connection could, with enough others doing the same, wait for ever.
    async with database.reading(request_id=note.request_id) as session:
        note_in(session, note.owners)
        yield session


ReadSessionDep = Annotated[ReadSession, Depends(_open_read_session, scope="function")]


async def _forget_access(request: Request) -> AsyncIterator[None]:
    yield
    access: AccessCache = request.app.state.access
    access.expire()


#: Declares that an operation changes who may do what: this process looks again right after the commit, others within a second.
#: It belongs into `dependencies=`, which are entered before the session and so left after its commit.
CHANGES_ACCESS: Final = Depends(_forget_access, scope="function")


async def _forget_catalog(request: Request) -> AsyncIterator[None]:
    yield
    cache: CatalogCache = request.app.state.catalog_cache
    cache.expire()


#: The same for an operation that changes a catalogue.
CHANGES_CATALOG: Final = Depends(_forget_catalog, scope="function")


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is asked for: at most `limit` items behind the key `after`, from the beginning where it is None."""

    limit: int
    after: tuple[str, ...] | None


def encode_cursor(key: Sequence[str]) -> str:
    """Return the opaque cursor for the key of the last item of a page."""
    return urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[str, ...]:
    """Return the key that `encode_cursor` was given.

    Raises:
        BadCursor: the text is no cursor.
    """
    try:
        key = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (Base64Error, ValueError):
        key = None
    # A text with NUL is none that the database could have given.
    if not isinstance(key, list) or not key or not all(isinstance(part, str) and "\0" not in part for part in key):
        raise _bad_cursor()
    return tuple(key)


async def _page(
    limit: Annotated[int, Query(ge=1, le=1000, description="Most items of one page.")] = 100,
    cursor: Annotated[str | None, Query(max_length=1000, description="The `next` of the page before.")] = None,
) -> Page:
    return Page(limit, None if cursor is None else decode_cursor(cursor))


PageDep = Annotated[Page, Depends(_page)]


@overload
def key_of(cursor: tuple[str, ...] | str | None, one: Callable[[str], A], /) -> tuple[A] | None: ...
@overload
def key_of(
    cursor: tuple[str, ...] | str | None, one: Callable[[str], A], two: Callable[[str], B], /
) -> tuple[A, B] | None: ...
def key_of(cursor: tuple[str, ...] | str | None, /, *readers: Callable[[str], Any]) -> tuple[Any, ...] | None:
    """Return the key behind which a page begins, each part read by its reader, or None for the first page.

    `cursor` is what `decode_cursor` returned, or the cursor itself, empty for the first page. A reader raises ValueError for
    what it cannot read.

    Raises:
        BadCursor: the cursor is none, or another list's.
    """
    if not cursor:
        return None
    parts = decode_cursor(cursor) if isinstance(cursor, str) else cursor
    try:
        return tuple(read(part) for read, part in zip(readers, parts, strict=True))
    except ValueError as error:
        raise _bad_cursor() from error


def page_after(page: Page) -> UUID | None:
    """Return the id behind which a page of things with ids begins, or None for the first page.

    Raises:
        BadCursor: the cursor is another list's.
    """
    key = key_of(page.after, UUID)
    return None if key is None else key[0]


def text_after(page: Page) -> str | None:
    """Return the word behind which a page of things begins, or None for the first page.

    Raises:
        BadCursor: the cursor is another list's.
    """
    key = key_of(page.after, str)
    return None if key is None else key[0]


def pair_after(page: Page) -> tuple[str, str] | None:
    """Return the two words behind which a page of things begins, or None for the first page.

    Raises:
        BadCursor: the cursor is another list's.
    """
    return key_of(page.after, str, str)


def number_after(page: Page) -> int:
    """Return the number behind which a page of numbered things begins, 0 for the first page.

    Raises:
        BadCursor: the cursor is another list's.
    """
    key = key_of(page.after, _number)
    return 0 if key is None else key[0]


def _number(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number


def _bad_cursor() -> BadCursor:
    return BadCursor("The cursor is not one that this list gave as `next`.", detail_zh="翻页游标无效。")


def one_page(found: Sequence[T], page: Page) -> tuple[Sequence[T], str | None]:
    """Return the items of a page, and the cursor of the next one or None; `found` are rows by id, one more than asked where there are."""
    part = found[: page.limit]
    if len(found) <= page.limit:
        return part, None
    last: Any = part[-1]
    return part, encode_cursor((str(last["id"] if isinstance(last, Mapping) else last.id),))


def cut_page(items: Sequence[T], page: Page, key: Callable[[T], tuple[str, ...]]) -> tuple[Sequence[T], str | None]:
    """Return the page's part of `items`, which are sorted by `key`, and the cursor of the next page or None."""
    after = page.after
    rest = items if after is None else [item for item in items if key(item) > after]
    part = rest[: page.limit]
    return part, encode_cursor(key(part[-1])) if len(rest) > page.limit else None


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse a query parameter that the operation's documentation does not have.

    Raises:
        UnknownParameter: the query names another one.
    """
    if not request.query_params:
        return
    known = query_parameters_of(request)
    if known is None:
        return
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise UnknownParameter(
            f"Unknown query parameter: {', '.join(unknown)}. Known here: {', '.join(sorted(known)) or 'none'}.",
            detail_zh="存在未知的查询参数。",
            parameters=unknown,
        )


def _plain(value: object) -> str:
    if isinstance(value, UUID):  # the driver gives a subclass, which orjson does not take for one
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def json_response(content: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return `content` as JSON: days and instants in ISO 8601, ids as text."""
    return Response(
        orjson.dumps(content, default=_plain), status_code=status, headers=headers, media_type="application/json"
    )


_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


def matches_etag(if_none_match: str | None, etag: str) -> bool:
    """Return whether the header `If-None-Match` names `etag` (weak comparison, RFC 9110 section 13.1.2)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag.removeprefix("W/") in _TAG.findall(if_none_match)


def not_modified(etag: str) -> Response:
    """Return the answer 304 for a client that has the present representation."""
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag, "Cache-Control": "no-cache"})


IfMatch = Annotated[
    str | None,
    Header(description="The ETag of the version that you change, as the last answer gave it.", examples=['"3"']),
]


async def _version(if_match: IfMatch = None) -> ExpectedVersion:
    return read_expected_version(if_match)


#: What `If-Match` says, for an operation that changes a resource that exists; its action asks `ExpectedVersion.check`.
VersionDep = Annotated[ExpectedVersion, Depends(_version)]


async def _put_version(
    if_match: IfMatch = None,
    if_none_match: Annotated[str | None, Header(description="`*`: only where there is nothing yet.")] = None,
) -> ExpectedVersion:
    return read_expected_version(if_match, if_none_match)


#: The same for a PUT that may also make the resource.
PutVersionDep = Annotated[ExpectedVersion, Depends(_put_version)]

#: What an operation with `VersionDep` or `PutVersionDep` may answer.
VERSION_REFUSALS: Final[tuple[type[Refusal], ...]] = (MalformedVersion, VersionRequired, VersionMismatch)


def answers(
    example: object,
    *refusals: type[Refusal],
    status: int = 200,
    words: str = "The answer.",
    headers: Sequence[str] = (),
) -> Responses:
    """Return the `responses=` of an operation: its answer with a real example, and the problems it may give.

    `headers` are names of response headers worth documenting.
    """
    answer: dict[str, Any] = {"description": words}
    if status != 204:  # No Content
        answer["content"] = {"application/json": {"example": example}}
    if headers:
        answer["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return {status: answer, **problem_responses(*refusals)}
