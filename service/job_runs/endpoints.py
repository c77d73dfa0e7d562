from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from schemas.jobs import JobAskedOut, JobPage
from service.access.rules import Actor, Role
from service.http import ROLE_REFUSALS, NoteDep, Now, ReadSessionDep, answers, require
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.job_runs.actions import ask_for_run
from service.job_runs.queries import list_jobs
from service.job_runs.rules import JobAsked, JobRuns, NoSuchJob
from service.job_runs.views import job_view

router = APIRouter(prefix="/v1/jobs", tags=["health"])

Watcher = Annotated[Actor, require(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR)]

#: Who may have a job run now.
Operator = Annotated[Actor, require(Role.ADMINISTRATOR)]

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
    "asked_at": None,
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
    return {"items": [job_view(one) for one in await list_jobs(session, now=now)], "next": None}


@router.post(
    "/{name}/run",
    summary="Run a job now",
    status_code=202,
    response_model=JobAskedOut,
    responses=answers(
        {"name": "log_clock_edges", "asked_at": "2026-11-24T04:00:00Z"},
        *ROLE_REFUSALS, *REPEAT_REFUSALS, NoSuchJob, JobRuns, JobAsked, status=202,
        words="The run is asked for; `Location` says where to see what came of it.", headers=("Location",),
    ),
)  # fmt: skip
async def run_now(
    name: Annotated[str, Path(max_length=100, description="Name of the job.")],
    actor: Operator,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
    note: NoteDep,
) -> dict[str, Any]:
    """Ask for a run of a job at once. The jobs process begins it within a second; `GET /v1/jobs` says what came of it.

    No job runs beside itself: while it runs this is refused, and what it finds to do it does then.
    """
    note.record_kind, note.record_id = "job", name
    await ask_for_run(session, job=name, by=str(actor.id), now=now)
    response.headers["Location"] = "/v1/jobs"
    return {"name": name, "asked_at": now}
