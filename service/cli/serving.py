"""The API as a process."""

import gc

import typer

from service.app import create_app
from service.cli.owned import OwnedOption, end_with_owner
from service.connection import database_url
from service.logs import log_to_stderr
from service.serving import api_database, api_limiter, api_server
from service.settings import Settings


def spare_collections() -> None:
    """Let the collector of garbage leave what lives as long as the process alone, and come less often.

    A batch of 10,000 makes tens of thousands of short-lived objects without cycles; by default a third of its time would go
    into looking through them, and through the application, for cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def serve(*, owned: OwnedOption = False) -> None:
    """Serve the API and its documentation pages.

    Example: [bold]XINYONG_PORT=8080 xinyong serve[/bold]
    """
    settings = Settings()
    log_to_stderr(settings)
    if owned:
        end_with_owner()
    with database_url(settings) as url:
        database = api_database(url, settings)
        app = create_app(settings, database=database, limiter=api_limiter(settings))
        server = api_server(app, settings)
        spare_collections()
        server.run()
        if not server.started:
            raise typer.Exit(1)
