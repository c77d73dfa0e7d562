"""`xinyong audit`."""

from typing import Annotated

import typer

from service.audit.chain.actions import Chain, drop_month, seal_month
from service.audit.chain.files import Outside
from service.audit.chain.verification import verify_audit
from service.cli.terminal import err, out, run
from service.clock import system_clock
from service.connection import database_urls
from service.db import Database
from service.settings import Settings
from service.signing.keys import SigningKeys

app = typer.Typer(help="The audit's months; `xinyong verify audit` proves them.", no_args_is_help=True)


@app.command("list")
def audit_list() -> None:
    """Say where the signed copy of the chain is, and its last block.

    Example: [bold]xinyong audit list[/bold]
    """
    folder = Settings().audit_folder()
    for path in sorted(folder.glob("audit-*.jsonl")):
        out.print(f"{path}  {path.stat().st_size:,} bytes", soft_wrap=True)
    out.print(f"Last block in the files: {Outside(folder).tail().number}")


@app.command("age-out")
def audit_age_out(month: Annotated[str, typer.Argument(help="The month, as 2026-05.")]) -> None:
    """Verify, seal and remove the entries of a month. Needs the owner's URL.

    Example: [bold]xinyong audit age-out 2026-05[/bold]
    """
    settings = Settings()

    async def work(url: str) -> int | None:
        database = Database(url, application="xinyong audit", pool_size=2)
        chain = Chain(database, SigningKeys.of(settings), Outside(settings.audit_folder()))
        try:
            if not (await verify_audit(database, chain.outside, jwks=chain.keys.jwks())).intact:
                return None
            count = await seal_month(chain, month=month, now=system_clock())
            await drop_month(database, month)
        finally:
            await database.dispose()
        return count

    with database_urls(settings) as urls:
        count = run(work(urls.owner))
    if count is None:
        err.print("The audit is not intact; see `xinyong verify audit`. Nothing was removed.")
        raise typer.Exit(1)
    out.print(f"{count:,} entries of {month} are sealed and removed.")
