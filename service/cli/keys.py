"""`xinyong keys`."""

import re
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from service.access.actions import COMMAND_LINE, roles_for
from service.access.keys.actions import NewKey, create_holder, issue_key, revoke_key, rotate_key
from service.access.keys.queries import list_keys
from service.access.keys.rules import key_state
from service.access.principals.queries import list_grants
from service.access.principals.rules import PrincipalOrGrants
from service.access.rules import Role
from service.cli.terminal import commanded, err, out, with_database
from service.clock import SHANGHAI, day_start, legal_day, system_clock
from service.db import Database
from service.models import AccessGrant, ApiKey
from service.settings import Settings

app = typer.Typer(help="API keys. A secret is shown once and stored only as its hash.", no_args_is_help=True)

_HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0}


def read_duration(text: str) -> timedelta:
    """Return the time that `24h`, `90m` or `7d` names."""
    match = re.fullmatch(r"([0-9]{1,5})([mhd])", text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no duration: write 90m, 24h or 7d.")
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])


@app.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    role: Annotated[list[Role] | None, typer.Option(help="A role of somebody new; may be repeated.")] = None,
    authority: Annotated[str | None, typer.Option(help="Authority for which the roles are held.")] = None,
    principal: Annotated[
        UUID | None, typer.Option(help="Id of the principal who gets one more key; instead of roles.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="A note for administrators.")] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day on which the key is valid, in China; none: until revoked."),
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="Address range (CIDR) from which it is valid; may be repeated.")
    ] = None,
) -> None:
    """Make a key and show it once: for somebody new with roles, or one more for a principal.

    Example: [bold]xinyong keys create --name "shop" --role platform --expires 2027-12-31[/bold]
    """
    ends = None if expires is None else day_start(expires.date() + timedelta(days=1))
    new = NewKey(name, note, ends, tuple(network or ()))

    async def work(database: Database) -> str:
        now = system_clock()
        if (principal is None) == (not role):
            raise PrincipalOrGrants("Give --role for somebody new, or --principal for one more key of a principal.")
        async with commanded(database, "xinyong keys create") as session:
            if principal is not None:
                return (await issue_key(session, principal_id=principal, new=new, now=now)).secret
            grants = roles_for(role or (), authority)
            return (await create_holder(session, new=new, grants=grants, now=now, by=COMMAND_LINE)).secret

    out.print(with_database(Settings(), work))


@app.command("list")
def keys_list() -> None:
    """List the keys: state, roles, when used last. Secrets are stored nowhere.

    Example: [bold]xinyong keys list[/bold]
    """

    async def work(database: Database) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for title in ("id", "begins", "state", "until", "last used", "name", "roles"):
            table.add_column(title, no_wrap=title != "roles")
        now = system_clock()
        async with database.reading() as session:
            keys = await list_keys(session)
            grants = await list_grants(session, principal_ids={key.principal_id for key in keys})
        for key in keys:
            table.add_row(*_row(key, grants.get(key.principal_id, []), now))
        return table

    out.print(with_database(Settings(), work))


def _row(key: ApiKey, grants: list[AccessGrant], now: datetime) -> tuple[str, ...]:
    held = [
        grant.role + (f" for {grant.authority_code}" if grant.authority_code else "")
        for grant in grants
        if grant.revoked_at is None and (grant.until_on is None or grant.until_on >= legal_day(now))
    ]
    state = key_state(confirmed_at=key.confirmed_at, expires_at=key.expires_at, revoked_at=key.revoked_at, now=now)
    return (
        str(key.id), f"{key.hint}…", state, _moment(key.expires_at), _moment(key.last_used_at), key.name, ", ".join(held),
    )  # fmt: skip


def _moment(instant: datetime | None) -> str:
    return "" if instant is None else instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


@app.command("rotate")
def keys_rotate(
    key_id: UUID,
    overlap: Annotated[str, typer.Option(help="How long the old key stays valid: 90m, 24h, 7d.")] = "24h",
) -> None:
    """Make the key that takes another one's place, and show it once. For the overlap both are valid.

    Example: [bold]xinyong keys rotate 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02 --overlap 24h[/bold]
    """
    time = read_duration(overlap)

    async def work(database: Database) -> str:
        async with commanded(database, "xinyong keys rotate") as session:
            made = await rotate_key(session, key_id=key_id, overlap=time, now=system_clock())
        return made.secret

    out.print(with_database(Settings(), work))
    err.print(f"The old key is valid for {overlap} more at most.")


@app.command("revoke")
def keys_revoke(key_id: UUID) -> None:
    """End a key; every process refuses it within a second.

    Example: [bold]xinyong keys revoke 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02[/bold]
    """

    async def work(database: Database) -> None:
        async with commanded(database, "xinyong keys revoke") as session:
            await revoke_key(session, key_id=key_id, now=system_clock())

    with_database(Settings(), work)
    out.print("Revoked.")
