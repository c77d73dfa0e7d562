"""The documentation pages. Their scripts and styles come from a package, so that they need no other host."""

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from service.http import PUBLIC
from service.problems import PROBLEMS_PAGE, named_problems
from service.web.rendering import render

ASSETS: Final = "/docs/assets"


router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])


def add_pages(app: FastAPI) -> None:
    """Serve the documentation pages of `app`."""
    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")), name="docs-assets")
    app.include_router(router)


# The framework remembers the functions of routes for good: one that was made for an application would keep the whole of it alive.
@router.get("/docs")
async def show_docs(request: Request) -> HTMLResponse:
    """Show the operations, to be tried out."""
    return _guarded(
        get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=request.app.title,
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
        )
    )


@router.get("/redoc")
async def show_redoc(request: Request) -> HTMLResponse:
    """Show the operations, to be read."""
    return _guarded(
        get_redoc_html(
            openapi_url="/openapi.json",
            title=request.app.title,
            redoc_js_url=f"{ASSETS}/redoc.standalone.js",
            redoc_favicon_url=f"{ASSETS}/favicon.png",
            with_google_fonts=False,
        )
    )


@router.get(PROBLEMS_PAGE)
@router.get(f"/en{PROBLEMS_PAGE}")
async def show_problems(request: Request) -> Response:
    """Show every refusal with its code."""
    return render(request, "problems.html", problems=named_problems())


def _guarded(page: HTMLResponse) -> HTMLResponse:
    """Let the page run its own scripts and no others: those written into it are named by their digest."""
    scripts = re.findall(rb"<script>(.*?)</script>", bytes(page.body), re.DOTALL)
    digests = "".join(f" 'sha256-{b64encode(sha256(script).digest()).decode()}'" for script in scripts)
    page.headers["Content-Security-Policy"] = (
        f"default-src 'self'; object-src 'none'; script-src 'self'{digests}; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    page.headers["Cache-Control"] = "no-cache"
    return page
