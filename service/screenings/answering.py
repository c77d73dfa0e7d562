"""Rows answered many at a time: what the status store, or the database, holds of their codes becomes columns of the result.

An entry without records is two texts at fixed places, so that most rows are read by column; the others are read one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from service.reading.bulk import fold_names
from service.screenings.rules import (
    CHANGED_REGISTRATION,
    COLUMNS,
    MALFORMED,
    NAME_DIFFERS,
    NEW_RECORD,
    NOT_ECHOED,
    NUMBERS,
    SEVERITIES,
    WARNED_STATUS,
    NameMatch,
    match_name,
)
from service.status.entries import RegionParts, Regions, Shown, unpack
from service.status.rules import Outcome, SourceState, outcome
from service.uscc.bulk import check_codes
from service.uscc.rules import check

_SCHEMA: Final = {name: pl.Int64 if name in NUMBERS else pl.String for name in COLUMNS}
_PLAIN: Final = (b"S\x06", b"s\x06")
_NAMED: Final = b'"name":"'
_BETWEEN: Final = '","registration":{"status":"'
#: Where the id of a record stands in its JSON.
_ID: Final = slice(len(b'{"id":"'), len(b'{"id":"') + 36)
_OPEN_END: Final = date.max.toordinal()

#: A record that a result names: its id as two numbers, the second of which is random in every kind of id, and the code it is about.
NAMED: Final = np.dtype([("high", "<u8"), ("low", "<u8"), ("uscc", "S18")])
Named = NDArray[np.void]
NOTHING_NAMED: Final[Named] = np.zeros(0, dtype=NAMED)


def pack_named(ids: Sequence[str], codes: Sequence[str]) -> Named:
    """Return records by their ids and codes, each once, in an order in which they are found fast."""
    pairs = np.frombuffer(bytes.fromhex("".join(ids).replace("-", "")), dtype=">u8").reshape(-1, 2)
    packed = np.zeros(len(ids), dtype=NAMED)
    packed["high"], packed["low"], packed["uscc"] = pairs[:, 0], pairs[:, 1], codes
    return sort_named(packed)


def sort_named(named: Named) -> Named:
    """Return records in the order of their ids, each once."""
    ordered = named[np.lexsort((named["high"], named["low"]))]
    is_first = np.ones(len(ordered), dtype=np.bool_)
    is_first[1:] = (ordered["low"][1:] != ordered["low"][:-1]) | (ordered["high"][1:] != ordered["high"][:-1])
    return ordered[is_first]


def among(named: Named, others: Named) -> NDArray[np.bool_]:
    """Return which records are among `others`, which are sorted."""
    if not len(others):
        return np.zeros(len(named), dtype=np.bool_)
    at = np.minimum(np.searchsorted(others["low"], named["low"]), len(others) - 1)
    return np.asarray((others["low"][at] == named["low"]) & (others["high"][at] == named["high"]))


def ids_of(named: Named) -> list[UUID]:
    """Return the ids of records."""
    return [UUID(int=int(high) << 64 | int(low)) for high, low in zip(named["high"], named["low"], strict=True)]


@dataclass(slots=True)
class Compared:
    """What rows are held against: the records that an earlier screening named, and the codes whose registration changed since."""

    named: Named
    changed: frozenset[str]


@dataclass(slots=True)
class Answers:
    """Answers rows on one day, and remembers what a result needs besides them.

    `regions` are those of the day, `divisions` the known division codes. `named` are the records that were named, `until` the last
    day on which all of them are shown, as an ordinal; `sources` those that were met; `counts` rows by column and word.
    """

    regions: Regions
    divisions: frozenset[str]
    day: int
    compared: Compared | None = None
    named: list[Named] = field(default_factory=list)
    until: int = _OPEN_END
    sources: dict[str, SourceState] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def grade(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows of a file with what their codes are: `uscc`, `state`, `odd`, `suggestion`."""
        graded = check_codes(rows["code"], names=rows["name"], known_divisions=self.divisions or None)
        return rows.with_columns(
            graded["code"].alias("uscc"),
            graded["state"],
            graded["warnings"].list.join(";").alias("odd"),
            graded["suggestion"],
        )

    def answer(self, graded: pl.DataFrame, entries: Sequence[bytes | None]) -> pl.DataFrame:
        """Return the rows of the result; `entries` are those of `uscc` of each row, None where there is none."""
        frame = graded.with_columns(pl.Series("entry", entries, dtype=pl.Binary)).with_row_index("at")
        entry = pl.col("entry")
        body = entry.bin.slice(8 + len(_NAMED))
        frame = frame.with_columns(
            is_plain=entry.bin.slice(0, 2).is_in(_PLAIN)
            & (entry.bin.slice(8, len(_NAMED)) == _NAMED)
            & ~body.bin.contains(b"\\"),
        ).with_columns(is_plain=pl.col("is_plain").fill_null(value=False))
        is_code = pl.col("uscc").is_not_null()
        plain = self._plain(frame.filter("is_plain"))
        nothing = frame.filter(~pl.col("is_plain") & is_code & pl.col("entry").is_null())
        unknown = self._unknown(nothing)
        others = self._others(frame.filter(~pl.col("is_plain") & is_code & pl.col("entry").is_not_null()))
        malformed = _malformed(frame.filter(~is_code))
        answered = pl.concat([plain, unknown, others, malformed]).sort("at").drop("at")
        self._count(answered)
        return answered

    def top(self) -> dict[str, Any]:
        """Return the sums over all rows."""
        matches = dict.fromkeys((one.value for one in NameMatch), 0) | self.counts.get("name_match", {})
        outcomes = dict.fromkeys((*(one.value for one in Outcome), MALFORMED), 0) | self.counts.get("outcome", {})
        told = {"outcomes": outcomes, "name_match": matches, "warnings": self.counts.get("warnings", {})}
        return told if self.compared is None else told | {"changes": self.counts.get("changes", {})}

    def _count(self, answered: pl.DataFrame) -> None:
        for name in ("outcome", "name_match"):
            self._add(name, answered[name].drop_nulls())
        for name in ("warnings", "changes"):
            self._add(name, answered[name].drop_nulls().str.split(";").explode().drop_nulls())

    def _add(self, name: str, words: pl.Series) -> None:
        counts = self.counts.setdefault(name, {})
        for word, count in words.value_counts().iter_rows():
            if word:
                counts[word] = counts.get(word, 0) + count

    def _parts(self, code: str) -> RegionParts:
        parts = self.regions.of(code.encode())
        self.sources.update((one.code, one) for one in parts.coverage.sources)
        return parts

    def _regions(self, codes: pl.Series, *, registered: bool) -> pl.DataFrame:
        """Return by region code what its coverage makes of a subject without records."""
        known = []
        for code in codes.unique():
            parts = self._parts(code)
            verdict = outcome(listed=False, penalised=False, registered=registered, covered=parts.coverage.covered)
            warned = ";".join(str(one["code"]) for one in parts.warnings)
            known.append((code, verdict.outcome.value, verdict.reason and verdict.reason.value, warned or None))
        names = {"region": pl.String, "outcome": pl.String, "reason": pl.String, "stale": pl.String}
        return pl.DataFrame(known, schema=names, orient="row")

    def _plain(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Answer rows whose subject is registered and has no records."""
        body = pl.col("entry").bin.slice(8 + len(_NAMED)).cast(pl.String).str.splitn(_BETWEEN, 2)
        frame = frame.with_columns(
            region=pl.col("entry").bin.slice(2, 6).cast(pl.String),
            current=body.struct.field("field_0"),
            registration=body.struct.field("field_1").str.splitn('"', 2).struct.field("field_0"),
        )
        status = pl.col("registration").replace_strict(WARNED_STATUS, default=None, return_dtype=pl.String)
        frame = frame.join(self._regions(frame["region"], registered=True), on="region", how="left")
        matches = _matches(frame)
        differs = pl.when(matches == NameMatch.DIFFERS).then(pl.lit(NAME_DIFFERS))
        frame = frame.with_columns(name_match=matches).with_columns(
            warnings=_joined(_without_blank("odd"), status, differs, pl.col("stale"))
        )
        return self._finish(frame)

    def _unknown(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Answer rows of whose subject nothing is known."""
        frame = frame.with_columns(region=pl.col("uscc").str.slice(2, 6))
        frame = frame.join(self._regions(frame["region"], registered=False), on="region", how="left")
        frame = frame.with_columns(warnings=_joined(_without_blank("odd"), pl.col("stale")))
        empty = {name: pl.lit(None, pl.String) for name in ("current", "registration", "name_match")}
        return self._finish(frame.with_columns(**empty))

    def _finish(self, frame: pl.DataFrame) -> pl.DataFrame:
        changes = pl.lit(None, pl.String)
        if self.compared is not None:
            is_changed = pl.col("uscc").is_in(pl.Series(list(self.compared.changed), dtype=pl.String))
            changes = pl.when(is_changed).then(pl.lit(CHANGED_REGISTRATION))
        return _ordered(
            frame.with_columns(
                name=pl.col("current"),
                suggestion=pl.lit(None, pl.String),
                blacklist_entries=pl.lit(0, pl.Int64),
                penalties=pl.lit(0, pl.Int64),
                changes=changes,
            )
        )

    def _others(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Answer rows about whose subject there is more to say, one by one."""
        rows: list[tuple[Any, ...]] = []
        ids: list[str] = []
        codes: list[str] = []
        met: dict[bytes, tuple[bool, list[str]]] = {}
        for uscc, given, odd, entry in frame.select("uscc", "name", "odd", "entry").iter_rows():
            found = unpack(entry, self.day)
            region = entry[2 : 2 + entry[1]]
            if region not in met:
                parts = self._parts(region.decode())
                met[region] = parts.coverage.covered, [str(one["code"]) for one in parts.warnings]
            rows.append(self._row(given, odd, found, met[region], ids))
            codes += [uscc] * len(found.records)
        if ids:
            self.named.append(pack_named(ids, codes))
        told = pl.DataFrame(rows, schema={name: _SCHEMA[name] for name in _TOLD}, orient="row")
        return _ordered(self._compare(pl.concat([frame.drop("name", "suggestion"), told], how="horizontal")))

    def _row(
        self, given: str | None, odd: str, found: Shown, region: tuple[bool, list[str]], ids: list[str]
    ) -> tuple[Any, ...]:
        registered = orjson.loads(b"{%b}" % found.registration) if found.registered else {}
        own, status = registered.get("name"), (registered.get("registration") or {}).get("status")
        current = found.names[0].decode() if found.names and not found.registered else own
        covered, stale = region
        verdict = outcome(
            listed=found.listed > 0,
            penalised=len(found.records) > found.listed,
            registered=found.registered,
            covered=covered,
        )
        match = None
        if given:
            former = orjson.loads(found.others) if found.others else ()
            match = match_name(given, current=own, former=former, on_records=map(bytes.decode, found.names))
        lists: list[str] = []
        severities: set[str] = set()
        for record in found.records[: found.listed]:
            entry = orjson.loads(record)
            lists.append(entry["list"])
            severities.add(entry["severity"])
        here = [record[_ID].decode() for record in found.records]
        ids += here
        self.until = min(self.until, found.until)
        warned = [
            odd,
            WARNED_STATUS.get(status or "", ""),
            NAME_DIFFERS if match is NameMatch.DIFFERS else "",
            *(one["code"] for one in (orjson.loads(found.succession) if found.succession else ())),
            *stale,
        ]
        return (
            verdict.outcome.value,
            verdict.reason and verdict.reason.value,
            current,
            match and match.value,
            status,
            found.listed,
            ";".join(dict.fromkeys(lists)) or None,
            next((one for one in SEVERITIES if one in severities), None),
            len(found.records) - found.listed,
            ";".join(here) or None,
            ";".join(filter(None, warned)) or None,
        )

    def _compare(self, frame: pl.DataFrame) -> pl.DataFrame:
        frame = frame.with_columns(suggestion=pl.lit(None, pl.String))
        if self.compared is None:
            return frame.with_columns(changes=pl.lit(None, pl.String))
        changes = []
        for uscc, records in frame.select("uscc", "records").iter_rows():
            ids = records.split(";") if records else ()
            is_new = bool(ids) and not among(pack_named(ids, [uscc] * len(ids)), self.compared.named).all()
            is_changed = uscc in self.compared.changed
            told = (NEW_RECORD if is_new else "", CHANGED_REGISTRATION if is_changed else "")
            changes.append(";".join(filter(None, told)) or None)
        return frame.with_columns(pl.Series("changes", changes, dtype=pl.String))


#: What `_row` gives.
_TOLD: Final = (
    "outcome", "reason", "name", "name_match", "registration", "blacklist_entries", "lists", "severity", "penalties",
    "records", "warnings",
)  # fmt: skip


def _matches(frame: pl.DataFrame) -> pl.Series:
    """Return the grade of each name that was given beside the one current name of its subject."""
    same = frame.select(
        pl.when(pl.col("name") == pl.col("current")).then(pl.lit(NameMatch.EXACT.value)).alias("match")
    )["match"]
    odd = frame.select(
        ((pl.col("name").str.len_bytes() > 0) & (pl.col("name") != pl.col("current"))).fill_null(value=False)
    ).to_series()
    if not odd.any():
        return same
    rest = frame.filter(odd).select("name", "current")
    alike = fold_names(rest["name"]) == fold_names(rest["current"])
    graded = pl.select(pl.when(~alike).then(pl.lit(NameMatch.DIFFERS.value)).alias("match"))["match"]
    close = [match_name(name, current=now, former=(), on_records=()) for name, now in rest.filter(alike).iter_rows()]
    graded = graded.scatter(alike.arg_true(), pl.Series([one and one.value for one in close], dtype=pl.String))
    return same.scatter(odd.arg_true(), graded)


def _malformed(frame: pl.DataFrame) -> pl.DataFrame:
    places = []
    for code, state in frame.select("code", "state").iter_rows():
        found = [18] if state == "suspect_check18" else list(check(code or "").positions)
        places.append(";".join(map(str, found)) or None)
    person = pl.col("state") == NOT_ECHOED
    return _ordered(
        frame.with_columns(
            pl.Series("positions", places, dtype=pl.String),
            outcome=pl.lit(MALFORMED),
            reason=pl.coalesce("fault", "state"),
            code=pl.when(~person).then(pl.col("code").str.slice(0, 64)),
            name=pl.lit(None, pl.String),
        )
    )


def _without_blank(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _joined(*parts: pl.Expr) -> pl.Expr:
    text = pl.concat_str(parts, separator=";", ignore_nulls=True)
    return pl.when(text != "").then(text)


def _ordered(frame: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, kind).alias(name) for name, kind in _SCHEMA.items() if name not in frame.columns]
    return frame.with_columns(missing).select("at", *(pl.col(name).cast(kind) for name, kind in _SCHEMA.items()))
