"""Making a cluster, whole or not at all, and what every start makes sure of in it."""

import os
import shutil
import sys
from pathlib import Path

from service.embedded.binaries import Binaries
from service.embedded.children import death_signal, run
from service.embedded.configuration import SUPERUSER
from service.embedded.place import Place, make_private, replace_text
from service.embedded.problems import EmbeddedProblem, from_output

# Raised when a later version of this package lays the home out in a way that this one would misread.
FORMAT = 1

# Trigrams take letters from LC_CTYPE: under C no Chinese character is one. macOS has no C.UTF-8.
_CTYPE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"

_MAKE_SURE = """
SELECT 'CREATE ROLE xinyong LOGIN CREATEDB CREATEROLE'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'xinyong') \\gexec
SELECT 'CREATE ROLE xinyong_server LOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'xinyong_server') \\gexec
SELECT 'CREATE DATABASE xinyong OWNER xinyong'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'xinyong') \\gexec
\\connect xinyong
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
SELECT 'trigrams', cardinality(show_trgm('重庆')), datctype FROM pg_database WHERE datname = 'xinyong';
"""


def check_format(home: Path) -> None:
    """Refuse a home whose layout is newer than this program.

    Raises:
        EmbeddedProblem: `newer_version`, or `start_failed` where the format file holds no number.
    """
    file = home / "format"
    if not file.exists():
        return
    text = file.read_text(encoding="ascii", errors="replace").strip()
    if not text.isdecimal():
        raise EmbeddedProblem("start_failed", f"{file} should hold a number and holds {text[:40]!r}. Restore {home}.")
    if int(text) > FORMAT:
        raise EmbeddedProblem(
            "newer_version",
            f"The database in {home} was written by a newer Xinyong (format {text}; this one knows {FORMAT}). "
            "Use that version, or choose another directory with XINYONG_DATA_DIR.",
        )


def written_by(data: Path) -> int | None:
    """Return the major version of PostgreSQL that wrote `data`, or None where there is no cluster yet.

    Raises:
        EmbeddedProblem: `start_failed`, for a directory that is there and is no cluster.
    """
    if not data.exists():
        return None
    file = data / "PG_VERSION"
    text = file.read_text(encoding="ascii", errors="replace").strip() if file.exists() else ""
    if not text.isdecimal():
        raise EmbeddedProblem(
            "start_failed", f"{data} is there but is no PostgreSQL cluster (PG_VERSION is {text!r}). Move it away."
        )
    return int(text)


def create(place: Place, binaries: Binaries, *, durable: bool, inherit: int) -> None:
    """Make the cluster under another name and rename it when it is complete; what a killed attempt left is removed.

    Raises:
        EmbeddedProblem: what `initdb` reports.
        OSError: the directories cannot be made.
    """
    unfinished = place.home / "data.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    make_private(unfinished, place.account)
    locale = ["--locale=C", f"--lc-ctype={_CTYPE}"]
    if binaries.major >= 17:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    words: list[str | Path] = [
        *death_signal(),
        binaries.bin_dir / "initdb",
        *("-D", unfinished, "-U", SUPERUSER, "-E", "UTF8", "--data-checksums", "--no-instructions"),
        *locale,
        # Only for somebody who starts this directory by hand: the server started here has its own pg_hba.conf.
        *("--auth-local=peer", "--auth-host=reject"),
        *(() if durable else ("--no-sync",)),
    ]
    code, output = run(words, place.account, inherit=[inherit], timeout=300)
    if code != 0:
        shutil.rmtree(unfinished)
        raise from_output(output, place.home)
    replace_text(place.home / "format", f"{FORMAT}\n")
    unfinished.rename(place.data)
    if durable:
        folder = os.open(place.home, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)


def make_sure(place: Place, binaries: Binaries, port: int) -> None:
    """See that the roles and the database `xinyong` exist in the running server and that Chinese text has trigrams there.

    Raises:
        EmbeddedProblem: `wrong_locale` where it has none, otherwise what `psql` reports.
    """
    words: list[str | Path] = [
        *(binaries.bin_dir / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1"),
        *("-h", str(place.socket_dir), "-p", str(port), "-U", SUPERUSER, "-d", "postgres"),
    ]
    code, output = run(words, place.account, stdin=_MAKE_SURE)
    if code != 0:
        raise from_output(output, place.home)
    _, count, ctype = output.strip().splitlines()[-1].split("|")
    if int(count) == 0:
        raise EmbeddedProblem(
            "wrong_locale",
            f"The database in {place.home} has LC_CTYPE {ctype}, under which Chinese names cannot be searched. "
            f"Dump it with pg_dump, start with an empty XINYONG_DATA_DIR (made with {_CTYPE}) and restore it there.",
        )
