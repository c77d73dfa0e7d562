"""`xinyong screen`: codes of a file against a release, without a network."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from service.cli.terminal import err, out
from service.clock import system_clock
from service.exports.packages import local
from service.exports.rules import age_words, is_of_today
from service.exports.screening import horizon_of, read_codes
from service.exports.screening import screen as screen_codes

_SHOWN = {
    "listed": "red",
    "penalised": "yellow",
    "nothing_published": "green",
    "not_covered": "dim",
    "malformed": "magenta",
}


def screen(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Text or CSV; the codes are its first column.")
    ],
    release: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of a full release.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each code.")] = False,
) -> None:
    """Screen codes offline against a full release, and say how old it is.

    What the release does not know is `not_covered`, never clean; what it shows may have ended since.

    Example: [bold]xinyong screen merchants.csv --release full-20261124T000000[/bold]
    """
    found, manifest = screen_codes(read_codes(file), release)
    horizon, now = horizon_of(manifest), system_clock()
    if as_json:
        for one in found:
            line = {
                "uscc": one.uscc,
                "outcome": one.outcome,
                "name": one.name,
                "blacklist_entries": one.entries,
                "penalties": one.penalties,
                "horizon": manifest["horizon"],
            }
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    else:
        table = Table("code", "outcome", "name", "entries", "penalties", box=None, padding=(0, 2))
        for one in found:
            style = _SHOWN[one.outcome]
            table.add_row(
                one.uscc,
                f"[{style}]{one.outcome}[/{style}]",
                one.name or "",
                str(len(one.entries)),
                str(len(one.penalties)),
            )
        out.print(table)
    age = f"The release shows the state of {local(horizon)}; it is {age_words(horizon, now=now)} old."
    if is_of_today(horizon, now=now):
        err.print(age, soft_wrap=True)
    else:
        err.print(
            f"[yellow]{age} Records may have ended or begun since: do not act on it, load the present one.[/yellow]",
            soft_wrap=True,
        )
