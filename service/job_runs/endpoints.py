from typing import Annotated, Any

from fastapi import APIRouter

from schemas.jobs import JobPage
from service.access.rules import Actor, Role
from service.http import ROLE_REFUSALS, Now, ReadSessionDep, answers, require
from service.job_runs.queries import list_jobs
from service.job_runs.rules import standing
from service.job_runs.views import job_view

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
    return {"items": [job_view(one) for one in found], "next": None}
