from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from schemas.health import Alive, Readiness
from service.audit.rules import Audited, audited
from service.health.queries import count_queues, feed_figures, find_backlog, find_schema, source_ages
from service.health.rules import OtherSchema, check_schema
from service.http import PUBLIC, DatabaseDep, Now, answers
from service.job_runs.queries import list_jobs
from service.job_runs.rules import RunOutcome, Standing
from service.metrics.figures import FeedFigures, Figures, JobFigures, Stored

router = APIRouter(tags=["health"], dependencies=[PUBLIC])

ALIVE: dict[str, Any] = {"status": "alive"}
READY: dict[str, Any] = {
    "status": "ready",
    "migrations": {"present": ["0001"], "expected": ["0001"]},
    "sequencer": {"head_position": 48211, "pending_count": 12, "lag_seconds": 0.14, "late": False},
}
METRICS = (
    "# HELP xinyong_requests_total Answers, by operation, class of asker and of status.\n"
    "# TYPE xinyong_requests_total counter\n"
    'xinyong_requests_total{asker="platform",operation="GET /v1/status/{uscc}",status="2xx"} 48211.0\n'
)


@router.get(
    "/healthz",
    summary="Is the process alive?",
    response_model=Alive,
    responses=answers(ALIVE, words="The process answers."),
)
@audited(Audited.NOTHING)
async def tell_alive() -> dict[str, Any]:
    """Say that the process runs.

    Nothing else is asked: a process that answers here and not at `/readyz` needs its database, not a restart.
    """
    return ALIVE


@router.get(
    "/readyz",
    summary="Can requests be served?",
    response_model=Readiness,
    responses=answers(READY, OtherSchema, words="Requests can be served; `degraded`: the log stands still."),
)
@audited(Audited.NOTHING)
async def tell_ready(database: DatabaseDep, now: Now) -> dict[str, Any]:
    """Say whether requests can be served, and how far the log is behind.

    Ready means: the database answers and its schema is the one this version needs. `degraded` means that a change has
    waited for its position for more than a minute: answers are still exact, and their position does not move. Look whether
    the jobs process runs.
    """
    async with database.reading() as session:
        schema = await find_schema(session)
        check_schema(schema)
        backlog = await find_backlog(session)
    late = backlog.is_late(now=now)
    return {
        "status": "degraded" if late else "ready",
        "migrations": {"present": schema.present, "expected": schema.expected},
        "sequencer": {
            "head_position": backlog.head_position,
            "pending_count": backlog.pending_count,
            "lag_seconds": round(backlog.lag_seconds(now=now), 3),
            "late": late,
        },
    }


@router.get(
    "/metrics",
    summary="Figures for monitoring",
    response_class=PlainTextResponse,
    responses={
        **answers(None),
        200: {
            "description": "Figures in the text format of Prometheus.",
            "content": {"text/plain": {"example": METRICS}},
        },
    },
)
@audited(Audited.NOTHING)
async def show_metrics(request: Request, database: DatabaseDep, now: Now) -> str:
    """Give counts and latencies of this process and what waits in the database, in the text format of Prometheus.

    Several processes are scraped one by one, each at its own port.
    """
    async with database.reading() as session:
        backlog = await find_backlog(session)
        queues = await count_queues(session)
        ages = await source_ages(session, now=now)
        feeds = [FeedFigures(*one) for one in await feed_figures(session)]
        jobs = [_job_figures(one) for one in await list_jobs(session, now=now)]
    lag = backlog.lag_seconds(now=now)
    stored = Stored(backlog.head_position, backlog.pending_count, lag, queues, ages, feeds, jobs)
    state = request.app.state
    figures: Figures = state.figures
    return figures.text(
        stored,
        engine=database.engine,
        writer=state.audit_writer,
        limiter=state.limiter,
        store=state.status_store,
    )


def _job_figures(job: Standing) -> JobFigures:
    return JobFigures(
        name=job.schedule.name,
        done_at=None if job.done_at is None else job.done_at.timestamp(),
        is_overdue=job.is_overdue,
        has_failed=job.last is not None and job.last.outcome in {RunOutcome.FAILED, RunOutcome.KILLED},
    )
