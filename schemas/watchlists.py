from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Input, Output


class WatchlistCreate(Input):
    """A name of your choice."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class WatchlistOut(Output):
    """A watch list. Its version changes with its codes."""

    id: UUID
    version_no: int
    name: str
    code_count: int
    created_at: datetime
    changed_at: datetime


class WatchlistPage(Output):
    """A page of watch lists, oldest first."""

    items: list[WatchlistOut]
    next: str | None


class WatchedCodeOut(Output):
    """A code on a list, with your own reference."""

    uscc: str
    reference: str | None


class WatchedCodePage(Output):
    """A page of the codes of a list, in their order."""

    items: list[WatchedCodeOut]
    next: str | None


class UploadOut(Output):
    """What an upload held, and what it did to the list."""

    watchlist: WatchlistOut
    lines: int = Field(description="Lines of the file, blank ones and a heading too.")
    codes: int = Field(description="Lines that hold a code.")
    duplicates: int = Field(description="Lines whose code stands in another line as well.")
    malformed: int = Field(description="Lines that hold none; they changed nothing.")
    malformed_lines: list[int] = Field(description="Their numbers, the first thousand.")
    added: int
    removed: int
    changed: int = Field(description="Codes that were there, with another reference.")
    unchanged: int
