"""The pages of the console: one module a page, with a line here, and one among the tabs where it has a place in the navigation."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI

import service.console.pages.attachments
import service.console.pages.audit
import service.console.pages.bulk_review
import service.console.pages.calendar
import service.console.pages.cases
import service.console.pages.deadlines
import service.console.pages.entries
import service.console.pages.entry
import service.console.pages.entry_moves
import service.console.pages.entry_recording
import service.console.pages.feeds
import service.console.pages.firms
import service.console.pages.import_rows
import service.console.pages.imports
import service.console.pages.keys
import service.console.pages.letters
import service.console.pages.oidc
import service.console.pages.operations
import service.console.pages.penalties
import service.console.pages.penalty
import service.console.pages.penalty_moves
import service.console.pages.people
import service.console.pages.platforms
import service.console.pages.record_versions
import service.console.pages.recording
import service.console.pages.revocations
import service.console.pages.rule_proposals
import service.console.pages.sharing
import service.console.pages.sign_in
import service.console.pages.spot_checks
import service.console.pages.start
import service.console.pages.supervision
from service.access.rules import Role
from service.access.sessions.rules import ROOTS
from service.access.visibility import IMPORT_READERS
from service.console.desk import Tab
from service.console.overview import WATCHERS
from service.console.rendering import add_handlers

ROUTERS: Final[Sequence[APIRouter]] = (
    service.console.pages.sign_in.router,
    service.console.pages.oidc.router,
    service.console.pages.start.router,
    service.console.pages.deadlines.router,
    service.console.pages.penalties.router,
    service.console.pages.bulk_review.router,
    service.console.pages.recording.router,
    service.console.pages.penalty.router,
    service.console.pages.penalty_moves.router,
    service.console.pages.attachments.router,
    service.console.pages.cases.router,
    service.console.pages.feeds.router,
    service.console.pages.imports.router,
    service.console.pages.import_rows.router,
    service.console.pages.firms.router,
    service.console.pages.record_versions.router,
    service.console.pages.operations.router,
    service.console.pages.platforms.router,
    service.console.pages.keys.router,
    service.console.pages.audit.router,
    service.console.pages.rule_proposals.router,
    service.console.pages.calendar.router,
    service.console.pages.sharing.router,
    service.console.pages.supervision.router,
    service.console.pages.revocations.router,
    service.console.pages.entries.router,
    service.console.pages.entry_recording.router,
    service.console.pages.entry.router,
    service.console.pages.entry_moves.router,
    service.console.pages.letters.router,
    service.console.pages.spot_checks.router,
    service.console.pages.people.router,
)

#: Whose work repairs and objections are, or who applied.
CASES: Final = frozenset({Role.REPAIR_OFFICER, Role.REVIEWER, Role.SUBJECT_AGENT, Role.AUDITOR})

#: The navigation, in its order.
TABS: Final = (
    Tab("", "tab.start"),
    Tab("/penalties", "tab.penalties", frozenset({Role.RECORDER, Role.REVIEWER})),
    Tab("/entries", "tab.entries", service.console.pages.entries.READERS),
    Tab("/repairs", "tab.repairs", CASES),
    Tab("/objections", "tab.objections", CASES),
    Tab("/deadlines", "tab.deadlines", WATCHERS),
    Tab("/imports", "tab.imports", IMPORT_READERS),
    Tab("/firms", "tab.firms"),
    Tab("/revocations", "tab.revocations", frozenset({Role.LISTER, Role.REVIEWER})),
    Tab("/supervision", "tab.supervision", frozenset({Role.SUPERVISOR, Role.AUDITOR})),
    Tab("/platform", "tab.platform", frozenset({Role.PLATFORM})),
    Tab("/operations", "tab.operations"),
)

#: Pages that take documents of records.
DOCUMENT_PAGES: Final = tuple(f"{root}/documents" for root in ROOTS)
#: Pages that take files as large as imports may be.
UPLOAD_PAGES: Final = tuple(f"{root}/imports" for root in ROOTS)


def add_console(app: FastAPI) -> None:
    """Let the application show the console's pages: its tabs, and refusals as pages."""
    app.state.console_tabs = TABS
    add_handlers(app)
