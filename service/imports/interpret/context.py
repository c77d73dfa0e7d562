from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from service.catalog.rules import Catalog, KnownAuthority, KnownList, KnownSource
from service.rulebook.windows import WindowCache
from service.tables.columns import ColumnChoice


class NamesMet:
    """Which pairs of code and name the rows read so far have brought, by two hashes of 64 bits each."""

    def __init__(self) -> None:
        self._met = pl.DataFrame(schema={"one": pl.UInt64, "two": pl.UInt64})

    def meet(self, usccs: pl.Series, names: pl.Series) -> pl.Series:
        """Return which rows bring a pair for the first time; rows without a code or a name do not."""
        pair = pl.struct(usccs.alias("uscc"), names.alias("name"))
        pairs = pl.select(one=pair.hash(1), two=pair.hash(2), known=pl.lit(usccs).is_null() | pl.lit(names).is_null())
        is_new = pl.struct("one", "two").is_first_distinct() & ~pl.col("known")
        first = pairs.with_row_index("at").filter(is_new).join(self._met, on=["one", "two"], how="anti")
        self._met = pl.concat([self._met, first.select("one", "two")], rechunk=True)
        return pl.repeat(value=False, n=pairs.height, eager=True).scatter(first.get_column("at"), True)


@dataclass(frozen=True)
class Context:
    """What the interpretation of a file's rows needs to know beside the rows.

    `accepted_at` is the instant of the import, `accepted_on` its legal day. `seen` are the sorted first eight bytes
    (as uint64) of the digests of the cells that this source stated last; `digest_key` makes the digest depend on the
    column map and the options. `named` grows while the rows are read.
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
    named: "NamesMet"

    @property
    def columns(self) -> Mapping[str, int]:
        """Our fields and the 0-based columns they stand in."""
        return self.choice.fields

    @property
    def is_published(self) -> bool:
        """Whether the rows enter as published, because their source has published them already."""
        return self.source is not None and self.source.published
