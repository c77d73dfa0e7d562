"""Bringing the database's schema to the one this version needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from service.db import Database
from service.errors import Unavailable

ROOT = Path(__file__).parents[1]


class NewerSchema(Unavailable):
    """The database was migrated by a newer version of the service."""

    code = "newer_schema"


def config_for(url: str) -> Config:
    """Return alembic's configuration for a database."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    return config


async def refuse_newer(database: Database) -> None:
    """Refuse a database whose revision this version does not know.

    Raises:
        NewerSchema: it has such a revision.
    """
    try:
        async with database.reading() as session:
            present = set((await session.execute(text("SELECT version_num FROM alembic_version"))).scalars())
    except ProgrammingError:
        return  # a new database has no such table yet
    known = {one.revision for one in ScriptDirectory.from_config(config_for(database.url)).walk_revisions()}
    if present - known:
        raise NewerSchema(
            f"The database is of a newer version (revision {', '.join(sorted(present - known))}), which this version cannot"
            " read. Run the newer version, or restore a backup from before.",
            detail_zh="数据库版本较新，当前程序无法使用。",
        )


def migrate(url: str) -> None:
    """Bring the schema up to date; two runs at once take turns. Blocks."""
    command.upgrade(config_for(url), "head")
