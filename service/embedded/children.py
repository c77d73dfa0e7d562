"""The one door through which other programs are started, each with a fixed environment and, for root, another account."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from service.embedded.problems import EmbeddedProblem

# Nothing of the caller's PG* variables, locale or start-up files may reach the server or psql.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "PGCLIENTENCODING": "UTF8"}

# initdb and postgres refuse root. Accounts are taken as they are found: none is ever created.
_ACCOUNTS = ("postgres", "nobody", "daemon")


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system account that the server runs as; `switch` is true when it is not the caller's own."""

    uid: int
    gid: int
    switch: bool

    @property
    def groups(self) -> list[int] | None:
        """The supplementary groups of a child: none at all after a switch, otherwise those of the caller."""
        return [] if self.switch else None


def choose_account(existing: Sequence[Path]) -> Account:
    """Return who runs the server: the caller, or for root an account without its powers.

    For root the owner of the first of the `existing` data directories that is there decides, so that a cluster keeps its account.

    Raises:
        EmbeddedProblem: `no_account`, when root finds no passwd entry to switch to.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    for data in existing:
        if data.is_dir() and data.stat().st_uid != 0:
            return Account(data.stat().st_uid, data.stat().st_gid, switch=True)
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, switch=True)
    raise EmbeddedProblem(
        "no_account",
        "PostgreSQL refuses to run as root, and there is no account to switch to "
        f"(looked for {', '.join(_ACCOUNTS)}). Start Xinyong as an ordinary user.",
    )


def run(
    argv: Sequence[str | Path], account: Account, *, stdin: str = "", inherit: Sequence[int] = (), timeout: float = 60
) -> tuple[int, str]:
    """Run a program to its end as `account` and return its exit code with all it wrote; -1 where it could not be run.

    `inherit` are open files the program and its children hold; `timeout` is in seconds.
    """
    try:
        ended = subprocess.run(  # noqa: S603 - fixed programs, no shell
            argv,
            input=stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=account.uid if account.switch else None,
            group=account.gid if account.switch else None,
            extra_groups=account.groups,
            env=ENVIRONMENT,
            cwd="/",
            pass_fds=inherit,
            start_new_session=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return -1, f"{(late.output or b'').decode(errors='replace')}\nerror: no end after {timeout:.0f} seconds"
    except (FileNotFoundError, PermissionError) as error:
        return -1, f"error: {error.filename}: {error.strerror}"
    return ended.returncode, ended.stdout.decode(errors="replace")


def spawn(
    argv: Sequence[str | Path], account: Account, *, stdin: int, output: int | IO[bytes], inherit: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a program that lives on, in a session of its own: Ctrl-C at the terminal must reach its owner only."""
    return subprocess.Popen(  # noqa: S603 - fixed programs, no shell
        argv,
        stdin=stdin,
        stdout=output,
        stderr=output,
        user=account.uid if account.switch else None,
        group=account.gid if account.switch else None,
        extra_groups=account.groups,
        env=ENVIRONMENT,
        cwd="/",
        pass_fds=inherit,
        start_new_session=True,
    )


def may_enter(account: Account, folder: Path) -> bool:
    """Say whether `account` can traverse `folder` and all above it; asked of the kernel, so that ACLs count too."""
    return run(["test", "-x", folder], account)[0] == 0


@cache
def death_signal() -> tuple[str, ...]:
    """Return the words put before a command so that it gets SIGINT when the thread that started it ends; () if none.

    Only util-linux' `setpriv` can do it (Linux); that of busybox exists without the option.
    """
    found = shutil.which("setpriv")
    if found is None:
        return ()
    words = (found, "--pdeathsig", "INT", "--")
    caller = Account(os.geteuid(), os.getegid(), switch=False)
    return words if run([*words, "true"], caller)[0] == 0 else ()
