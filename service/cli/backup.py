"""`xinyong backup`, `xinyong restore`, `xinyong restored`."""

from pathlib import Path
from typing import Annotated

import typer

from service.backup import back_up, mark_restored
from service.backup import restore as restore_backup
from service.cli.processes import prepare
from service.cli.terminal import out, run
from service.clock import system_clock
from service.connection import database_urls
from service.settings import Settings

Folder = Annotated[Path, typer.Argument(help="The folder of the backup.")]


def backup(folder: Folder) -> None:
    """Write database, keys, audit files and documents into a new folder. The service may go on running.

    Example: [bold]xinyong backup /var/backups/xinyong/2026-11-24[/bold]
    """
    settings = Settings()
    with database_urls(settings) as urls:
        run(back_up(settings, urls.owner, folder, now=system_clock()))
    out.print(
        f"The backup is in {folder}. It holds the private signing key: keep it as safe as the service.", soft_wrap=True
    )


def restore(folder: Folder) -> None:
    """Restore a backup into an empty database. The change log gets a new log_id, so that its readers begin anew.

    Example: [bold]xinyong restore /var/backups/xinyong/2026-11-24[/bold]
    """
    settings = Settings()
    with database_urls(settings) as urls:
        done = run(restore_backup(settings, urls.owner, folder, now=system_clock()))
        run(prepare(urls))
    out.print(f"The backup of {done.made_at} is restored. The change log is {done.log_id} now.", soft_wrap=True)
    out.print("Run `xinyong verify audit` before you start the service.")


def restored() -> None:
    """Say that the database was restored by other means: a new log_id, and a signed statement for the audit.

    Example: [bold]xinyong restored[/bold]
    """
    settings = Settings()
    with database_urls(settings) as urls:
        log_id = run(mark_restored(settings, urls.server, now=system_clock()))
    out.print(f"The change log is {log_id} now.")
