from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from schemas.base import Output


class TableOut(Output):
    """A table at the release's horizon. The last four are of deltas only."""

    count: int = Field(description="Rows in the state at the horizon.")
    digest: str = Field(description="Digest of these rows, whatever their order (docs/open-data.md).")
    count_before: int | None
    digest_before: str | None = Field(description="Digest at the horizon from which the delta counts.")
    upserts: int | None = Field(description="Rows in the delta's file.")
    tombstones: int | None = Field(description="Records that the delta removes.")


class ReleaseFileOut(Output):
    """A file of a release."""

    path: str
    url: str
    bytes: int
    sha256: str
    table: str | None = Field(description="Table in it; null for a file about the release.")
    format: str | None
    rows: int | None


class ReleaseOut(Output):
    """A release of the public data."""

    id: str
    kind: Literal["full", "delta", "statistics"]
    span: str | None = Field(description="Time a delta spans: 8h, 24h, 7d or 31d; the month of statistics.")
    state: Literal["published", "withheld", "replaced"] = Field(
        description="`withheld`: it holds something that may not be shown any more and is being built anew."
    )
    log_id: UUID
    position: int = Field(description="Position of the change log whose state it is.")
    horizon: datetime = Field(description="Instant whose legal day it shows.")
    from_position: int | None = Field(description="A delta may be applied to any state from here on.")
    from_horizon: datetime | None
    previous: str | None = Field(description="The release it replaced.")
    successor: str | None = Field(description="The release that replaced it.")
    published_at: datetime | None
    state_digest: str | None
    tables: dict[str, TableOut]
    manifest: str = Field(description="Where its signed manifest is.")
    files: list[ReleaseFileOut] = Field(description="Empty while its files may not be read.")


class ReleasePage(Output):
    """A page of releases, newest first."""

    items: list[ReleaseOut]
    next: str | None
