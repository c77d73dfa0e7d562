"""What the tests of releases share: a world of made-up records, its clock, and a mirror that follows the releases."""

import gzip
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import orjson

from service.changes.actions import drain
from service.db import Database
from service.exports.actions import build_due
from service.exports.digests import SetDigest
from service.exports.queries import find_present
from service.exports.verifying import Checked, verify_release
from service.horizons.actions import log_clock_edges
from service.models import ExportRelease
from service.signing.keys import SigningKeys


def at(moment: str) -> datetime:
    """Return the instant of a moment in Shanghai."""
    return datetime.fromisoformat(f"{moment}+08:00").astimezone(UTC)


@dataclass
class World:
    """A database and the folder of its releases."""

    database: Database
    folder: Path

    @property
    def keys(self) -> SigningKeys:
        return SigningKeys(self.folder / "keys")

    @property
    def releases(self) -> Path:
        return self.folder / "exports"

    async def tick(self, moment: str) -> int:
        """Do what the jobs do at a moment: number, log what the clock did, build what is due; return how many appeared."""
        now = at(moment)
        await drain(self.database, lambda: now)
        await log_clock_edges(self.database, now=now)
        return await build_due(self.database, self.releases, self.keys, now=now)

    async def present(self, slot: str = "full") -> ExportRelease:
        async with self.database.reading() as session:
            found = await find_present(session, slot=slot)
        assert found is not None, slot
        return found

    def verify(self, release: str, *, previous: Path | None = None) -> Checked:
        return verify_release(self.releases / release, self.keys.jwks(), previous=previous)


def read_lines(folder: Path, table: str) -> list[bytes]:
    (path,) = folder.glob(f"{table}.jsonl*")
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()


def read_rows(folder: Path, table: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in read_lines(folder, table)]


def read_manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return found


@dataclass
class Mirror:
    """Somebody else's copy: loads a full release once and then applies deltas, knowing nothing but the files."""

    tables: dict[str, dict[str, bytes]] = field(default_factory=dict)
    position: int = 0

    KEYS: ClassVar = {"subjects": "uscc", "penalties": "id", "blacklist_entries": "id"}

    def load(self, folder: Path) -> None:
        self.tables = {
            name: {orjson.loads(line)[key]: line for line in read_lines(folder, name)}
            for name, key in self.KEYS.items()
        }
        self.position = read_manifest(folder)["position"]

    def apply(self, folder: Path) -> None:
        manifest = read_manifest(folder)
        assert manifest["from_position"] <= self.position <= manifest["position"]
        for name, key in self.KEYS.items():
            self.tables[name] |= {orjson.loads(line)[key]: line for line in read_lines(folder, name)}
        for row in read_rows(folder, "tombstones"):
            self.tables[row["table"]].pop(row["id"], None)
        self.position = manifest["position"]

    def digests(self) -> dict[str, str]:
        found = {}
        for name, rows in self.tables.items():
            digest = SetDigest()
            digest.add(list(rows.values()))
            found[name] = digest.hex()
        return found


def digests(folder: Path) -> dict[str, str]:
    return {name: table["digest"] for name, table in read_manifest(folder)["tables"].items()}
