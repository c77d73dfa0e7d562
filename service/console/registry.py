"""The pages of the console: one module a page, with a line here, and one among the tabs where it has a place in the navigation."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI

import service.console.pages.deadlines
import service.console.pages.penalties
import service.console.pages.penalty
import service.console.pages.penalty_moves
import service.console.pages.recording
import service.console.pages.sign_in
import service.console.pages.start
from service.console.desk import Tab
from service.console.rendering import add_handlers

ROUTERS: Final[Sequence[APIRouter]] = (
    service.console.pages.sign_in.router,
    service.console.pages.start.router,
    service.console.pages.deadlines.router,
    service.console.pages.penalties.router,
    service.console.pages.recording.router,
    service.console.pages.penalty.router,
    service.console.pages.penalty_moves.router,
)

#: The navigation, in its order.
TABS: Final = (Tab("", "tab.start"),)


def add_console(app: FastAPI) -> None:
    """Add the console to the application."""
    app.state.console_tabs = TABS
    add_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
