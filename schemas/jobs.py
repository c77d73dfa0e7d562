from datetime import datetime

from pydantic import Field

from schemas.base import Output
from service.job_runs.rules import RunOutcome


class JobRunOut(Output):
    """One run of a job."""

    as_of: datetime = Field(description="The instant it worked for.")
    started_at: datetime
    outcome: RunOutcome = Field(description="`killed`: its process died; the next run made it good, or will.")
    duration_ms: int | None = Field(description="How long it took; null while it runs, and where it was killed.")
    count: int | None = Field(description="How many things it worked on.")
    missed_count: int = Field(description="How many ticks before it nobody worked on.")
    problem: str | None = Field(description="Why it failed, in short.")


class JobOut(Output):
    """A scheduled job and how it stands."""

    name: str
    every_seconds: int
    words: str = Field(description="What it does.")
    last: JobRunOut | None = Field(description="Its last run; null: it never ran.")
    done_at: datetime | None = Field(description="When its last run that ended well began.")
    next_at: datetime = Field(description="When it is due next.")
    asked_at: datetime | None = Field(description="When somebody asked for a run that has not begun yet.")
    overdue: bool = Field(description="It has not ended well for two intervals and a minute.")
    why: str | None = Field(description="Why it is overdue.")


class JobAskedOut(Output):
    """A run that is asked for."""

    name: str
    asked_at: datetime


class JobPage(Output):
    """All jobs."""

    items: list[JobOut]
    next: None
