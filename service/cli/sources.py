"""`xinyong sources`."""

from typing import Annotated

import typer

from service.catalog.actions import add_source
from service.catalog.queries import load_catalog
from service.catalog.rules import KnownSource
from service.cli.terminal import commanded, out, with_database
from service.clock import system_clock
from service.db import Database
from service.settings import Settings

app = typer.Typer(help="Where rows come from, and what each source covers.", no_args_is_help=True)


@app.command("add")
def sources_add(
    code: str,
    owner: Annotated[str, typer.Option(help="Who owns the source.")],
    authority: Annotated[list[str], typer.Option(help="Authority that may import it; may be repeated.")],
    name: Annotated[str | None, typer.Option(help="Its name; none: the code.")] = None,
    published_where: Annotated[
        str | None, typer.Option(help="Where its rows were published; none: not published.")
    ] = None,
    covers: Annotated[
        list[str] | None, typer.Option(help="What it is complete for, as penalties:50; may be repeated.")
    ] = None,
    trust: Annotated[
        list[str] | None,
        typer.Option(
            help="Its rank where sources disagree, as registration_status:10; 1 is believed most; may be repeated."
        ),
    ] = None,
) -> None:
    """Enter a source in the catalogue.

    Example: [bold]xinyong sources add city-site --owner 示例局 --authority cq-market-regulation
    --published-where https://penalties.example/ --covers penalties:50[/bold]
    """

    async def work(database: Database) -> None:
        source = KnownSource(
            code=code,
            name=name or code,
            owner=owner,
            published=published_where is not None,
            published_where=published_where,
            covers=tuple(covers or ()),
            importing_authorities=tuple(authority),
            stale_after_days=35,
            licence=None,
            trust=tuple(trust or ()),
        )
        async with commanded(database, "xinyong sources add") as session:
            await add_source(session, source, now=system_clock())

    with_database(Settings(), work)
    out.print(f"Source {code} is in the catalogue.")


@app.command("list")
def sources_list() -> None:
    """List the sources.

    Example: [bold]xinyong sources list[/bold]
    """

    async def work(database: Database) -> list[str]:
        async with database.reading() as session:
            catalog = await load_catalog(session)
        return [f"{one.code}  {one.owner}  {', '.join(one.covers) or 'covers nothing'}" for one in catalog.sources]

    for line in with_database(Settings(), work):
        out.print(line)
