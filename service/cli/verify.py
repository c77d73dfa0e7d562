"""`xinyong verify`."""

from typing import Annotated

import orjson
import typer

from service.audit.chain.files import Outside
from service.audit.chain.verification import Report, verify_audit
from service.cli.terminal import out, with_database
from service.db import Database
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
