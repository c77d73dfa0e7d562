from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from service.catalog.rules import Catalog, KnownAuthority, KnownList, KnownSource
from service.rulebook.windows import WindowCache
from service.tables.columns import ColumnChoice


@dataclass(frozen=True)
class Context:
    """What the interpretation of a file's rows needs to know beside the rows.

    `accepted_at` is the instant of the import, `accepted_on` its legal day. `seen` are the sorted first eight bytes
    (as uint64) of the digests of the cells that this source stated last; `digest_key` makes the digest depend on the
    column map and the options. `codes` forces the code of single rows (row number -> code), for rows taken in later.
    """

    kind: str
    authority: KnownAuthority
    source: KnownSource | None
    blacklist: KnownList | None
    listed_on: date | None
    listed_on_basis: str | None
    accepted_at: datetime
    accepted_on: date
    catalog: Catalog
    windows: WindowCache
    choice: ColumnChoice
    header: tuple[str, ...]
    digest_key: bytes
    seen: NDArray[np.uint64]

    @property
    def columns(self) -> Mapping[str, int]:
        """Our fields and the 0-based columns they stand in."""
        return self.choice.fields

    @property
    def is_published(self) -> bool:
        """Whether the rows enter as published, because their source has published them already."""
        return self.source is not None and self.source.published
