"""`xinyong screen`: a file of codes against a server, or without a network against a release."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from service.cli.terminal import err, out
from service.clock import system_clock
from service.exports.packages import local
from service.exports.rules import age_words, is_of_today
from service.exports.screening import Screened, horizon_of
from service.exports.screening import screen as screen_codes
from service.screenings.reading import read_codes
from service.screenings.remote import Ended, Remote, Unanswered, screen_remotely
from service.screenings.rules import Format
from service.tables.problems import TableProblem

_SHOWN: Final = {
    "listed": "red",
    "penalised": "yellow",
    "clear": "green",
    "nothing_published": "green",
    "not_covered": "dim",
    "malformed": "magenta",
}


def screen(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV, XLSX, JSON Lines, or a code a line; .zip, .gz.")
    ],
    release: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Folder of a full release; no server is asked then."),
    ] = None,
    url: Annotated[str | None, typer.Option(envvar="XINYONG_URL", help="Address of the server.")] = None,
    key: Annotated[
        str | None, typer.Option(envvar="XINYONG_KEY", help="Key of a platform; better in the environment.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="File of the result; none: beside FILE.")] = None,
    form: Annotated[Format, typer.Option("--format", help="Form of the result.")] = Format.CSV,
    list_: Annotated[str | None, typer.Option("--list", help="What you call the list.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file; none: found.")] = None,
    screening: Annotated[
        str | None, typer.Option(help="Go on with this screening, which was handed in before.")
    ] = None,
    *,
    compare: Annotated[
        bool, typer.Option("--compare", help="Say what changed since the last screening of the list.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: the sums; with --release a line for each code.")
    ] = False,
) -> None:
    """Screen a file of codes, and say what came of it.

    The server answers all rows as of one instant, and the result is loaded into a file; what broke off goes on where it was. With
    --release nobody is asked: what the release does not know is `not_covered`, never clean, and what it shows may have ended since.

    Example: [bold]xinyong screen merchants.csv --url https://credit.example --to screened.csv[/bold]
    """
    if release is not None:
        _screen_offline(file, release, as_json=as_json)
        return
    if url is None or key is None:
        err.print("Say which server and key: --url and --key, or XINYONG_URL and XINYONG_KEY. Without one: --release.")
        raise typer.Exit(2)
    target = to or file.with_name(f"{file.stem}.screened.{form}")
    if target.resolve() == file.resolve():
        err.print("The result would take the place of the list. Name another file with --to.")
        raise typer.Exit(2)
    asked = {"format": form.value, "list": list_, "encoding": encoding, "compare": "true" if compare else None}
    with Remote(url, key, console=err) as remote:
        try:
            sums = screen_remotely(remote, file, target, asked=asked, screening=screening)
        except (Unanswered, Ended) as problem:
            err.print(f"[red]{problem.code}[/red]: {problem}", soft_wrap=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            if remote.screening is not None:
                err.print(
                    f"Stopped. It goes on there; take it up again with --screening {remote.screening}", soft_wrap=True
                )
            raise typer.Exit(130) from None
    if as_json:
        sys.stdout.write(json.dumps(sums, ensure_ascii=False) + "\n")
    else:
        _show_sums(sums, target)


def _show_sums(sums: dict[str, Any], target: Path) -> None:
    table = Table("outcome", box=None, padding=(0, 2))
    table.add_column("rows", justify="right")
    for outcome, style in _SHOWN.items():
        if outcome in sums["outcomes"]:
            table.add_row(f"[{style}]{outcome}[/{style}]", f"{sums['outcomes'][outcome]:,}")
    table.add_row("[bold]in all", f"[bold]{sums['rows']:,}")
    out.print(table)
    for kind, counts in (
        ("name", sums["name_match"]),
        ("warning", sums["warnings"]),
        ("changed", sums.get("changes", {})),
    ):
        for word, rows in counts.items():
            if rows:
                out.print(f"  {rows:,} × {kind} {word}")
    out.print(f"As of {sums['as_of']}, position {sums['position']}. The rows are in {target}.", soft_wrap=True)


def _screen_offline(file: Path, release: Path, *, as_json: bool) -> None:
    try:
        found, manifest = screen_codes(read_codes(file), release)
    except TableProblem as problem:
        err.print(f"[red]{problem.code}[/red]: {problem.detail}", soft_wrap=True)
        raise typer.Exit(1) from None
    horizon, now = horizon_of(manifest), system_clock()
    if as_json:
        for one in found:
            sys.stdout.write(json.dumps(_as_json(one, manifest), ensure_ascii=False) + "\n")
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


def _as_json(one: Screened, manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        "uscc": one.uscc,
        "outcome": one.outcome,
        "name": one.name,
        "blacklist_entries": one.entries,
        "penalties": one.penalties,
        "horizon": manifest["horizon"],
    }
