"""The copy of the chain outside the database: lines that are only ever added.

AUDIT_DIR/audit-2026-11.jsonl       by the month of signing; a line is one of
    {"block": …}                    a block with the ids and leaves of its entries
    {"head": JWS}                   the signed head behind the blocks before it
    {"seal": JWS}                   a month's entries were removed because of their age
    {"restored": JWS, "number": …}  the database was restored; blocks behind this number are no more

Who alters the database cannot alter what a head here signs, and by the leaves here each altered entry is told. Send the files
on to another machine, or to storage that cannot be overwritten, as often as the loss of a machine should cost.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from service.audit.chain.rules import Block

PATTERN: Final = "audit-????-??.jsonl"


@dataclass(frozen=True, slots=True)
class Tail:
    """What the files end with: the number of the newest block, and the newest head's signature."""

    number: int
    head: str | None


class Outside:
    """The files of one installation. One process at a time adds to them; it may remember how they end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tail: Tail | None = None

    def tail(self) -> Tail:
        """Return what the files end with; they are read once."""
        if self._tail is None:
            self._tail = _follow(Tail(0, None), self.lines())
        return self._tail

    def append(self, lines: list[dict[str, Any]], *, month: str) -> None:
        """Add lines, and return when they are on the disk. What a killed process left unfinished is cut off first."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"audit-{month}.jsonl"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            os.ftruncate(descriptor, _whole_length(path))
            file.write(b"".join(orjson.dumps(line) + b"\n" for line in lines))
            file.flush()
            os.fsync(descriptor)
        if self._tail is not None:
            self._tail = _follow(self._tail, lines)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield all lines, oldest first. What is no line of such a file comes as {"damaged": where}."""
        for path in sorted(self.folder.glob(PATTERN)):
            with path.open("rb") as file:
                for number, raw in enumerate(file, 1):
                    if not raw.endswith(b"\n"):
                        break  # the process was killed while it wrote; nothing is signed by half a line
                    try:
                        line = orjson.loads(raw)
                    except orjson.JSONDecodeError:
                        line = None
                    yield line if isinstance(line, dict) else {"damaged": f"{path.name}, line {number}"}


def _follow(tail: Tail, lines: Iterable[dict[str, Any]]) -> Tail:
    number, head = tail.number, tail.head
    for line in lines:
        if "block" in line:
            number = int(line["block"]["number"])
        elif "head" in line:
            head = str(line["head"])
        elif "restored" in line:
            number, head = int(line["number"]), None
    return Tail(number, head)


def block_line(block: Block) -> dict[str, Any]:
    """Return the line of a block."""
    return {
        "block": {
            "number": block.number,
            "month": block.month,
            "first_position": block.first_position,
            "first_at": block.first_at.isoformat(),
            "last_at": block.last_at.isoformat(),
            "entry_ids": b64encode(block.entry_ids).decode(),
            "leaves": b64encode(block.leaves).decode(),
        }
    }


def read_block(line: dict[str, Any]) -> Block:
    """Return the block of a line.

    Raises:
        ValueError, KeyError, TypeError: the line is damaged.
    """
    stated = line["block"]
    return Block(
        int(stated["number"]),
        str(stated["month"]),
        int(stated["first_position"]),
        datetime.fromisoformat(stated["first_at"]),
        datetime.fromisoformat(stated["last_at"]),
        b64decode(stated["entry_ids"]),
        b64decode(stated["leaves"]),
    )


def _whole_length(path: Path) -> int:
    size = path.stat().st_size
    with path.open("rb") as file:
        at = size
        while at > 0:
            begin = max(0, at - 65536)
            file.seek(begin)
            found = file.read(at - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            at = begin
    return 0
