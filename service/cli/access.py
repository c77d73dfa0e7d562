"""`xinyong access`."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from service.access.actions import COMMAND_LINE, set_blocked
from service.access.four_eyes.actions import confirm
from service.access.four_eyes.queries import Waiting, list_waiting
from service.cli.terminal import commanded, out, with_database
from service.clock import SHANGHAI, system_clock
from service.db import Database
from service.settings import Settings

app = typer.Typer(
    help="What administrators propose and others confirm; who is let in at all. A terminal here is a second pair of eyes.",
    no_args_is_help=True,
)

Principal = Annotated[UUID, typer.Argument(help="Id of the principal, as GET /v1/principals tells it.")]


@app.command("waiting")
def access_waiting() -> None:
    """List the grants, keys and substitutions that wait for somebody to confirm them.

    Example: [bold]xinyong access waiting[/bold]
    """

    async def work(database: Database) -> Sequence[Waiting]:
        async with database.reading() as session:
            return await list_waiting(session)

    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("id", "kind", "for", "what", "proposed"):
        table.add_column(title, no_wrap=True)
    found = with_database(Settings(), work)
    for one in found:
        what = one.what if one.authority_code is None else f"{one.what} for {one.authority_code}"
        proposed = one.proposed_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        table.add_row(str(one.id), one.kind, one.principal, what, proposed)
    out.print(table if found else "Nothing waits.")


@app.command("confirm")
def access_confirm(proposal_id: Annotated[UUID, typer.Argument(help="Id of what waits.")]) -> None:
    """Let a grant, a key or a substitution that an administrator proposed count from now on.

    Example: [bold]xinyong access confirm 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02[/bold]
    """

    async def work(database: Database) -> None:
        async with commanded(database, "xinyong access confirm") as session:
            await confirm(session, proposal_id=proposal_id, by=COMMAND_LINE, now=system_clock())

    with_database(Settings(), work)
    out.print("Confirmed.")


@app.command("block")
def access_block(principal_id: Principal) -> None:
    """Refuse a principal whatever key or token it comes with; every process knows it within a second.

    Example: [bold]xinyong access block 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c01[/bold]
    """
    _set(principal_id, blocked=True)
    out.print("Blocked.")


@app.command("unblock")
def access_unblock(principal_id: Principal) -> None:
    """Let a principal in again with what it held before.

    Example: [bold]xinyong access unblock 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c01[/bold]
    """
    _set(principal_id, blocked=False)
    out.print("Let in again.")


def _set(principal_id: UUID, *, blocked: bool) -> None:
    async def work(database: Database) -> None:
        async with commanded(database, f"xinyong access {'block' if blocked else 'unblock'}") as session:
            await set_blocked(session, principal_id=principal_id, blocked=blocked, by=COMMAND_LINE, now=system_clock())

    with_database(Settings(), work)
