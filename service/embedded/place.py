"""Where a cluster lives, and which directories are made for it.

DATA_DIR/postgres/         the home; of root in a tree closed to the account: /var/lib/xinyong/ID/
    owner.lock server.lock format postgresql.conf pg_hba.conf server.log     the caller's
    data/                  PostgreSQL's own, of the account that runs it
    run/                   the Unix socket, likewise
"""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from service.embedded.children import Account, choose_account, may_enter
from service.embedded.problems import EmbeddedProblem

STATE = Path("/var/lib/xinyong")

# A socket's path has 108 bytes on Linux and 104 on macOS, the final zero included; "/.s.PGSQL.65535" is put behind.
_SOCKET_DIR_BYTES = 88
# Characters that a connection URL, asyncpg's or PostgreSQL's list of directories read as something else.
_SOCKET_DIR_FORBIDDEN = frozenset(",:;\"'\\%?#&=@")


@dataclass(frozen=True, slots=True)
class Place:
    """The directories of one cluster and the account that runs it."""

    asked: Path
    home: Path
    socket_dir: Path
    account: Account

    @property
    def data(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.home / "data"


def find_place(data_dir: Path) -> Place:
    """Choose and make the directories for the cluster of `data_dir`, which is made where missing.

    Nothing that exists is given other permissions. Root puts the cluster into STATE when the account that
    runs the server cannot reach `data_dir`; a cluster that is there already is found again.

    Raises:
        EmbeddedProblem: `no_account`, `not_writable`.
        OSError: a directory cannot be made.
    """
    asked = data_dir.resolve()
    near = asked / "postgres"
    far = STATE.resolve() / _digest(asked)
    if os.geteuid() == 0:
        _make_open(asked, 0o755)
    else:
        asked.mkdir(parents=True, exist_ok=True)
    account = choose_account([far / "data", near / "data"])
    home = _choose_home(asked, near, far, account)
    if not account.switch and home.is_dir() and home.stat().st_uid != account.uid:
        raise EmbeddedProblem(
            "not_writable",
            f"The database in {home} belongs to user number {home.stat().st_uid}, and this is user number {account.uid}. "
            "Start Xinyong as that user, or choose another directory with XINYONG_DATA_DIR.",
        )
    if home == far:
        _make_open(STATE, 0o711)
    if account.switch:
        _make_open(home, 0o711)
    else:
        home.mkdir(mode=0o700, exist_ok=True)
    return Place(asked, home, _choose_socket_dir(home, account), account)


def make_private(folder: Path, account: Account) -> None:
    """Make `folder`, where it is missing, for `account` alone.

    Raises:
        EmbeddedProblem: `not_writable`, where somebody else has made it first, as anyone can in a shared directory.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()):
        raise EmbeddedProblem(
            "not_writable",
            f"The database needs the directory {folder} for itself, and it belongs to user number {found.st_uid}. "
            "Remove it and start again.",
        )
    folder.chmod(0o700)
    if account.switch:
        os.chown(folder, account.uid, account.gid)


def open_kept(path: Path, flags: int) -> int:
    """Open a file of the home, made where missing, for the caller alone, and return its descriptor.

    Made by root in the home of an ordinary user, it is given to that user, who must be able to open it next time.
    """
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def replace_text(path: Path, text: str) -> None:
    """Write a file of the home as a whole or not at all, readable by the account that runs the server."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_bytes(os.fsencode(text))
    unfinished.chmod(0o644)
    unfinished.replace(path)


def _choose_home(asked: Path, near: Path, far: Path, account: Account) -> Path:
    if not account.switch:
        return near
    if (far / "data").is_dir():
        return far
    if may_enter(account, asked):
        return near
    if (near / "data").is_dir():
        raise EmbeddedProblem(
            "not_writable",
            f"The database in {near} belongs to user number {account.uid}, who can no longer enter {asked}. "
            "Open that path for them (execute permission), or start Xinyong as that user.",
        )
    return far


def _make_open(folder: Path, mode: int) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)  # the umask of root may have closed what was made just now


def _choose_socket_dir(home: Path, account: Account) -> Path:
    folder = home / "run"
    if not _fits_socket(folder):
        folder = Path(tempfile.gettempdir()).resolve() / f"xinyong-{account.uid}-{_digest(home)}"
    if not _fits_socket(folder):
        raise EmbeddedProblem(
            "not_writable",
            f"The database's socket cannot be made: {folder} is too long or has unusual characters. "
            "Set TMPDIR to a short path, or choose a shorter XINYONG_DATA_DIR.",
        )
    return folder


def _fits_socket(folder: Path) -> bool:
    text = str(folder)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return False
    return size <= _SOCKET_DIR_BYTES and text.isprintable() and not _SOCKET_DIR_FORBIDDEN.intersection(text)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
