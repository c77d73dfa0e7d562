"""Screening codes offline against a release that lies on this machine."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from service.exports.rules import Kind
from service.exports.verifying import ReleaseDamaged, file_of, open_rows, read_manifest
from service.uscc.rules import check


@dataclass(slots=True)
class Screened:
    """A code with what the release shows of it; `outcome` is listed, penalised, nothing_published, not_covered or malformed.

    `nothing_published` means a registered subject without records in the release; a code that the release does not know
    is `not_covered`: unknown is never clean.
    """

    uscc: str
    name: str | None = None
    registered: bool = False
    entries: list[dict[str, Any]] = field(default_factory=list)
    penalties: list[dict[str, Any]] = field(default_factory=list)
    malformed: bool = False

    @property
    def outcome(self) -> str:
        """The first that applies, in the order of `service.status.rules.outcome`; a release knows no coverage."""
        if self.malformed:
            return "malformed"
        if self.entries:
            return "listed"
        if self.penalties:
            return "penalised"
        return "nothing_published" if self.registered else "not_covered"


def screen(codes: Iterable[str], release: Path) -> tuple[list[Screened], dict[str, Any]]:
    """Return what a release shows of each code, in their order, and its manifest. Memory grows with the codes only.

    Raises:
        ReleaseDamaged: the folder is no full release.
    """
    manifest = read_manifest(release)
    if manifest.get("kind") != Kind.FULL or manifest.get("selection") is not None:
        raise ReleaseDamaged(
            "Screening needs a full release of everything.", detail_zh="离线筛查需要完整的全量发布包。"
        )
    asked = [_asked(code) for code in codes]
    known = {one.uscc: one for one in asked}
    for row in _rows(release, manifest, "subjects", known):
        known[row["uscc"]].registered = True
        known[row["uscc"]].name = row["name"]
    for row in _rows(release, manifest, "blacklist_entries", known):
        known[row["uscc"]].entries.append(row)
    for row in _rows(release, manifest, "penalties", known):
        known[row["uscc"]].penalties.append(row)
    return [known[one.uscc] for one in asked], manifest


def horizon_of(manifest: dict[str, Any]) -> datetime:
    """Return the instant of a manifest's horizon."""
    return datetime.fromisoformat(manifest["horizon"])


def _asked(code: str) -> Screened:
    found = check(code)
    return Screened(found.code or code, malformed=found.code is None)


def _rows(release: Path, manifest: dict[str, Any], table: str, known: dict[str, Screened]) -> Iterator[dict[str, Any]]:
    # The code of a row stands at a fixed place near its beginning: most lines need no parsing.
    start = len(b'{"uscc":"') if table == "subjects" else len(b'{"id":"') + 36 + len(b'","uscc":"')
    wanted = {code.encode() for code in known}
    with open_rows(release, file_of(manifest, table)) as lines:
        for line in lines:
            if line[start : start + 18] in wanted:
                row: dict[str, Any] = orjson.loads(line)
                yield row
