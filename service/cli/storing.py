"""The status store as a process."""

import typer

from service.cli.owned import OwnedOption, end_with_owner, stop_signal
from service.cli.terminal import run
from service.clock import system_clock
from service.connection import database_url
from service.logs import log_to_stderr
from service.settings import Settings
from service.store.files import store_folder
from service.store.updater import run_updater

app = typer.Typer(help="The status store: what answers are read from on this machine.", no_args_is_help=True)


@app.command("serve")
def store_serve(*, owned: OwnedOption = False) -> None:
    """Build the status store of this machine and keep it equal to the change log, until told to stop.

    The jobs process starts this by itself; a machine that runs only the API needs it beside it.
    Example: [bold]xinyong store serve[/bold]
    """
    settings = Settings()
    log_to_stderr(settings)
    if owned:
        end_with_owner()
    with database_url(settings) as url:
        run(_store(url, settings))


async def _store(url: str, settings: Settings) -> None:
    await run_updater(url, store_folder(settings), system_clock, stop_signal())
