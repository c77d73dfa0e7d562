from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from service.job_runs.queries import insert_order, is_running, job_exists
from service.job_runs.rules import JobAsked, JobRuns, NoSuchJob


async def ask_for_run(session: AsyncSession, *, job: str, by: str, now: datetime) -> None:
    """Ask for a run of a job at once; the jobs process begins it within a second, by the claim by which all runs begin.

    Raises:
        NoSuchJob: there is none of this name.
        JobRuns: it runs at this moment.
        JobAsked: a run is asked for already.
    """
    if not await job_exists(session, job=job):
        raise NoSuchJob(f"There is no job {job!r}; GET /v1/jobs lists them.", detail_zh="没有此任务。")
    if await is_running(session, job=job):
        raise JobRuns(f"The job {job} runs at this moment.", detail_zh="此任务正在运行。")
    if not await insert_order(session, job=job, by=by, now=now):
        raise JobAsked(
            f"A run of {job} is asked for already and has not begun; does the jobs process run (`xinyong jobs serve`)?",
            detail_zh="已有人要求立即运行此任务，尚未开始；请确认任务进程是否在运行。",
        )
