from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from schemas.health import Alive, Readiness
from service.audit.rules import Audited, audited
from service.health.queries import find_backlog, find_schema
from service.health.rules import OtherSchema, check_schema
from service.http import PUBLIC, DatabaseDep, Now, answers
from service.limits.limiter import Limiter

router = APIRouter(tags=["health"], dependencies=[PUBLIC])

ALIVE: dict[str, Any] = {"status": "alive"}
READY: dict[str, Any] = {
    "status": "ready",
    "migrations": {"present": ["0001"], "expected": ["0001"]},
    "sequencer": {"head_position": 48211, "pending_count": 12, "lag_seconds": 0.14, "late": False},
}
METRICS = (
    "# HELP xinyong_log_head_position Last position of the change log.\n"
    "# TYPE xinyong_log_head_position gauge\n"
    "xinyong_log_head_position {head}\n"
    "# HELP xinyong_pending_changes Changes that wait for their position.\n"
    "# TYPE xinyong_pending_changes gauge\n"
    "xinyong_pending_changes {pending}\n"
    "# HELP xinyong_sequencer_lag_seconds How long the oldest of them has waited.\n"
    "# TYPE xinyong_sequencer_lag_seconds gauge\n"
    "xinyong_sequencer_lag_seconds {lag}\n"
)
LIMITS = (
    "# HELP xinyong_limiter_refusals_total Requests that this process refused because they were too many.\n"
    "# TYPE xinyong_limiter_refusals_total counter\n"
    "xinyong_limiter_refusals_total {refusals}\n"
    "# HELP xinyong_limiter_failures_total Times the counters of the rate limits could not be used; reads went on uncounted.\n"
    "# TYPE xinyong_limiter_failures_total counter\n"
    "xinyong_limiter_failures_total {failures}\n"
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
            "description": "Gauges in the text format of Prometheus.",
            "content": {"text/plain": {"example": METRICS.format(head=48211, pending=12, lag=0.14)}},
        },
    },
)
@audited(Audited.NOTHING)
async def show_metrics(request: Request, database: DatabaseDep, now: Now) -> str:
    """Give the figures of the change log, and of this process's rate limits, in the text format of Prometheus."""
    async with database.reading() as session:
        backlog = await find_backlog(session)
    limiter: Limiter | None = request.app.state.limiter
    limits = "" if limiter is None else LIMITS.format(refusals=limiter.refusals, failures=limiter.failures)
    lag = round(backlog.lag_seconds(now=now), 3)
    return METRICS.format(head=backlog.head_position, pending=backlog.pending_count, lag=lag) + limits
