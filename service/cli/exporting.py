"""`xinyong export`: a release of everything or of a part of it, into a folder of the caller's."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from service.cli.terminal import err, out, with_database
from service.clock import system_clock
from service.db import Database
from service.exports.building import FORMATS, Built, Options
from service.exports.files import Compression
from service.exports.rules import Selection
from service.exports.selecting import export_selection
from service.settings import Settings
from service.signing.keys import SigningKeys


def export(
    folder: Annotated[Path, typer.Argument(help="A new folder for the release.")],
    table: Annotated[list[str] | None, typer.Option(help="subjects, penalties, blacklist_entries; none: all.")] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="First 2, 4 or 6 digits of a division code; may be repeated.")
    ] = None,
    list_: Annotated[list[str] | None, typer.Option("--list", help="Id of a list; may be repeated.")] = None,
    format_: Annotated[
        list[str] | None, typer.Option("--format", help="csv, parquet, xlsx; JSON Lines is always there; none: all.")
    ] = None,
    compression: Annotated[Compression, typer.Option(help="Of CSV and JSON Lines.")] = Compression.NONE,
    *,
    bom: Annotated[bool, typer.Option("--bom", help="Put the mark before CSV by which Excel knows UTF-8.")] = False,
) -> None:
    """Export what is public, at the newest horizon, as a signed release.

    Example: [bold]xinyong export cq-releases --region 50 --format csv --bom[/bold]
    """
    formats = ("jsonl", *(format_ or FORMATS))
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        err.print(f"No format {', '.join(unknown)}. There are: {', '.join(FORMATS)}.")
        raise typer.Exit(2)
    if folder.exists():
        err.print(f"{folder} is there already; give a folder that is not.", soft_wrap=True)
        raise typer.Exit(2)
    settings = Settings()
    selection = Selection(tuple(table or ()), tuple(region or ()), tuple(list_ or ()))
    options = Options(tuple(dict.fromkeys(formats)), compression, bom)

    async def work(database: Database) -> Built:
        return await export_selection(
            database, folder, SigningKeys.of(settings), selection=selection, options=options, now=system_clock()
        )

    try:
        built = with_database(settings, work)
    except BaseException:
        shutil.rmtree(folder.with_name(f".building-{folder.name}"), ignore_errors=True)
        raise
    _show(folder, built)


def _show(folder: Path, built: Built) -> None:
    table = Table(title=None, box=None, padding=(0, 2))
    for heading in ("file", "rows", "bytes"):
        table.add_column(heading, justify="left" if heading == "file" else "right")
    for file in built.manifest["files"]:
        table.add_row(file["path"], "" if file["rows"] is None else f"{file['rows']:,}", f"{file['bytes']:,}")
    out.print(table)
    out.print(f"{folder}: horizon {built.manifest['horizon']}, position {built.manifest['position']:,}", soft_wrap=True)
    out.print(f"state digest {built.manifest['state_digest']}", style="dim", soft_wrap=True)
