"""Which database a process works on: the one that is named, the embedded one that runs already, or one started for it."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service import embedded
from service.server_check import check_server
from service.settings import Settings

_URL_FILE = "database-url"


@dataclass(frozen=True, slots=True)
class Urls:
    """The SQLAlchemy URLs of one database: by the server's role, and by the one that owns the schema."""

    server: str
    owner: str
    is_up: Callable[[], bool] = lambda: True
    """Whether the server still runs, as far as it was started here."""


@contextmanager
def database_url(settings: Settings, *, log: Callable[[str], None] | None = None) -> Iterator[str]:
    """Yield the URL by which the server works on the database. See `database_urls`."""
    with database_urls(settings, log=log) as urls:
        yield urls.server


@contextmanager
def database_urls(settings: Settings, *, log: Callable[[str], None] | None = None) -> Iterator[Urls]:
    """Yield the URLs of the database; an embedded server that was started for it ends with the block.

    Raises:
        EmbeddedProblem: the embedded server cannot be started, with words that say what to do.
        DatabaseUnusable: the named database is none that can be used, likewise.
    """
    named = settings.sqlalchemy_url()
    if named is not None:
        owner = settings.owner_url() or named
        asyncio.run(check_server(named, setting="XINYONG_DATABASE_URL"))
        if owner != named:
            asyncio.run(check_server(owner, setting="XINYONG_OWNER_DATABASE_URL"))
        yield Urls(named, owner)
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        cluster = embedded.start(settings.data_dir, log=log)
    except embedded.EmbeddedProblem as problem:
        running = _running(settings.data_dir)
        if problem.code != "already_running" or running is None:
            raise
        yield running
        return
    try:
        write_private(settings.data_dir / _URL_FILE, f"{cluster.server_url}\n{cluster.url}\n")
        yield Urls(cluster.server_url, cluster.url, lambda: embedded.is_running(cluster))
    finally:
        (settings.data_dir / _URL_FILE).unlink(missing_ok=True)
        embedded.stop(cluster)


def is_running(settings: Settings) -> bool:
    """Return whether another process has the embedded server of this data directory up."""
    return settings.database_url is None and _running(settings.data_dir) is not None


def _running(data_dir: Path) -> Urls | None:
    try:
        server, owner = (data_dir / _URL_FILE).read_text("utf-8").split()
    except (OSError, ValueError):
        return None
    return Urls(server, owner)


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
    draft.replace(path)
