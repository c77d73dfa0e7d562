from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Response

from schemas.catalog import (
    AuthorityCreate,
    AuthorityOut,
    AuthorityPage,
    ListCreate,
    ListOut,
    ListPage,
    RegionPage,
    RulePage,
    SourceCreate,
    SourceOut,
    SourcePage,
)
from service.access.rules import Actor, Role
from service.catalog import actions, examples
from service.catalog.rules import (
    AlreadyInCatalog,
    BadCoverage,
    ImpossiblePeriod,
    KnownAuthority,
    KnownList,
    KnownSource,
    NoLegalBasis,
    NoSuchAuthority,
    NotInCatalog,
    PublishedNowhere,
)
from service.catalog.trust import BadTrust
from service.http import (
    PUBLIC,
    ROLE_REFUSALS,
    BadCursor,
    CatalogDep,
    Now,
    Page,
    PageDep,
    answers,
    cut_page,
    matches_etag,
    not_modified,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingCatalogSessionDep
from service.problems import Responses

router = APIRouter(prefix="/v1/catalog", tags=["catalog"])

T = TypeVar("T")
RuleKeeper = Annotated[Actor, require(Role.RULE_KEEPER)]
WORDS = "A page. Its ETag changes with every change of a catalogue."


@cache
def _software() -> str:
    return version("xinyong")


async def _not_modified(
    catalog: CatalogDep,
    response: Response,
    if_none_match: Annotated[str | None, Header(description="The ETag you have.")] = None,
) -> Response | None:
    etag = f'"catalog-{catalog.version}-{_software()}"'
    if matches_etag(if_none_match, etag):
        return not_modified(etag)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "no-cache"
    return None


#: The answer 304 for a client that has the present catalogue, None for everybody else.
NotModified = Annotated[Response | None, Depends(_not_modified)]


def part(items: Iterable[T], page: Page, key: Callable[[T], tuple[str, ...]]) -> dict[str, Any]:
    """Return the page's part of a catalogue, which is sorted by `key`."""
    found, following = cut_page(tuple(items), page, key)
    return {"items": found, "next": following}


def entry(found: Iterable[T], key: str) -> T:
    """Return the one entry of a catalogue that was found by `key`.

    Raises:
        NotInCatalog: none was.
    """
    one = next(iter(found), None)
    if one is None:
        raise NotInCatalog(f"The catalogue has no entry {key!r}.", detail_zh="目录中没有此编号。")
    return one


def documented(item: dict[str, Any]) -> Responses:
    """Return the `responses=` of a catalogue's list, with `item` as the example."""
    described = answers(examples.page(item), BadCursor, words=WORDS, headers=("ETag",))
    return {**described, 304: {"description": "You have the present catalogue."}}


@router.get(
    "/lists",
    dependencies=[PUBLIC],
    summary="List the blacklists",
    response_model=ListPage,
    responses=documented(examples.LIST),
)
async def list_lists(catalog: CatalogDep, page: PageDep, not_modified: NotModified) -> Response | dict[str, Any]:
    """Give all named lists, closed ones too, each with its legal basis, severity and period."""
    return not_modified or part(catalog.lists, page, lambda entry: (entry.id,))


@router.get(
    "/rules",
    dependencies=[PUBLIC],
    summary="List the legal rules",
    response_model=RulePage,
    responses=documented(examples.RULE),
)
async def list_rules(
    catalog: CatalogDep,
    page: PageDep,
    not_modified: NotModified,
    kind: Annotated[Literal["period", "deadline", "parameter"] | None, Query(description="Only this kind.")] = None,
) -> Response | dict[str, Any]:
    """Give the rulebook: every dated period, deadline and parameter, with citation and grade."""
    rules = (rule for rule in catalog.rules if kind in {None, rule.kind})
    return not_modified or part(rules, page, lambda rule: (rule.id,))


@router.get(
    "/authorities",
    dependencies=[PUBLIC],
    summary="List the authorities",
    response_model=AuthorityPage,
    responses=documented(examples.AUTHORITY),
)
async def list_authorities(
    catalog: CatalogDep,
    page: PageDep,
    not_modified: NotModified,
    name: Annotated[str | None, Query(description="Only those with this code, name, alias or credit code.")] = None,
) -> Response | dict[str, Any]:
    """Give the bodies that decide, with the authority above each and the one that took over its work."""
    authorities = catalog.authorities if name is None else catalog.authorities_named(name)
    return not_modified or part(authorities, page, lambda authority: (authority.code,))


@router.get(
    "/regions",
    dependencies=[PUBLIC],
    summary="List the regions",
    response_model=RegionPage,
    responses=documented(examples.REGION),
)
async def list_regions(
    catalog: CatalogDep,
    page: PageDep,
    not_modified: NotModified,
    under: Annotated[str, Query(pattern="^[0-9]{0,6}$", description="Only codes that begin with these digits.")] = "",
) -> Response | dict[str, Any]:
    """Give the division codes of GB/T 2260 with their history: one item a code and name."""
    regions = (region for region in catalog.regions if region.code.startswith(under))
    return not_modified or part(regions, page, lambda region: (region.code, region.name))


@router.get(
    "/sources",
    dependencies=[PUBLIC],
    summary="List the sources",
    response_model=SourcePage,
    responses=documented(examples.SOURCE),
)
async def list_sources(catalog: CatalogDep, page: PageDep, not_modified: NotModified) -> Response | dict[str, Any]:
    """Give where rows come from: owner, whether and where they were published, and what each source is complete for."""
    return not_modified or part(catalog.sources, page, lambda source: (source.code,))


@router.get(
    "/authorities/{code}",
    dependencies=[PUBLIC],
    summary="Read an authority",
    response_model=AuthorityOut,
    responses=answers(examples.AUTHORITY, NotInCatalog, words="The authority."),
)
async def show_authority(catalog: CatalogDep, code: Annotated[str, Path(max_length=200)]) -> KnownAuthority:
    """Give an authority of the catalogue by its code."""
    return entry((authority for authority in catalog.authorities if authority.code == code), code)


@router.post(
    "/authorities",
    summary="Add an authority",
    status_code=201,
    response_model=AuthorityOut,
    responses=answers(
        examples.AUTHORITY,
        *ROLE_REFUSALS,
        NoSuchAuthority,
        AlreadyInCatalog,
        *REPEAT_REFUSALS,
        ImpossiblePeriod,
        status=201,
        words="The authority as entered.",
        headers=("Location",),
    ),
)
async def add_authority(
    body: Annotated[AuthorityCreate, Body(examples=[examples.AUTHORITY])],
    _actor: RuleKeeper,
    response: Response,
    session: CreatingCatalogSessionDep,
) -> KnownAuthority:
    """Enter an authority. Those above it and after it must be in the catalogue already."""
    response.headers["Location"] = f"/v1/catalog/authorities/{body.code}"
    return await actions.add_authority(session, KnownAuthority(**body.model_dump()))


@router.get(
    "/lists/{code}",
    dependencies=[PUBLIC],
    summary="Read a list",
    response_model=ListOut,
    responses=answers(examples.LIST, NotInCatalog, words="The list."),
)
async def show_list(catalog: CatalogDep, code: Annotated[str, Path(max_length=200)]) -> KnownList:
    """Give a list of the catalogue by its id."""
    return entry((entry for entry in catalog.lists if entry.id == code), code)


@router.post(
    "/lists",
    summary="Add a list",
    status_code=201,
    response_model=ListOut,
    responses=answers(
        examples.LIST,
        *ROLE_REFUSALS,
        AlreadyInCatalog,
        *REPEAT_REFUSALS,
        NoLegalBasis,
        ImpossiblePeriod,
        status=201,
        words="The list as entered.",
        headers=("Location",),
    ),
)
async def add_list(
    body: Annotated[ListCreate, Body(examples=[examples.LIST])],
    _actor: RuleKeeper,
    response: Response,
    session: CreatingCatalogSessionDep,
) -> KnownList:
    """Enter a list. Its row is its rule: legal basis, severity, and the period its entries are shown."""
    response.headers["Location"] = f"/v1/catalog/lists/{body.id}"
    return await actions.add_list(session, KnownList(**body.model_dump()))


@router.get(
    "/sources/{code}",
    dependencies=[PUBLIC],
    summary="Read a source",
    response_model=SourceOut,
    responses=answers(examples.SOURCE, NotInCatalog, words="The source."),
)
async def show_source(catalog: CatalogDep, code: Annotated[str, Path(max_length=200)]) -> KnownSource:
    """Give a source of the catalogue by its code."""
    return entry((source for source in catalog.sources if source.code == code), code)


@router.post(
    "/sources",
    summary="Add a source",
    status_code=201,
    response_model=SourceOut,
    responses=answers(
        examples.SOURCE,
        *ROLE_REFUSALS,
        NoSuchAuthority,
        AlreadyInCatalog,
        *REPEAT_REFUSALS,
        BadCoverage,
        BadTrust,
        PublishedNowhere,
        status=201,
        words="The source as entered.",
        headers=("Location",),
    ),
)
async def add_source(
    body: Annotated[SourceCreate, Body(examples=[examples.SOURCE])],
    _actor: RuleKeeper,
    response: Response,
    session: CreatingCatalogSessionDep,
    now: Now,
) -> KnownSource:
    """Enter a source: whose rows it brings, whether they are public already and where, and what it is complete for."""
    response.headers["Location"] = f"/v1/catalog/sources/{body.code}"
    return await actions.add_source(session, KnownSource(**body.model_dump()), now=now)
