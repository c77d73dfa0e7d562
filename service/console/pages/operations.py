"""What runs by itself and who may do what: the way to the pages of operations, and the scheduled jobs."""

from typing import Annotated, Final

from fastapi import Response

from service.access.rules import AUTHORITY_ROLES, Role
from service.audit.endpoints import READERS
from service.console.desk import Desk, PageRouter, Tab, at_desk
from service.console.rendering import show
from service.http import ReadSessionDep
from service.job_runs.queries import list_jobs
from service.job_runs.rules import standing
from service.job_runs.views import job_view

router = PageRouter()

JOB_WATCHERS: Final = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR})
FEED_WATCHERS: Final = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})
RULE_READERS: Final = frozenset({Role.RULE_KEEPER, Role.AUDITOR, Role.SUPERVISOR})
SHARING_READERS: Final = AUTHORITY_ROLES | {Role.AUDITOR}

#: The pages of operations, each with the roles of the operation of the API that it shows.
PARTS: Final = (
    Tab("/jobs", "operation.jobs", JOB_WATCHERS),
    Tab("/feeds", "operation.feeds", FEED_WATCHERS),
    Tab("/keys", "operation.keys", frozenset({Role.ADMINISTRATOR})),
    Tab("/access-proposals", "operation.access", frozenset({Role.ADMINISTRATOR})),
    Tab("/audit", "operation.audit", frozenset(READERS)),
    Tab("/rule-proposals", "operation.rules", RULE_READERS),
    Tab("/calendar", "operation.calendar"),
    Tab("/sharing", "operation.sharing", SHARING_READERS),
)


@router.get("/operations")
async def show_operations(desk: Annotated[Desk, at_desk()]) -> Response:
    """Show the ways to the pages that this office's roles are for."""
    return show(desk, "operations.html", parts=[part for part in PARTS if part.is_for(desk.actor)])


@router.get("/jobs")
async def show_jobs(desk: Annotated[Desk, at_desk(*sorted(JOB_WATCHERS))], session: ReadSessionDep) -> Response:
    """Show every scheduled job: when it ran last and with what outcome, when it is due next, and what is overdue."""
    found = [
        standing(schedule, last=last, done_at=done, now=desk.now) for schedule, last, done in await list_jobs(session)
    ]
    jobs = sorted((job_view(one) for one in found), key=lambda job: not job["overdue"])
    return show(desk, "jobs.html", jobs=jobs)
