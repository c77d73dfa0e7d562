from pathlib import Path as FilePath

from fastapi import APIRouter, Request, Response

from service.http import PUBLIC, CatalogDep, Now, ReadSessionDep
from service.web.rendering import render
from service.web.rules import language_of
from service.web.statistics.pages import charts, grids
from service.web.statistics.queries import find_figures

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])


def _folder(request: Request) -> FilePath:
    folder: FilePath = request.app.state.settings.data_dir / "exports"
    return folder


@router.get("/statistics")
@router.get("/en/statistics")
async def show_statistics(request: Request, session: ReadSessionDep, catalog: CatalogDep, now: Now) -> Response:
    """Show the monthly figures of the newest statistics release as charts, each with its numbers."""
    release, series = await find_figures(session, _folder(request))
    language = language_of(request.url.path)
    if release is None or series is None:
        return render(request, "statistics.html", release=None, charts=[], grids=[], hidden=0, now=now)
    return render(
        request,
        "statistics.html",
        etag=f"{release.id}-{catalog.version}",
        release=release,
        charts=charts(series, catalog, language),
        grids=grids(series, catalog, language),
        hidden=sum(one.hidden for one in series.values()),
        now=now,
    )
