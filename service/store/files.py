"""The status store on disk: one folder a machine, in it one LMDB file at a time that a pointer names.

    current            the name of the folder in use, replaced as a whole
    lock               held by the one process that writes
    store-…/           an LMDB environment: entries by credit code, and the two keys below

Nothing is ever synced: a process that is killed leaves the file as its last transaction left it, since the pages belong to the
system and LMDB copies on write. A machine that goes down may tear it; therefore the state names the boot of the machine under which
it was written, and a store of another boot is built anew. `beat` says when it was last found equal to the database.
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from struct import Struct
from typing import Final
from zlib import crc32

import lmdb
import orjson

from service.settings import Settings

#: Raised with every change of what a store holds or means; another one's store is built anew.
FORMAT: Final = 3

#: Keys that are no credit codes, and sort before them.
STATE: Final = b"!state"
BEAT: Final = b"!beat"

POINTER: Final = "current"
LOCK: Final = "lock"
PREFIX: Final = "store-"

#: Address space, not memory and not disk: the file grows as it is written.
MAP_SIZE: Final = 64 * 1024**3
MOST_READERS: Final = 1024

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_BEAT: Final = Struct("<dQ")
_SUM: Final = Struct("<I")


class Unusable(Exception):
    """The file is no store that may be read: torn, of another version or boot, or no LMDB at all."""


@dataclass(frozen=True, slots=True)
class State:
    """What a store is true of. `sources` is text as `Log.sources` gives it; records that ended before `first_day` are left out."""

    log_id: str
    position: int
    at: datetime
    catalog_version: int
    sources: str
    lists: str
    first_day: date
    generation: int


def store_folder(settings: Settings) -> Path:
    """Return the folder of this machine's status store."""
    return settings.data_dir / "store"


def boot_id() -> str:
    """Return what tells one start of this machine from the next; empty where the system does not say it."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""


def write_state(transaction: lmdb.Transaction, state: State, *, checked_at: float) -> None:
    """Put state and beat into a transaction, together with what they speak of."""
    told = orjson.dumps(
        {
            "format": FORMAT,
            "boot": boot_id(),
            "log_id": state.log_id,
            "position": state.position,
            "at": state.at,
            "catalog_version": state.catalog_version,
            "sources": state.sources,
            "lists": state.lists,
            "first_day": state.first_day,
            "generation": state.generation,
        }
    )
    transaction.put(STATE, _SUM.pack(crc32(told)) + told)
    write_beat(transaction, checked_at=checked_at, generation=state.generation)


def write_beat(transaction: lmdb.Transaction, *, checked_at: float, generation: int) -> None:
    """Say that the store was equal to the database at `checked_at`, in seconds of the machine's monotonic clock."""
    transaction.put(BEAT, _BEAT.pack(checked_at, generation))


def read_beat(value: bytes | None) -> tuple[float, int]:
    """Return when the store was last found equal to the database, and the generation of its state.

    Raises:
        Unusable: there is none.
    """
    if value is None or len(value) != _BEAT.size:
        raise Unusable("no complete store")
    checked_at, generation = _BEAT.unpack(value)
    return checked_at, generation


def read_state(value: bytes | None) -> State:
    """Return the state.

    Raises:
        Unusable: it is missing, torn, or another version's or boot's.
    """
    if value is None or len(value) <= _SUM.size or _SUM.unpack_from(value)[0] != crc32(value[_SUM.size :]):
        raise Unusable("no complete store")
    told = orjson.loads(value[_SUM.size :])
    if told["format"] != FORMAT:
        raise Unusable(f"a store of format {told['format']}")
    if told["boot"] != boot_id():
        raise Unusable("a store from before the machine was started")
    return State(
        log_id=told["log_id"],
        position=told["position"],
        at=datetime.fromisoformat(told["at"]),
        catalog_version=told["catalog_version"],
        sources=told["sources"],
        lists=told["lists"],
        first_day=date.fromisoformat(told["first_day"]),
        generation=told["generation"],
    )


def read_pointer(folder: Path) -> str | None:
    """Return the name of the store in use, or None where there is none."""
    try:
        name = (folder / POINTER).read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    return name if name.startswith(PREFIX) and "/" not in name else None


def write_pointer(folder: Path, name: str) -> None:
    """Let a finished store take the place of the one in use."""
    draft = folder / f"{POINTER}.new"
    draft.write_text(name + "\n", "ascii")
    draft.replace(folder / POINTER)


def make_store(path: Path) -> lmdb.Environment:
    """Make an empty store and open it for writing."""
    path.mkdir(mode=0o700, parents=True)
    return _open(path, writing=True)


def open_store(path: Path, *, writing: bool) -> lmdb.Environment:
    """Open the store at `path`.

    Raises:
        Unusable: it is not there, shorter than it says, or no LMDB.
    """
    try:
        _refuse_torn(path)
        return _open(path, writing=writing)
    except (lmdb.Error, OSError) as error:
        raise Unusable(str(error)) from error


def _open(path: Path, *, writing: bool) -> lmdb.Environment:
    return lmdb.open(
        str(path),
        map_size=MAP_SIZE,
        readonly=not writing,
        create=writing,
        sync=False,
        metasync=False,
        max_readers=MOST_READERS,
        readahead=False,
    )


def _refuse_torn(path: Path) -> None:
    # A page beyond the end of the file would end the process that touches it, so the size is compared first: the two pages at
    # the beginning say how many pages there are.
    size = (path / "data.mdb").stat().st_size
    if size < 2 * 4096:
        raise Unusable("a store that ends before it begins")
    with lmdb.open(str(path), readonly=True, create=False, lock=False, map_size=2 * 4096) as probe:
        pages = probe.info()["last_pgno"] + 1
        if size < pages * probe.stat()["psize"]:
            raise Unusable(f"a store of {pages} pages in a file of {size} bytes")
