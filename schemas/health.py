from typing import Literal

from pydantic import Field

from schemas.base import Output


class Alive(Output):
    """The process answers."""

    status: Literal["alive"]


class Migrations(Output):
    """The state of the schema."""

    present: list[str] = Field(description="Migrations the database has.")
    expected: list[str] = Field(description="Migrations this version of the service needs.")


class SequencerLag(Output):
    """How far the change log is behind what was committed."""

    head_position: int = Field(description="Last position of the change log.")
    pending_count: int = Field(description="Changes that wait for their position.")
    lag_seconds: float = Field(description="How long the oldest of them has waited.")
    late: bool = Field(description="More than a minute: the sequencer stands still or cannot keep up.")


class Readiness(Output):
    """Whether requests can be served."""

    status: Literal["ready", "degraded"]
    migrations: Migrations
    sequencer: SequencerLag
