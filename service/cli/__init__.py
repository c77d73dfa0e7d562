"""The `xinyong` command: one module a group of commands."""

import sys

import typer
from pydantic import ValidationError

from service.cli import (
    access,
    audit,
    backup,
    calendar,
    codes,
    exporting,
    feeds,
    importing,
    jobs,
    keys,
    processes,
    rulebook,
    screening,
    signing,
    sources,
    verify,
)
from service.cli.terminal import err
from service.embedded import EmbeddedProblem
from service.errors import Refusal
from service.logs import log_for_a_terminal

app = typer.Typer(
    help="Xinyong (信用): credit files, blacklist entries and published penalties by unified social credit code.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("demo")(processes.demo)
app.command("serve")(processes.serve)
jobs.app.command("serve")(processes.jobs_serve)
app.add_typer(jobs.app, name="jobs")
app.add_typer(processes.store_app, name="store")
app.command("migrate")(processes.migrate)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("restored")(backup.restored)
app.command("sample")(processes.sample)
app.command("import")(importing.import_)
app.add_typer(keys.app, name="keys")
app.add_typer(access.app, name="access")
app.add_typer(signing.app, name="signing")
app.add_typer(verify.app, name="verify")
app.add_typer(audit.app, name="audit")
app.add_typer(sources.app, name="sources")
app.add_typer(rulebook.app, name="rules")
app.add_typer(calendar.app, name="calendar")
app.command("uscc")(codes.uscc)
app.add_typer(feeds.app, name="feeds")
app.command("export")(exporting.export)
app.command("screen")(screening.screen)


def main() -> None:
    """Run the command; what goes wrong in a known way is one sentence and exit code 1."""
    log_for_a_terminal()
    try:
        app()
    except (EmbeddedProblem, Refusal) as problem:
        err.print(f"[red]{getattr(problem, 'code', 'problem')}[/red]: {problem}", soft_wrap=True)
        sys.exit(1)
    except ValidationError as problem:
        for one in problem.errors():
            err.print(f"[red]XINYONG_{'_'.join(map(str, one['loc'])).upper()}[/red]: {one['msg']}", soft_wrap=True)
        sys.exit(1)
    except OSError as problem:
        err.print(f"[red]system[/red]: {problem.strerror or problem}", soft_wrap=True)
        sys.exit(1)
