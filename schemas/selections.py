from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Input, Output
from service.selections.rules import Every

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Words = Annotated[list[Word], Field(max_length=100)]


class SelectionPut(Input):
    """What is delivered, how often, and where to."""

    name: Name
    tables: Words = Field(default_factory=list, description="subjects, penalties, blacklist_entries; empty: all.")
    regions: Words = Field(default_factory=list, description="First 2, 4 or 6 digits of a division code; empty: all.")
    lists: Words = Field(default_factory=list, description="Ids of lists; empty: all.")
    columns: dict[Word, Words] = Field(
        default_factory=dict,
        max_length=10,
        description="By table the columns of its CSV, Parquet and workbook; the key is always there. Empty: all.",
    )
    formats: tuple[Literal["csv", "parquet", "xlsx"], ...] = Field(
        default=("csv",), max_length=3, description="Besides JSON Lines, which are always there and whole."
    )
    compression: Literal["none", "gzip", "zstd"] = Field(default="none", description="Of CSV and JSON Lines.")
    bom: bool = Field(default=False, description="Put the mark before CSV by which Excel knows UTF-8.")
    every: Every = Every.DAILY
    deliver_to: Word = Field(description="A place that the operator has defined for deliveries.")
    is_paused: bool = False

    def wanted(self) -> dict[str, Any]:
        """Return what is selected, as it is stored."""
        return self.model_dump(
            mode="json", include={"tables", "regions", "lists", "columns", "formats", "compression", "bom"}
        )


class SelectionOut(Output):
    """A selection, and how its last delivery went."""

    id: UUID
    version_no: int
    name: str
    tables: list[str]
    regions: list[str]
    lists: list[str]
    columns: dict[str, list[str]]
    formats: list[str]
    compression: str
    bom: bool
    every: str
    deliver_to: str
    is_paused: bool
    last_release: str | None = Field(description="Name of the folder that was delivered last.")
    last_horizon_at: datetime | None
    last_digest: str | None = Field(description="State digest of that release.")
    delivered_at: datetime | None
    failures: int
    retry_at: datetime | None
    trouble: dict[str, Any] | None


class SelectionPage(Output):
    """A page of selections, oldest first."""

    items: list[SelectionOut]
    next: str | None
