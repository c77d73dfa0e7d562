"""When a job is due, and how one stands: late, failed, killed, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from service.errors import Conflict, Invalid, NotFound

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

#: A job is overdue when it has not ended well for two intervals and this time.
GRACE: Final = timedelta(minutes=1)

#: Runs that found something to do, or did not end well, are kept this long; the others for a day.
KEPT: Final = timedelta(days=90)
QUIET_KEPT: Final = timedelta(days=1)


class FutureRun(Invalid):
    """A job was to be run for an instant that lies in the future: what is not yet over would be told as over."""

    code = "future_run"


class NoSuchJob(NotFound):
    """The installed version has no job of this name."""

    code = "no_such_job"


class JobRuns(Conflict):
    """The job runs at this moment; what it finds to do it does now."""

    code = "job_runs"


class JobAsked(Conflict):
    """Somebody has asked for a run already, and it has not begun."""

    code = "job_asked"


class RunOutcome(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    KILLED = "killed"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job's name and how often it is due, in seconds since 1970: at every whole multiple."""

    name: str
    every_seconds: int
    words: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the instant it worked for, when it began, how long it took, and what came of it."""

    as_of: datetime
    started_at: datetime
    outcome: RunOutcome
    duration_ms: int | None = None
    count: int | None = None
    problem: str | None = None
    missed_count: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a job stands: its last run, the last one that ended well, when it is due next, and why it is overdue.

    `asked_at` is when somebody asked for a run that has not begun.
    """

    schedule: Schedule
    last: Run | None
    done_at: datetime | None
    next_at: datetime
    is_overdue: bool
    why: str | None
    asked_at: datetime | None


def tick_at(every_seconds: int, instant: datetime) -> datetime:
    """Return the last tick at or before an instant.

    Raises:
        ValueError: the interval is not positive.
    """
    if every_seconds <= 0:
        raise ValueError("a job is due every some seconds, one at least")
    return EPOCH + (instant - EPOCH) // timedelta(seconds=every_seconds) * timedelta(seconds=every_seconds)


def missed_between(every_seconds: int, *, last: datetime | None, tick: datetime) -> int:
    """Return how many ticks lie strictly between the last claimed one and this one."""
    return 0 if last is None else max(0, (tick - last) // timedelta(seconds=every_seconds) - 1)


def standing(
    schedule: Schedule, *, last: Run | None, done_at: datetime | None, asked_at: datetime | None, now: datetime
) -> Standing:
    """Return how a job stands at an instant. `done_at` is when its last run that ended well had begun."""
    interval = timedelta(seconds=schedule.every_seconds)
    if done_at is not None:
        is_overdue = now - done_at > 2 * interval + GRACE
    else:  # its first run has a moment to end
        is_overdue = last is None or last.outcome is not RunOutcome.RUNNING or now - last.started_at > GRACE
    return Standing(
        schedule=schedule,
        last=last,
        done_at=done_at,
        next_at=tick_at(schedule.every_seconds, now) + interval,
        is_overdue=is_overdue,
        why=_why(last) if is_overdue else None,
        asked_at=asked_at,
    )


def _why(last: Run | None) -> str:
    if last is None:
        return "It never ran here: does the jobs process run (`xinyong jobs serve`)?"
    if last.outcome is RunOutcome.FAILED:
        return f"Its last run failed: {last.problem}. The log of the jobs process has the whole of it."
    if last.outcome is RunOutcome.KILLED:
        return "The process of its last run died; the next run makes it good."
    if last.outcome is RunOutcome.RUNNING:
        return f"A run began at {last.started_at.isoformat()} and has not ended."
    return "Nobody has run it since: does the jobs process run (`xinyong jobs serve`)?"
