"""Everything on one machine for a first look, and what brings a database up to date."""

import asyncio

import typer

from jobs.run import put_registry
from service.audit.chain.actions import make_partitions
from service.catalog.actions import sync_seed
from service.catalog.seed import load_seed
from service.changes.actions import drain
from service.cli.terminal import out, run, with_database
from service.clock import system_clock
from service.connection import Urls, database_urls
from service.db import Database
from service.demo import run_demo
from service.migrate import migrate as migrate_schema
from service.migrate import refuse_newer
from service.privileges import Granted, grant_privileges, words
from service.samples import load_samples
from service.settings import Settings


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
