"""`xinyong import`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from service.cli.terminal import err, out, with_database
from service.clock import system_clock
from service.imports.local import import_file
from service.imports.rules import REASONS
from service.imports.take import Progress
from service.settings import Settings
from service.tables.columns import KINDS


def import_(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV, XLSX, XLS, SpreadsheetML, JSON Lines; .zip, .gz.")
    ],
    kind: Annotated[str, typer.Option(help="subjects, penalties, blacklist or permits.")],
    authority: Annotated[str, typer.Option(help="Code or name of the importing authority.")],
    source: Annotated[str | None, typer.Option(help="Source that has published the rows; none: own drafts.")] = None,
    list_: Annotated[str | None, typer.Option("--list", help="List of the entries, where the file names none.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file; none: found.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook; none: found.")] = None,
    listed_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of listing for rows that state none.")
    ] = None,
    basis: Annotated[str | None, typer.Option(help="Where that day is stated.")] = None,
    column_map: Annotated[
        list[str] | None, typer.Option("--map", help='"their column=our field", may be repeated.')
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show map, first rows and sums; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Import a file and show what became of every row.

    Example: [bold]xinyong import penalties.xlsx --kind penalties --authority cq-market-regulation --source city-site[/bold]
    """
    if kind not in KINDS:
        err.print(f"--kind is {', '.join(KINDS)}, not {kind!r}.")
        raise typer.Exit(2)
    pairs = dict(pair.split("=", 1) for pair in column_map or () if "=" in pair)
    settings = Settings()
    request = {
        "kind": kind,
        "authority": authority,
        "source": source,
        "list": list_,
        "encoding": encoding,
        "sheet": sheet,
        "listed_on": listed_on.date() if listed_on else None,
        "basis": basis,
        "column_map": pairs,
        "dry_run": dry_run,
    }
    with _progress_bar() as report:
        result = with_database(
            settings,
            lambda database: import_file(database, settings, file, request, clock=system_clock, report=report),
        )
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, default=str) + "\n")
    else:
        _show_import(result)
    if result["state"] == "failed":
        raise typer.Exit(1)


_PHASES: Final = {"deciding": "comparing with what is known", "writing": "writing"}


@contextmanager
def _progress_bar() -> Iterator[Callable[[Progress], None]]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[rows]:>11,} rows {task.fields[rate]:>9,}/s"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Bar(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        task = shown.add_task("reading", total=100, rows=0, rate=0, left="")

        def report(progress: Progress) -> None:
            elapsed = shown.tasks[0].elapsed or 0
            rate = round(progress.rows / elapsed) if elapsed else 0
            if progress.share is not None:
                left = time_left(elapsed, progress.share)
                shown.update(task, completed=progress.share, rows=progress.rows, rate=rate, left=left)
            else:
                words = _PHASES.get(progress.phase, progress.phase)
                shown.update(task, total=None, description=words, rows=progress.rows, rate=rate, left="")

        yield report


def time_left(elapsed: float, share: int) -> str:
    """Return how long reading will take from now at the rate so far; `elapsed` in seconds, `share` in percent."""
    if share < 1:
        return ""
    seconds = round(elapsed * (100 - share) / share)
    return f"about {seconds} s left" if seconds < 90 else f"about {round(seconds / 60)} min left"


def _show_import(result: dict[str, Any]) -> None:
    if result["problem"]:
        err.print(f"[red]{result['problem']['code']}[/red]: {result['problem']['detail']}", soft_wrap=True)
        return
    info = result["table"]
    out.print(
        f"{result['file_name']}: {info['format']}, header in line {info['header_line']}, column map {info['map']}"
    )
    for name, column in info["fields"].items():
        out.print(f"  {column}  →  {name}", style="dim")
    for warning in info["warnings"]:
        out.print(f"  note: {warning['detail']}", style="yellow")
    for row in info.get("first_rows", ()):
        out.print(
            f"  line {row['line']}: {row['outcome']} {row['uscc'] or ''} {row['content']}", style="dim", soft_wrap=True
        )
    table = Table(title=None, box=None, padding=(0, 2))
    table.add_column("outcome")
    table.add_column("rows", justify="right")
    for outcome, rows in result["counts"]["outcomes"].items():
        table.add_row(outcome, f"{rows:,}")
    table.add_row("[bold]in all", f"[bold]{result['rows_read']:,}")
    out.print(table)
    for reason, rows in result["counts"]["reasons"].items():
        known = REASONS.get(reason)
        out.print(f"  {rows:,} × {reason}: {known.words + ' ' + known.remedy if known else ''}", soft_wrap=True)
    out.print(f"import {result['id']}" + (" (dry run: nothing was written)" if result["dry_run"] else ""))
