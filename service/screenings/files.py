"""Where the files of screenings lie: what was handed in until it is worked off, the result, and the records that it names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np

from service.screenings.answering import NAMED, NOTHING_NAMED, Named

_NAMED: Final = ".named"
_GONE: Final = ".gone"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one screening below `folder`."""

    folder: Path
    id: UUID

    @property
    def upload(self) -> Path:
        """What was handed in; deleted when the screening has ended."""
        return self.folder / self.id.hex

    @property
    def result(self) -> Path:
        """The result; deleted when a record that it names has ended."""
        return self.folder / f"{self.id.hex}.result"

    @property
    def draft(self) -> Path:
        """A result that is being written."""
        return self.folder / f"{self.id.hex}.draft"

    def keep_named(self, named: Named, gone: Named) -> None:
        """Keep the records that the result names, and those that only the one compared with names."""
        for suffix, records in ((_NAMED, named), (_GONE, gone)):
            draft = self.folder / f"{self.id.hex}{suffix}.draft"
            draft.write_bytes(records.tobytes())
            draft.replace(self.folder / f"{self.id.hex}{suffix}")

    def named(self) -> Named | None:
        """Return the records that the result names, as a view of the file; None where that is gone."""
        return _view(self.folder / f"{self.id.hex}{_NAMED}")

    def gone(self) -> Named:
        """Return the records that only the screening compared with named."""
        found = _view(self.folder / f"{self.id.hex}{_GONE}")
        return NOTHING_NAMED if found is None else found

    def drop_result(self) -> None:
        """Delete what may be nobody's any more."""
        self.result.unlink(missing_ok=True)

    def drop(self) -> None:
        """Delete everything."""
        for path in self.folder.glob(f"{self.id.hex}*"):
            path.unlink(missing_ok=True)

    def drop_unfinished(self) -> None:
        """Delete what was handed in and what was begun."""
        for path in (self.upload, self.draft):
            path.unlink(missing_ok=True)


def folder_below(data_dir: Path) -> Path:
    """Return the folder of the screenings' files."""
    return data_dir / "screenings"


def ids_in(folder: Path) -> set[UUID]:
    """Return the ids of the screenings that have files."""
    return {UUID(path.name[:32]) for path in folder.iterdir()} if folder.is_dir() else set()


def _view(path: Path) -> Named | None:
    try:
        if not path.stat().st_size:
            return NOTHING_NAMED
        return np.memmap(path, dtype=NAMED, mode="r")
    except FileNotFoundError:
        return None
