"""`xinyong signing`."""

from datetime import timedelta
from typing import Annotated

import typer

from service.cli.terminal import out
from service.clock import system_clock
from service.settings import Settings
from service.signing.keys import SigningKeys
from service.signing.rules import key_at

app = typer.Typer(help="The key that signs audit heads and files; API keys are `xinyong keys`.", no_args_is_help=True)


@app.command("show")
def signing_show() -> None:
    """List the signing keys with their dates.

    Example: [bold]xinyong signing show[/bold]
    """
    now = system_clock()
    keys = SigningKeys.of(Settings()).public_keys()
    if not keys:
        out.print("No signing key yet: the first signature makes one.")
    present = key_at(keys, now)
    for key in keys:
        until = "" if key.signs_until is None else f" until {key.signs_until:%Y-%m-%d %H:%M} UTC"
        mark = "signs now" if key is present else "waits" if key.signs_from > now else "former"
        out.print(f"{key.kid}  {mark:<9}  signs from {key.signs_from:%Y-%m-%d %H:%M} UTC{until}", soft_wrap=True)


@app.command("rotate")
def signing_rotate(
    overlap_minutes: Annotated[
        int, typer.Option(min=0, help="How long the new key is published before it signs.")
    ] = 60,
) -> None:
    """Make a new signing key; the former ones stay in the public set, so that old signatures can be verified.

    Example: [bold]xinyong signing rotate --overlap-minutes 1440[/bold]
    """
    key = SigningKeys.of(Settings()).rotate(now=system_clock(), overlap=timedelta(minutes=overlap_minutes))
    out.print(f"{key.kid} signs from {key.signs_from:%Y-%m-%d %H:%M} UTC on.", soft_wrap=True)
