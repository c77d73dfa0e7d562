"""`xinyong keys`."""

from typing import Annotated
from uuid import UUID

import typer

from service.access.keys.actions import create_key, revoke_key
from service.access.keys.queries import list_keys
from service.access.rules import Role
from service.cli.terminal import out, with_database
from service.clock import system_clock
from service.db import Database
from service.settings import Settings

app = typer.Typer(help="API keys. A secret is shown once and stored only as its hash.", no_args_is_help=True)


@app.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    role: Annotated[list[Role], typer.Option(help="May be repeated.")],
    authority: Annotated[str | None, typer.Option(help="Authority in whose name the key acts.")] = None,
) -> None:
    """Make a key and show it once.

    Example: [bold]xinyong keys create --name "shop" --role platform[/bold]
    """

    async def work(database: Database) -> str:
        async with database.transaction() as session:
            key = await create_key(
                session, name=name, roles=frozenset(role), authority_code=authority, now=system_clock()
            )
        return key.secret

    out.print(with_database(Settings(), work))


@app.command("list")
def keys_list() -> None:
    """List the keys.

    Example: [bold]xinyong keys list[/bold]
    """

    async def work(database: Database) -> list[str]:
        async with database.reading() as session:
            return [
                f"{key.id}  {key.hint}…  {'revoked' if key.revoked_at else 'valid  '}  {key.name}"
                for key in await list_keys(session)
            ]

    for line in with_database(Settings(), work):
        out.print(line)


@app.command("revoke")
def keys_revoke(key_id: str) -> None:
    """End a key at once.

    Example: [bold]xinyong keys revoke 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02[/bold]
    """

    async def work(database: Database) -> None:
        async with database.transaction() as session:
            await revoke_key(session, key_id=UUID(key_id), now=system_clock())

    with_database(Settings(), work)
    out.print("Revoked.")
