"""The long-running processes: the API, the jobs, and both with a database for a first look."""

import asyncio
import gc
import os
import signal
import threading
from typing import Annotated

import typer

from jobs.run import put_registry
from jobs.scheduler import serve_jobs
from jobs.store import run_store
from service.app import create_app
from service.audit.chain.actions import make_partitions
from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from service.changes.actions import drain
from service.cli.terminal import out, run, with_database
from service.clock import system_clock
from service.connection import Urls, database_url, database_urls
from service.db import Database
from service.demo import run_demo
from service.logs import log_to_stderr
from service.migrate import migrate as migrate_schema
from service.migrate import refuse_newer
from service.privileges import Granted, grant_privileges, words
from service.samples import load_samples
from service.serving import api_database, api_limiter, api_server
from service.settings import Settings
from service.store.files import store_folder
from service.store.updater import run_updater
from service.tables.chunk import Limits

store_app = typer.Typer(help="The status store: what answers are read from on this machine.", no_args_is_help=True)

OwnedOption = Annotated[bool, typer.Option("--owned", hidden=True)]


def end_with_owner() -> None:
    """End this process when the one that started it is gone: its end of our standard input closes then."""

    def watch() -> None:
        # Not through the buffer of `sys.stdin`: its lock, held here for ever, would be an error when the process ends.
        while os.read(0, 4096):
            pass
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def spare_collections() -> None:
    """Let the collector of garbage leave what lives as long as the process alone, and come less often.

    A batch of 10,000 makes tens of thousands of short-lived objects without cycles; by default a third of its time would go
    into looking through them, and through the application, for cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def stop_signal() -> asyncio.Event:
    """Return an event that is set when this process is told to stop; inside a running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


def serve(*, owned: OwnedOption = False) -> None:
    """Serve the API and its documentation pages.

    Example: [bold]XINYONG_PORT=8080 xinyong serve[/bold]
    """
    settings = Settings()
    log_to_stderr(settings)
    if owned:
        end_with_owner()
    with database_url(settings) as url:
        database = api_database(url, settings)
        app = create_app(settings, database=database, limiter=api_limiter(settings))
        server = api_server(app, settings)
        spare_collections()
        server.run()
        if not server.started:
            raise typer.Exit(1)


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


@store_app.command("serve")
def store_serve(*, owned: OwnedOption = False) -> None:
    """Build the status store of this machine and keep it equal to the change log, until told to stop.

    The jobs process starts this by itself; a machine that runs only the API needs it beside it.
    Example: [bold]xinyong store serve[/bold]
    """
    settings = Settings()
    log_to_stderr(settings)
    if owned:
        end_with_owner()
    with database_url(settings) as url:
        run(_store(url, settings))


async def _store(url: str, settings: Settings) -> None:
    await run_updater(url, store_folder(settings), system_clock, stop_signal())


def demo() -> None:
    """Run everything on this machine: database, fictitious sample data, API and jobs. Ctrl-C ends all of it.

    This is what `make run` calls. Example: [bold]xinyong demo[/bold]
    """
    raise typer.Exit(run_demo(Settings(), out, prepare))


def sample() -> None:
    """Load the fictitious sample data, once.

    Example: [bold]xinyong sample[/bold]
    """
    settings = Settings()

    async def work(database: Database) -> bool:
        loaded = await load_samples(database, settings.data_dir / "sample", clock=system_clock)
        await drain(database, system_clock)
        return loaded

    loaded = with_database(settings, work)
    out.print("The sample data is in." if loaded else "The sample data was there already.")


async def prepare(urls: Urls) -> Granted:
    """Bring schema, privileges of the server's role and catalogues up to date."""
    database = Database(urls.owner, application="xinyong migrate", pool_size=2)
    try:
        await refuse_newer(database)
        await asyncio.to_thread(migrate_schema, urls.owner)
        await make_partitions(database, now=system_clock())
        granted = await grant_privileges(urls.owner, urls.server)
        async with database.transaction() as session:
            await sync_seed(session, load_seed(), now=system_clock())
        await put_registry(database)
    finally:
        await database.dispose()
    return granted


def migrate() -> None:
    """Bring the database's schema, the privileges of the server's role and the catalogues up to date.

    Example: [bold]XINYONG_OWNER_DATABASE_URL=postgresql://owner@host/xinyong xinyong migrate[/bold]
    """
    with database_urls(Settings()) as urls:
        granted = run(prepare(urls))
        out.print("The schema and the catalogues are up to date.")
        out.print(words(granted), soft_wrap=True)
