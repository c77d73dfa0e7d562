"""`xinyong calendar`."""

from pathlib import Path
from typing import Annotated

import typer

from service.catalog.calendar.actions import load_notice
from service.catalog.calendar.notices import read_notice
from service.catalog.calendar.queries import list_years
from service.catalog.calendar.rules import KnownYear
from service.cli.terminal import commanded, out, with_database
from service.clock import system_clock
from service.db import Database
from service.settings import Settings

app = typer.Typer(help="The official calendar that terms in working days are counted by.", no_args_is_help=True)


@app.command("load")
def calendar_load(
    file: Annotated[Path, typer.Argument(help="The State Council's notice as a text file (UTF-8).", exists=True)],
    by: Annotated[str, typer.Option(help="Who loads it; stands in the year's row.")],
) -> None:
    """Load the State Council's notice on a year's holidays. Dates that move are listed by the jobs.

    Example: [bold]xinyong calendar load notice-2027.txt --by "rule keeper"[/bold]
    """
    notice = read_notice(file.read_text("utf-8-sig"))

    async def work(database: Database) -> tuple[KnownYear, bool]:
        async with commanded(database, "xinyong calendar load") as session:
            return await load_notice(session, notice, actor=by, now=system_clock())

    year, is_new = with_database(Settings(), work)
    off = sum(not one.is_workday for one in year.days)
    words = f"{year.year}: {off} days off, {len(year.days) - off} weekend days worked (revision {year.revision})"
    out.print(words if is_new else f"{words}: it stood so already.")


@app.command("list")
def calendar_list() -> None:
    """List the years whose notice is known.

    Example: [bold]xinyong calendar list[/bold]
    """

    async def work(database: Database) -> tuple[KnownYear, ...]:
        async with database.reading() as session:
            return await list_years(session)

    for year in with_database(Settings(), work):
        out.print(f"{year.year}  revision {year.revision}  {year.source:<24} {year.title}")
