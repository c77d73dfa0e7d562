from typing import Annotated, Any

from fastapi import APIRouter

from schemas.jobs import JobPage
from service.access.rules import Actor, Role
from service.http import ROLE_REFUSALS, Now, ReadSessionDep, answers, require
from service.job_runs.queries import list_jobs
from service.job_runs.rules import Standing, standing

router = APIRouter(prefix="/v1/jobs", tags=["health"])

Watcher = Annotated[Actor, require(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR)]

JOB: dict[str, Any] = {
    "name": "log_clock_edges",
    "every_seconds": 20,
    "words": "Log what opened or ended by the clock, and take a horizon of the log.",
    "last": {
        "as_of": "2026-11-24T04:00:00Z",
        "started_at": "2026-11-24T04:00:00Z",
        "outcome": "done",
        "duration_ms": 41,
        "count": 3,
        "missed_count": 0,
        "problem": None,
    },
    "done_at": "2026-11-24T04:00:00Z",
    "next_at": "2026-11-24T04:00:20Z",
    "overdue": False,
    "why": None,
}


def view(found: Standing) -> dict[str, Any]:
    """Return a job as its readers see it."""
    last = found.last
    return {
        "name": found.schedule.name,
        "every_seconds": found.schedule.every_seconds,
        "words": found.schedule.words,
        "last": None
        if last is None
        else {
            "as_of": last.as_of,
            "started_at": last.started_at,
            "outcome": last.outcome,
            "duration_ms": last.duration_ms,
            "count": last.count,
            "missed_count": last.missed_count,
            "problem": last.problem,
        },
        "done_at": found.done_at,
        "next_at": found.next_at,
        "overdue": found.is_overdue,
        "why": found.why,
    }


@router.get(
    "",
    summary="List the scheduled jobs",
    response_model=JobPage,
    responses=answers({"items": [JOB], "next": None}, *ROLE_REFUSALS, words="All jobs, by name."),
)
async def list_all(actor: Watcher, session: ReadSessionDep, now: Now) -> dict[str, Any]:
    """Give every scheduled job with its last run, what came of it, when it is due next, and why it is overdue.

    A run that was killed is made good by the next one; `missed_count` says how many ticks nobody worked on before it.
    """
    del actor
    found = [standing(schedule, last=last, done_at=done, now=now) for schedule, last, done in await list_jobs(session)]
    return {"items": [view(one) for one in found], "next": None}
