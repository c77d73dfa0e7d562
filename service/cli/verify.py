"""`xinyong verify`."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from service.audit.chain.files import Outside
from service.audit.chain.verification import Report, verify_audit
from service.cli.terminal import err, out, with_database
from service.clock import system_clock
from service.db import Database
from service.exports.packages import local
from service.exports.rules import age_words
from service.exports.screening import horizon_of
from service.exports.verifying import verify_release
from service.settings import Settings
from service.signing.keys import SigningKeys

app = typer.Typer(help="Proofs that what is kept is what was written.", no_args_is_help=True)


@app.command("audit")
def verify_audit_command(
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of sentences.")] = False,
) -> None:
    """Hold every audit entry against the signed chain; exit code 1 where something was altered.

    Example: [bold]xinyong verify audit[/bold]
    """
    settings = Settings()

    async def work(database: Database) -> Report:
        return await verify_audit(database, Outside(settings.audit_folder()), jwks=SigningKeys.of(settings).jwks())

    report = with_database(settings, work)
    if json:
        out.print(orjson.dumps(report).decode(), soft_wrap=True)
    else:
        _tell(report)
    if not report.intact:
        raise typer.Exit(1)


def _tell(report: Report) -> None:
    for finding in report.findings:
        out.print(f"[red]{finding.kind:<10}[/red] {finding.words}", soft_wrap=True)
    if report.untold:
        out.print(f"[red]…[/red] and {report.untold} more findings", soft_wrap=True)
    if report.signed_until is None:
        out.print("Nothing is signed yet.")
    else:
        verdict = "All" if report.intact else "Checked"
        end = " are as they were signed." if report.intact else ", with the findings above."
        out.print(
            f"{verdict} {report.entries:,} entries of the chain signed until {report.signed_until:%Y-%m-%d %H:%M:%S} UTC{end}",
            soft_wrap=True,
        )
    if report.sealed:
        out.print(f"{report.sealed:,} older ones were removed because of their age, as a signed seal says.")
    if report.lost:
        out.print(f"{report.lost:,} signed entries were lost when a backup was restored.")
    if report.tail:
        since = f" since {report.tail_since:%Y-%m-%d %H:%M:%S} UTC" if report.tail_since else ""
        out.print(f"No signature covers the last {report.tail:,} entries{since} yet.")


@app.command("release")
def release(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the release.")],
    previous: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A full release to which this delta has to lead on."),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="The publisher's /.well-known/jwks.json; none: this installation's."
        ),
    ] = None,
) -> None:
    """Check signature, files, schema, counts and digests of a release, and that a delta leads to the state it names.

    Example: [bold]xinyong verify release delta-24h --previous full --keys jwks.json[/bold]
    """
    jwks: dict[str, Any]
    if keys is None:
        jwks = SigningKeys.of(Settings()).jwks()
    else:
        try:
            jwks = orjson.loads(keys.read_bytes())
        except ValueError:
            err.print(f"{keys} is no JSON; download /.well-known/jwks.json of the publisher.", soft_wrap=True)
            raise typer.Exit(2) from None
    checked = verify_release(folder, jwks, previous=previous)
    for check in checked.checks:
        out.print(f"  [green]✓[/green] {check}", soft_wrap=True)
    horizon = horizon_of(checked.manifest)
    out.print(
        f"{checked.manifest['id']} is whole: state of {local(horizon)}, {age_words(horizon, now=system_clock())} old."
    )
    out.print(f"state digest {checked.manifest['state_digest']}", style="dim", soft_wrap=True)
