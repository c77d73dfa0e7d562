from email.utils import format_datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from schemas.exports import ReleaseOut, ReleasePage
from service.clock import stored_instant
from service.exports import examples
from service.exports.actions import describe_release, open_release
from service.exports.catalogues import atom_feed, dcat_catalogue
from service.exports.packages import DICTIONARY, MANIFEST, PACKAGE, SIGNATURE, render
from service.exports.queries import find_present, list_releases
from service.exports.rules import (
    SLOTS,
    STATISTICS,
    NoSuchRelease,
    RangeNotSatisfiable,
    ReleaseReplaced,
    ReleaseWithheld,
    State,
    check_range,
)
from service.exports.views import release_view
from service.http import (
    PUBLIC,
    BadCursor,
    DatabaseDep,
    Now,
    PageDep,
    ReadSessionDep,
    answers,
    encode_cursor,
    key_of,
    matches_etag,
    not_modified,
)

router = APIRouter(prefix="/v1/exports", tags=["exports"], dependencies=[PUBLIC])

#: Files that describe a release; they hold no records, so they stay readable when it is withheld or replaced.
DESCRIPTIONS: Final = frozenset({MANIFEST, SIGNATURE, PACKAGE, DICTIONARY})
_FEED_ITEMS: Final = 50
_MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
    "json": "application/json",
    "jws": "application/jose",
    "md": "text/markdown; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gz": "application/gzip",
}

ReleaseId = Annotated[str, Path(max_length=80, description="Id of a release, as the list gives it.")]
IfNoneMatch = Annotated[str | None, Header(description="The ETag you have.")]


@router.get(
    "",
    summary="List releases of the public data",
    response_model=ReleasePage,
    responses=answers(examples.PAGE, BadCursor, words="A page, newest first."),
)
async def list_all_releases(session: ReadSessionDep, page: PageDep, now: Now) -> dict[str, Any]:
    """List the releases: full ones, deltas over 8 hours, 24 hours, 7 and 31 days, and monthly statistics.

    No key is needed, here or for the files. Replaced releases stay in the list with their successor; their files are gone.
    """
    before = key_of(page.after, stored_instant, str)
    found = await list_releases(session, limit=page.limit + 1, before=before)
    shown = found[: page.limit]
    more = len(found) > page.limit
    last = shown[-1] if more else None
    return {
        "items": [release_view(release, now=now) for release in shown],
        "next": None if last is None else encode_cursor((last.created_at.isoformat(), last.id)),
    }


@router.get(
    "/feed.atom",
    summary="Feed of releases",
    response_class=Response,
    responses={
        **answers(None),
        200: {
            "description": "Atom (RFC 4287), newest first.",
            "content": {"application/atom+xml": {"example": examples.FEED}},
        },
    },
)
async def show_feed(request: Request, session: ReadSessionDep, now: Now, if_none_match: IfNoneMatch = None) -> Response:
    """Give the newest 50 releases as an Atom feed, with links to their manifests."""
    found = await list_releases(session, limit=_FEED_ITEMS, before=None)
    content, etag = atom_feed(
        [release_view(release, now=now) for release in found], base=str(request.base_url).rstrip("/")
    )
    if matches_etag(if_none_match, etag):
        return not_modified(etag)
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    return Response(content, media_type="application/atom+xml", headers=headers)


@router.get(
    "/catalog.jsonld",
    summary="Catalogue of the data sets (DCAT)",
    response_class=Response,
    responses={
        **answers(None),
        200: {"description": "DCAT 3 as JSON-LD.", "content": {"application/ld+json": {"example": examples.CATALOGUE}}},
    },
)
async def show_catalogue(request: Request, session: ReadSessionDep, now: Now) -> Response:
    """Describe the data sets for data portals: one dataset a series, its files as distributions."""
    present = []
    for slot in (*SLOTS, STATISTICS):
        latest = await find_present(session, slot=slot.name)
        if latest is not None:
            present.append(release_view(latest, now=now))
    content = render(dcat_catalogue(present, base=str(request.base_url).rstrip("/")))
    return Response(content, media_type="application/ld+json", headers={"Cache-Control": "no-cache"})


@router.get(
    "/latest/{series}/{file}",
    include_in_schema=False,
)
async def find_latest_file(
    session: ReadSessionDep,
    series: Annotated[str, Path(max_length=40, description="full, delta-8h, delta-24h, delta-7d or delta-31d.")],
    file: Annotated[str, Path(max_length=80, description="Name of a file, such as penalties.csv.gz.")],
) -> RedirectResponse:
    """Lead to a file of the release that holds now, so that a script needs no id."""
    latest = await find_present(session, slot=series)
    if latest is None:
        raise NoSuchRelease(f"The series {series!r} has no release. See /v1/exports.", detail_zh="该系列尚无版本。")
    return RedirectResponse(f"/v1/exports/{latest.id}/{file}", status_code=307, headers={"Cache-Control": "no-cache"})


@router.get(
    "/{release}",
    summary="One release",
    response_model=ReleaseOut,
    responses=answers(examples.RELEASE, NoSuchRelease, ReleaseReplaced, words="The release with its files."),
)
async def show_release(database: DatabaseDep, now: Now, release: ReleaseId) -> dict[str, Any]:
    """Describe a release. One that was replaced answers 410 and names its successor; its manifest stays."""
    found = await describe_release(database, release)
    if found.state == State.REPLACED:
        await open_release(database, release, now=now)
    return release_view(found, now=now)


@router.get(
    "/{release}/{file}",
    summary="A file of a release",
    response_class=FileResponse,
    responses={
        **answers(None, NoSuchRelease, ReleaseReplaced, ReleaseWithheld, RangeNotSatisfiable),
        200: {"description": "The file.", "content": {"application/octet-stream": {"example": "id,uscc,…"}}},
        206: {"description": "The part of it that `Range` asked for."},
        304: {"description": "You have it: its ETag is that of `If-None-Match`."},
    },
)
async def download_file(
    request: Request,
    database: DatabaseDep,
    now: Now,
    release: ReleaseId,
    file: Annotated[str, Path(max_length=80, description="Name of a file in the release's list.")],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Give a file, whole or in part (`Range`, `If-Range`); its ETag is its SHA-256.

    A release that holds something which may not be shown any more answers 503 until it is replaced, some minutes later. The
    description files (`manifest.json`, `manifest.json.jws`, `datapackage.json`, `dictionary.md`) always stay.
    """
    if file in DESCRIPTIONS:
        found = await describe_release(database, release)
    else:
        found = await open_release(database, release, now=now)
    listed = {one["path"]: one["sha256"] for one in (found.manifest or {}).get("files", ())}
    path = request.app.state.settings.data_dir / "exports" / found.id / file
    if file not in listed | dict.fromkeys((MANIFEST, SIGNATURE)) or not path.is_file():
        raise NoSuchRelease(
            f"{release} has no file {file!r}. Its manifest lists them.", detail_zh="该版本中没有此文件。"
        )
    etag = f'"{listed.get(file) or f"{found.id}-{file}"}"'
    if matches_etag(if_none_match, etag):
        return not_modified(etag)
    check_range(request.headers.get("range"), size=path.stat().st_size)
    headers = {
        "ETag": etag,
        "Cache-Control": "no-cache",
        "Last-Modified": format_datetime(found.created_at, usegmt=True),
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(
        path,
        media_type=_MEDIA.get(file.rsplit(".", 1)[-1], "application/octet-stream"),
        headers=headers,
        filename=f"{found.id}-{file}",
    )


@router.head("/{release}/{file}", include_in_schema=False)
async def measure_file(
    request: Request, database: DatabaseDep, now: Now, release: ReleaseId, file: str, if_none_match: IfNoneMatch = None
) -> Response:
    """Give the headers of a file, for clients that ask for its size first."""
    return await download_file(request, database, now, release, file, if_none_match)
