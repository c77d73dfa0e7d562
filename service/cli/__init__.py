"""The `xinyong` command: one module a group of commands, of which only the one that is asked for is loaded."""

import sys
from importlib import import_module
from typing import Final

import typer
from pydantic import ValidationError
from rich.markup import escape

from service.cli.terminal import err
from service.embedded import EmbeddedProblem
from service.errors import Refusal
from service.logs import log_for_a_terminal

#: Every command in the order of the help, with its module and its function there; `app` stands for a group of commands.
COMMANDS: Final = {
    "demo": ("processes", "demo"),
    "serve": ("serving", "serve"),
    "jobs": ("jobs", "app"),
    "store": ("storing", "app"),
    "migrate": ("processes", "migrate"),
    "backup": ("backup", "backup"),
    "restore": ("backup", "restore"),
    "restored": ("backup", "restored"),
    "sample": ("processes", "sample"),
    "import": ("importing", "import_"),
    "keys": ("keys", "app"),
    "access": ("access", "app"),
    "signing": ("signing", "app"),
    "verify": ("verify", "app"),
    "audit": ("audit", "app"),
    "sources": ("sources", "app"),
    "rules": ("rulebook", "app"),
    "calendar": ("calendar", "app"),
    "uscc": ("codes", "uscc"),
    "feeds": ("feeds", "app"),
    "export": ("exporting", "export"),
    "screen": ("screening", "screen"),
    "reports": ("reports", "app"),
}


def make_command(word: str | None = None) -> typer.Typer:
    """Return the command with all that it can do, or with the one command `word` where that is one: it starts sooner so."""
    app = typer.Typer(
        help="Xinyong (信用): credit files, blacklist entries and published penalties by unified social credit code.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(lambda: None)  # with it one command keeps its name
    for name in (word,) if word in COMMANDS else COMMANDS:
        module, function = COMMANDS[str(name)]
        found = getattr(import_module(f"service.cli.{module}"), function)
        if function == "app":
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def main() -> None:
    """Run the command; what goes wrong in a known way is one sentence and exit code 1."""
    log_for_a_terminal()
    try:
        make_command(sys.argv[1] if len(sys.argv) > 1 else None)()
    except (EmbeddedProblem, Refusal) as problem:
        err.print(f"[red]{getattr(problem, 'code', 'problem')}[/red]: {problem}", soft_wrap=True)
        sys.exit(1)
    except ValidationError as problem:
        for one in problem.errors():
            err.print(f"[red]XINYONG_{'_'.join(map(str, one['loc'])).upper()}[/red]: {one['msg']}", soft_wrap=True)
        sys.exit(1)
    except Exception as problem:  # noqa: BLE001 - what is not known is raised again
        code, words = _known(problem)
        err.print(f"[red]{code}[/red]: {words}", soft_wrap=True, markup=True)
        sys.exit(1)


def _known(problem: Exception) -> tuple[str, str]:
    """Return the code and the sentence of a failure of the database or the system; another one is raised again."""
    from service.outages import CONNECTION_ERRORS, is_disk_full, is_outage, outage_reason  # noqa: PLC0415 - loads the driver

    if is_disk_full(problem):
        return (
            "disk_full",
            "The disk of the database is full. What was committed is kept, the rest is undone. Free at least 200 MB and start again.",
        )
    if isinstance(problem, CONNECTION_ERRORS) and is_outage(problem):
        return (
            "database_away",
            f"The database went away ({escape(outage_reason(problem))}). What was committed before is kept. Start again when it is back.",
        )
    if isinstance(problem, OSError):
        return "system", escape(str(problem.strerror or problem))
    raise problem
