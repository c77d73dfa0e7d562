"""Puts the application together: routers, error handling, documentation pages. Nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from time import monotonic
from typing import Any, ClassVar, Final

from fastapi import APIRouter, Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

import service.access.authorisations.endpoints
import service.access.four_eyes.endpoints
import service.access.keys.endpoints
import service.access.principals.endpoints
import service.access.substitutions.endpoints
import service.archive.endpoints
import service.audit.endpoints
import service.blacklist.endpoints
import service.catalog.calendar.endpoints
import service.catalog.endpoints
import service.catalog.proposals.endpoints
import service.catalog.successions.endpoints
import service.changes.endpoints
import service.completeness.endpoints
import service.credit_records.endpoints
import service.deadlines.endpoints
import service.documents.endpoints
import service.explaining.endpoints
import service.exports.endpoints
import service.feeds.endpoints
import service.feeds.held_files
import service.feeds.still_shown
import service.health.endpoints
import service.imports.conflicts
import service.imports.endpoints
import service.job_runs.endpoints
import service.letters.endpoints
import service.mail.endpoints
import service.notices.endpoints
import service.penalties.endpoints
import service.redatings.endpoints
import service.repair.endpoints
import service.reports.endpoints
import service.reports.keys.endpoints
import service.reports.measures.endpoints
import service.reports.requests.endpoints
import service.screenings.endpoints
import service.selections.endpoints
import service.sharing.endpoints
import service.signing.well_known
import service.spot_checks.endpoints
import service.status.endpoints
import service.subjects.endpoints
import service.supervision.endpoints
import service.third_parties.endpoints
import service.watching.endpoints
import service.web.endpoints
import service.web.statistics.endpoints
import service.webhooks.endpoints
from schemas.base import Problem
from service.access.cache import AccessCache
from service.access.oidc.client import open_doors
from service.access.oidc.tokens import read_tokens
from service.audit.middleware import Auditing, Recorder
from service.audit.writer import AuditWriter
from service.catalog.queries import CatalogCache
from service.changes.feed import ChangeFeed
from service.clock import Clock, system_clock
from service.console.registry import DOCUMENT_PAGES, UPLOAD_PAGES, add_console
from service.console.registry import ROUTERS as CONSOLE_ROUTERS
from service.console.rendering import problem_page
from service.db import Database
from service.docs_pages import add_pages
from service.documents.rules import MAX_DOCUMENT
from service.http import refuse_unknown_parameters
from service.idempotency.http import add_repetition
from service.limits.limiter import Limiter
from service.limits.middleware import Gate, RateLimits
from service.metrics.figures import Figures
from service.middleware.body_limit import BodyLimit
from service.middleware.capacity import Capacity, Places
from service.middleware.headers import SecurityHeaders
from service.middleware.pace import Pace
from service.openapi import finish
from service.problems import add_problem_handlers
from service.reports.rules import MAX_SEALED
from service.request_checks import refuse_forbidden_characters, refuse_malformed_body
from service.settings import Settings
from service.status.door import StatusDoor
from service.store.files import store_folder
from service.store.reader import StoreReader
from service.typesetting import Press
from service.web.actions.counts import Counts
from service.web.rendering import ASSETS as PAGE_ASSETS
from service.web.rendering import STATIC, ProblemPages

ROUTERS: Final = (
    service.status.endpoints.router,
    service.subjects.endpoints.router,
    service.penalties.endpoints.router,
    service.blacklist.endpoints.router,
    service.repair.endpoints.router,
    service.credit_records.endpoints.router,
    service.documents.endpoints.router,
    service.letters.endpoints.router,
    service.supervision.endpoints.router,
    service.notices.endpoints.router,
    service.archive.endpoints.router,
    service.spot_checks.endpoints.router,
    service.completeness.endpoints.router,
    service.imports.endpoints.router,
    service.imports.conflicts.router,
    service.catalog.endpoints.router,
    service.catalog.successions.endpoints.router,
    service.catalog.calendar.endpoints.router,
    service.catalog.proposals.endpoints.router,
    service.changes.endpoints.router,
    service.watching.endpoints.router,
    service.screenings.endpoints.router,
    service.webhooks.endpoints.router,
    service.access.keys.endpoints.router,
    service.access.principals.endpoints.router,
    service.access.four_eyes.endpoints.router,
    service.access.substitutions.endpoints.router,
    service.access.authorisations.endpoints.router,
    service.selections.endpoints.router,
    service.sharing.endpoints.router,
    service.third_parties.endpoints.router,
    service.reports.endpoints.router,
    service.reports.keys.endpoints.router,
    service.reports.requests.endpoints.router,
    service.reports.measures.endpoints.router,
    service.mail.endpoints.router,
    service.deadlines.endpoints.router,
    service.explaining.endpoints.router,
    service.exports.endpoints.router,
    service.feeds.endpoints.router,
    service.feeds.held_files.router,
    service.feeds.still_shown.router,
    service.audit.endpoints.router,
    service.redatings.endpoints.router,
    service.job_runs.endpoints.router,
    service.health.endpoints.router,
    service.signing.well_known.router,
    service.web.endpoints.router,
    service.web.statistics.endpoints.router,
)

#: What is looked at before any operation is reached.
GUARDS: Final = [
    Depends(refuse_forbidden_characters),
    Depends(refuse_unknown_parameters),
    Depends(refuse_malformed_body),
]

#: Largest body of an operation that does not set its own limit, in bytes: 10,000 codes with room to spare.
MAX_BODY: Final = 2 * 1024**2

#: What a multipart form adds to the file in it, at most.
MULTIPART_FRAME: Final = 64 * 1024

TITLE: Final = "Xinyong"
DESCRIPTION: Final = """
Credit files, blacklist entries and published administrative penalties of enterprises in China, keyed by the unified social
credit code (统一社会信用代码, GB 32100-2015).

Every answer that is none is a [problem document](/docs/problems) with a stable `code`. Amounts are integer fen, days are
legal days in Asia/Shanghai, instants carry their offset. Lists are pages `{"items": […], "next": CURSOR or null}`.
Looking up one status, searching by name and reading the catalogues need no key; everything else needs
`Authorization: Bearer KEY`.
"""
TAGS: Final = [
    {"name": "status", "description": "The public state of an enterprise: listed, penalised, clear or not covered."},
    {"name": "subjects", "description": "Registration, search by name or old number, and the credit file."},
    {
        "name": "penalties",
        "description": "A penalty's life: draft, review, publication, withdrawal, correction, recall.",
    },
    {
        "name": "blacklist",
        "description": "A blacklist entry's life: proposed, told, heard, consented to, listed, removed.",
    },
    {
        "name": "repair",
        "description": "Credit repair and objections: conditions one by one, clocks, and the silence after a grant.",
    },
    {"name": "documents", "description": "Decisions, notices and proofs attached to records, kept by digest."},
    {"name": "archive", "description": "The whole file of a case, what of it is missing, and how long it is kept."},
    {
        "name": "spot checks",
        "description": "Samples that anybody can draw again, what was found, and what is missing against the case system.",
    },
    {"name": "imports", "description": "Files of authorities taken in, row by row, with an exact account."},
    {"name": "changes", "description": "The one ordered log of everything that happened, as it may be seen today."},
    {"name": "screenings", "description": "Whole lists of codes, answered as a file."},
    {"name": "watch lists", "description": "The codes that a platform watches, compared with what is uploaded."},
    {"name": "webhooks", "description": "Changes brought to a platform, signed, in order, until it takes them."},
    {
        "name": "deadlines",
        "description": "What is due by when for each penalty and channel, and what the other side said.",
    },
    {"name": "exports", "description": "Releases of the public data that anybody can download, mirror and verify."},
    {
        "name": "feeds",
        "description": "What is exchanged with other disclosure systems, and whether both sides are equal.",
    },
    {
        "name": "reports",
        "description": "What platforms report to authorities, sealed: this service reads the envelope and opens nothing.",
    },
    {
        "name": "third parties",
        "description": "Services that show these data to others: terms, filing, checks, complaints.",
    },
    {"name": "catalog", "description": "Lists, legal rules, authorities, regions and sources, each with its citation."},
    {"name": "access", "description": "Who may do what: principals, their grants and keys, and what is shared."},
    {"name": "audit", "description": "Who did, asked or was refused what, and why."},
    {"name": "health", "description": "For those who run the service."},
]


class Api(FastAPI):
    """The application; its OpenAPI document also holds the one schema that no model of an answer refers to."""

    #: Documents by the routes they describe: building one takes seconds, and a process may hold several applications.
    _documents: ClassVar[dict[tuple[object, ...], dict[str, Any]]] = {}

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI 3.1 document."""
        if self.openapi_schema:
            return self.openapi_schema
        routes = tuple(getattr(one, "path", None) or id(getattr(one, "original_router", 0)) for one in self.routes)
        document = self._documents.get(routes)
        if document is None:
            document = self._documents[routes] = super().openapi()
            schemas = document["components"].setdefault("schemas", {})
            schemas["Problem"] = Problem.model_json_schema()
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            finish(document)
        self.openapi_schema = document
        return document

    def build_middleware_stack(self) -> ASGIApp:
        """Return the layers of the application; the outermost adds its headers to every answer, errors included."""
        origins = self.state.settings.origins()
        layers: ASGIApp = StatusDoor(super().build_middleware_stack(), self, largest=MAX_BODY)
        if origins:
            layers = CORSMiddleware(
                layers,
                allow_origins=origins,
                allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"],
                expose_headers=["ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"],
            )
        return SecurityHeaders(layers, open_to_others=bool(origins))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await app.state.access.close()
    app.state.status_store.close()
    await app.state.change_feed.close()


@cache
def _all_routes() -> list[BaseRoute]:
    """Return the routes of the rooms and of the console, which all applications of a process share.

    The framework works out what each route needs when it is first asked for, and remembers it with the included router: a third
    of a second for the whole house, once and not once an application.
    """
    whole = APIRouter(dependencies=GUARDS)
    for router in (*ROUTERS, *CONSOLE_ROUTERS):
        whole.include_router(router)
    return whole.routes


def create_app(
    settings: Settings, *, database: Database, clock: Clock = system_clock, limiter: Limiter | None = None
) -> FastAPI:
    """Return the application on a database, and with the limiter, that the caller opened and will close."""
    app = Api(
        title=TITLE,
        version=version("xinyong"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Exception messages stay out of it: they may hold what was sent. Off, it costs nothing.
        telemetry={
            "tracing": settings.telemetry,
            "metrics": settings.telemetry,
            "operation_spans": settings.telemetry,
            "logs": False,
            "auto_configure": settings.telemetry,
        },
        lifespan=_lifespan,
        dependencies=GUARDS,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.clock = clock
    app.state.catalog_cache = CatalogCache(database)
    app.state.page_counts = Counts()
    tokens = read_tokens(settings.oidc_config)
    app.state.access = AccessCache(database, tokens=tokens)
    app.state.sign_in_doors = open_doors(tokens, site=settings.site_url)
    app.state.press = Press()
    app.state.change_feed = ChangeFeed(database, clock)
    app.state.status_store = StoreReader(store_folder(settings), database, max_staleness=settings.max_staleness)
    # The last one added sees a request first.
    app.add_middleware(
        BodyLimit,
        limit=MAX_BODY,
        larger={
            **dict.fromkeys(("/v1/imports", *UPLOAD_PAGES), settings.max_upload_bytes + MULTIPART_FRAME),
            "/v1/documents": MAX_DOCUMENT,
            **dict.fromkeys(DOCUMENT_PAGES, MAX_DOCUMENT + MULTIPART_FRAME),
            "/v1/watchlists": settings.max_upload_bytes,
            "/v1/reports": MAX_SEALED + MULTIPART_FRAME,
            "/v1/screenings": settings.max_upload_bytes + MULTIPART_FRAME,
        },
    )
    app.add_middleware(Pace, patience=settings.client_timeout_s, clock=monotonic)
    app.state.places = places = Places(settings.max_in_flight, streams=settings.max_streams)
    app.add_middleware(Capacity, places=places, deadline=settings.request_timeout_s)
    app.state.limiter = limiter
    app.state.gate = gate = None if limiter is None else Gate(limiter)
    if gate is not None:
        app.add_middleware(RateLimits, gate=gate)
    app.add_middleware(ProblemPages, console=problem_page)
    writer = AuditWriter(database)
    app.state.figures = Figures()
    app.state.audit_writer = writer
    # Added last, so outermost: what the others refuse is recorded too.
    app.state.recorder = Recorder(
        writer=writer, clock=clock, strict=settings.audit == "strict", observe=app.state.figures.observe
    )
    app.add_middleware(Auditing, recorder=app.state.recorder)
    add_problem_handlers(app)
    add_repetition(app)
    app.router.routes.extend(_all_routes())
    add_console(app)
    app.mount(PAGE_ASSETS, StaticFiles(directory=str(STATIC)), name="page-assets")
    add_pages(app)
    return app
