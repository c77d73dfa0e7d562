"""What runs by itself and who may do what: the way to the pages of operations, and the scheduled jobs."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import AUTHORITY_ROLES, Role
from service.audit.endpoints import READERS
from service.console.desk import Desk, FormDep, PageRouter, Tab, at_desk, settled
from service.console.rendering import show, show_refused
from service.db import ReadSession
from service.errors import Refusal
from service.http import NoteDep, ReadSessionDep, SessionDep
from service.job_runs.actions import ask_for_run
from service.job_runs.queries import list_jobs
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
    Tab("/overdue-acknowledgements", "operation.receipts", frozenset({Role.SUPERVISOR, Role.AUDITOR})),
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
    return show(desk, "jobs.html", **await _jobs(session, desk))


@router.post("/jobs/{name}/run")
async def run_job_now(
    desk: Annotated[Desk, at_desk(Role.ADMINISTRATOR)], form: FormDep, session: SessionDep, note: NoteDep, name: str
) -> Response:
    """Ask for a run of a job at once."""
    del form
    note.record_kind, note.record_id = "job", name[:100]

    async def again(refusal: Refusal) -> Response:
        return show_refused(desk, "jobs.html", refusal, **await _jobs(session, desk))

    async with settled(session, desk, again):
        await ask_for_run(session, job=name, by=str(desk.actor.id), now=desk.now)
    return desk.go(f"/jobs?asked={quote(name)}")


async def _jobs(session: AsyncSession | ReadSession, desk: Desk) -> dict[str, Any]:
    found = [job_view(one) for one in await list_jobs(session, now=desk.now)]
    names = {job["name"] for job in found}
    asked = desk.request.query_params.get("asked")
    return {
        "jobs": sorted(found, key=lambda job: not job["overdue"]),
        "may_run": desk.actor.may(Role.ADMINISTRATOR),
        "asked": asked if asked in names else None,
    }
