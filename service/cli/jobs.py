"""The jobs as a process; what scheduled jobs there are, how they stand, and one of them run by hand."""

import asyncio
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from jobs.registry import JOBS, Job
from jobs.run import JobRunsElsewhere, put_registry, run_now
from jobs.scheduler import serve_jobs
from jobs.store import run_store
from service.cli.owned import OwnedOption, end_with_owner, stop_signal
from service.cli.terminal import err, out, run, with_database
from service.clock import SHANGHAI, system_clock
from service.connection import database_url
from service.db import Database
from service.job_runs.queries import list_jobs
from service.job_runs.rules import Standing
from service.logs import log_to_stderr
from service.settings import Settings
from service.status.rules import read_moment
from service.tables.chunk import Limits

app = typer.Typer(help="The jobs process: sequencer, imports, scheduled jobs.", no_args_is_help=True)


@app.command("serve")
def jobs_serve(*, owned: OwnedOption = False) -> None:
    """Run the sequencer, the imports and the scheduled jobs until told to stop.

    Example: [bold]xinyong jobs serve[/bold]
    """
    settings = Settings()
    log_to_stderr(settings)
    if owned:
        end_with_owner()
    with database_url(settings) as url:
        run(_jobs(url, settings))


async def _jobs(url: str, settings: Settings) -> None:
    stop = stop_signal()
    database = Database(url, application="xinyong jobs", pool_size=20)
    try:
        limits = Limits(cells=settings.max_sheet_cells)
        async with asyncio.TaskGroup() as group:
            group.create_task(serve_jobs(database, system_clock, stop, settings=settings, limits=limits))
            group.create_task(run_store(url, settings, stop))
    finally:
        await database.dispose()


@app.command("list")
def jobs_list() -> None:
    """List the scheduled jobs: what each did last and when, what is due next, what is overdue and why.

    Example: [bold]xinyong jobs list[/bold]
    """

    async def work(database: Database) -> list[Standing]:
        await put_registry(database)
        now = system_clock()
        async with database.reading() as session:
            return await list_jobs(session, now=now)

    found = with_database(Settings(), work)
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "every", "last run", "outcome", "took", "count", "next", ""):
        table.add_column(heading, justify="right" if heading in {"every", "took", "count"} else "left", no_wrap=True)
    for one in found:
        last = one.last
        table.add_row(
            one.schedule.name,
            f"{one.schedule.every_seconds} s",
            _moment(last.started_at) if last else "never",
            last.outcome.value if last else "",
            "" if last is None or last.duration_ms is None else f"{last.duration_ms} ms",
            "" if last is None or last.count is None else f"{last.count}",
            _moment(one.next_at),
            "[red]overdue[/red]" if one.is_overdue else "",
        )
    out.print(table)
    for one in found:
        if one.why is not None:
            out.print(f"{one.schedule.name}: {one.why}", soft_wrap=True)


@app.command("run")
def jobs_run(
    name: str,
    *,
    as_of: Annotated[
        str | None,
        typer.Option(help="For this day (its 00:00 in Shanghai) or instant with its offset; not in the future."),
    ] = None,
) -> None:
    """Run one job now, or for an instant that has passed.

    Example: [bold]xinyong jobs run log_clock_edges --as-of 2026-11-24[/bold]
    """
    job = next((one for one in JOBS if one.name == name), None)
    if job is None:
        err.print(f"No job {name!r}. There are: {', '.join(one.name for one in JOBS)}.")
        raise typer.Exit(2)
    now = system_clock()
    instant = now if as_of is None else read_moment(as_of, parameter="--as-of", now=now)
    try:
        done = with_database(Settings(), lambda database: _run(job, database, as_of=instant, now=now))
    except JobRunsElsewhere:
        err.print(f"{name} runs at this moment in another process. Try again when it has ended.")
        raise typer.Exit(1) from None
    out.print(f"{name}: {done}")


async def _run(job: Job, database: Database, *, as_of: datetime, now: datetime) -> int:
    await put_registry(database)
    return await run_now(job, database, as_of=as_of, now=now)


def _moment(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
