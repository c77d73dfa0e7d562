"""Building a release: a folder that appears whole or not at all."""

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import orjson
from asyncpg import Connection

from service.changes.queries import list_known_versions
from service.changes.rules import ChangeKind, ended_on
from service.clock import legal_day
from service.exports.digests import SetDigest
from service.exports.files import Compression, Sink, WrittenFile, sync_folder, write_file
from service.exports.pacing import Pace
from service.exports.packages import (
    DICTIONARY,
    MANIFEST,
    PACKAGE,
    SIGNATURE,
    SIGNED_KIND,
    STATISTICS,
    TERMS_ZH,
    TOMBSTONE_FIELDS,
    TOMBSTONES,
    Release,
    TableState,
    datapackage,
    dictionary,
    local,
    manifest,
    render,
)
from service.exports.queries import CATALOGUE, Extent, list_catalogue, list_gone, list_lines, list_unregistered
from service.exports.selects import plain_columns
from service.exports.shapes import BY_NAME, TABLES, Table
from service.exports.statistics import SERIES_FIELDS, count_cells, suppress
from service.exports.writers import write_csv, write_lines, write_parquet, write_workbook
from service.signing.keys import SigningKeys

FORMATS: Final = ("jsonl", "csv", "parquet", "xlsx")
_UNFINISHED: Final = ".building-"


@dataclass(frozen=True, slots=True)
class Options:
    """How the files are written. JSON Lines are in every release, since the digests are of them.

    `columns` are those of a table that its CSV, Parquet and workbook have; none: all. `pace` says how much of the time it takes.
    """

    formats: tuple[str, ...] = FORMATS
    compression: Compression = Compression.GZIP
    bom: bool = False
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Built:
    """A release whose folder is complete and not in its place yet."""

    folder: Path
    manifest: dict[str, Any]
    states: Mapping[str, TableState] = field(default_factory=dict)

    def sums(self) -> dict[str, dict[str, Any]]:
        """Return the sums at the release's horizon, by table, for the deltas that come after it."""
        return {name: {"sum": s.after.sum_hex(), "count": s.after.count} for name, s in self.states.items()}


def unfinished(folder: Path, name: str) -> Path:
    """Return a new folder below `folder` in which the release `name` is put together."""
    draft = folder / f"{_UNFINISHED}{name}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    return draft


def drop_unfinished(folder: Path) -> int:
    """Delete what builds left behind that did not come to their end; the caller knows that none is running."""
    left = list(folder.glob(f"{_UNFINISHED}*"))
    for one in left:
        shutil.rmtree(one, ignore_errors=True)
    return len(left)


def put_in_place(built: Built, target: Path) -> None:
    """Let a finished release appear, whole: its folder gets its name. What a dead process left there before goes."""
    if target.exists():
        shutil.rmtree(target)
    sync_folder(built.folder)
    built.folder.rename(target)
    sync_folder(target.parent)


async def build_full(
    connection: Connection, draft: Path, release: Release, keys: SigningKeys, options: Options | None = None
) -> Built:
    """Write a release of everything that is selected, as it is shown at the horizon.

    Raises:
        PersonalDataFound: a text holds personal data.
    """
    options = options or Options()
    day = legal_day(release.horizon)
    extent = Extent(release.position, day, selection=release.selection, pace=options.pace)
    files: list[WrittenFile] = []
    states: dict[str, TableState] = {}
    for table in _tables(release):
        digest = SetDigest()
        files += await _write_table(connection, extent, table, draft, release, options, digest)
        states[table.name] = TableState(after=digest)
    files += _write_catalogue(draft, await list_catalogue(connection))
    return _finish(draft, release, states, files, keys)


async def build_delta(
    connection: Connection,
    draft: Path,
    release: Release,
    keys: SigningKeys,
    *,
    sums: Mapping[str, SetDigest],
    sums_at: Extent,
    pace: Pace | None = None,
) -> Built:
    """Write what changed between two horizons: rows as they are at the later one, and tombstones of what ended.

    Everything that the log names in between is in it, so that it may be applied to any state from the earlier horizon on.
    `sums` are the sums of the tables at the position and day of `sums_at`; the digests before and after come from them.

    Raises:
        PersonalDataFound: a text holds personal data.
    """
    if release.from_position is None or release.from_horizon is None:
        raise ValueError("a delta needs the horizon it counts from")
    day, first_day = legal_day(release.horizon), legal_day(release.from_horizon)
    pace = pace or Pace()
    extent = Extent(release.position, day, after=release.from_position, upto=release.position, pace=pace)
    files: list[WrittenFile] = []
    states: dict[str, TableState] = {}
    tombstones: list[tuple[str, str, date]] = []
    for table in _tables(release):
        digest = SetDigest()
        options = Options(formats=("jsonl", "csv"))
        written = await _write_table(connection, extent, table, draft, release, options, digest)
        ended = await _ended(connection, extent, table, since=first_day)
        after = await _moved(connection, table, sums[table.name], sums_at, Extent(release.position, day))
        base = Extent(release.from_position, first_day)
        before = await _moved(connection, table, sums[table.name], sums_at, base)
        states[table.name] = TableState(after, before, upserts=digest.count, tombstones=len(ended))
        files += written
        tombstones += [(table.name, key, on) for key, on in ended]
    files += _write_tombstones(draft, sorted(tombstones))
    files += _write_catalogue(draft, await list_catalogue(connection))
    return _finish(draft, release, states, files, keys)


async def build_statistics(connection: Connection, draft: Path, release: Release, keys: SigningKeys) -> Built:
    """Write the monthly figures as known at the horizon, of the months that are over on its day."""
    day = legal_day(release.horizon)
    cells = suppress(await count_cells(connection, position=release.position, before=day.replace(day=1)))
    with Sink(draft / f"{STATISTICS}.csv") as sink:
        sink.write(_csv([[name for name, *_ in SERIES_FIELDS], *(cell.as_row() for cell in cells)]))
    files = [sink.written(table=STATISTICS, form="csv", rows=len(cells))]
    return _finish(draft, release, {}, files, keys)


def _tables(release: Release) -> Sequence[Table]:
    chosen = release.selection.tables
    return [table for table in TABLES if not chosen or table.name in chosen]


async def _write_table(
    connection: Connection,
    extent: Extent,
    table: Table,
    draft: Path,
    release: Release,
    options: Options,
    digest: SetDigest,
) -> list[WrittenFile]:
    packed = options.compression
    path = draft / f"{table.name}.jsonl{packed.suffix}"
    written = [await write_lines(connection, extent, table, path, compression=packed, digest=digest)]
    table = table.narrowed(options.columns.get(table.name, ()))
    if "csv" in options.formats:
        path = draft / f"{table.name}.csv{packed.suffix}"
        written.append(await write_csv(connection, extent, table, path, compression=packed, bom=options.bom))
    if "parquet" in options.formats:
        written.append(await write_parquet(connection, extent, table, draft / f"{table.name}.parquet"))
    if "xlsx" in options.formats:
        about = (
            ("数据 Data", f"{table.title_zh} {table.title_en}"),
            ("时点 Horizon", local(release.horizon) or ""),
            ("版本 Release", release.id),
            ("使用须知 Terms", TERMS_ZH),
        )
        written.append(await write_workbook(connection, extent, table, draft / f"{table.name}.xlsx", about=about))
    if table is not BY_NAME[table.name]:
        written[1:] = [replace(file, columns=table.names) for file in written[1:]]
    return written


async def _moved(connection: Connection, table: Table, digest: SetDigest, here: Extent, there: Extent) -> SetDigest:
    """Return the sum at another position and day: rows of records with changes in between are exchanged."""
    moved = digest.copy()
    if (here.position, here.day) == (there.position, there.day):
        return moved
    between = Extent(0, here.day, after=min(here.position, there.position), upto=max(here.position, there.position))
    columns = plain_columns(table)
    moved.remove(await list_lines(connection, between.at(here.position, here.day), table, columns))
    moved.add(await list_lines(connection, between.at(there.position, there.day), table, columns))
    return moved


async def _ended(connection: Connection, extent: Extent, table: Table, *, since: date) -> list[tuple[str, date]]:
    gone = await list_gone(connection, extent, table)
    if table.name == "subjects":
        codes = [uscc for uscc, _ in gone]
        found = await list_unregistered(connection, codes=codes, upto=extent.position)
        return [(uscc, legal_day(at)) for uscc, at in found]
    kind = ChangeKind.PENALTY if table.name == "penalties" else ChangeKind.BLACKLIST_ENTRY
    records = [(uscc, record) for uscc, record in gone if record is not None]
    versions = await list_known_versions(connection, kind, records=records, upto=extent.position)
    days = {record: ended_on(versions.get(record, []), on=extent.day) for _, record in records}
    # What ended before the earlier horizon was not in any state the delta is applied to.
    return [(str(record), on) for record, on in days.items() if on is not None and on >= since]


def _write_tombstones(draft: Path, tombstones: Sequence[tuple[str, str, date]]) -> list[WrittenFile]:
    names = [name for name, _, _ in TOMBSTONE_FIELDS]
    written = []
    for form in ("jsonl", "csv"):
        with Sink(draft / f"{TOMBSTONES}.{form}") as sink:
            if form == "csv":
                sink.write(_csv([names, *tombstones]))
            else:
                for one in tombstones:
                    sink.write(orjson.dumps(dict(zip(names, one, strict=True))) + b"\n")
        written.append(sink.written(table=TOMBSTONES, form=form, rows=len(tombstones)))
    return written


def _write_catalogue(draft: Path, catalogue: Mapping[str, Sequence[Sequence[object]]]) -> list[WrittenFile]:
    written = []
    for name, rows in catalogue.items():
        with Sink(draft / f"{name}.csv") as sink:
            sink.write(_csv([CATALOGUE[name], *([_plain(cell) for cell in row] for row in rows)]))
        written.append(sink.written(table=name, form="csv", rows=len(rows)))
    return written


def _plain(cell: object) -> object:
    if cell is None:
        return ""
    text = cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
    return f"'{text}" if text.startswith(tuple("=+-@\t\n\r＝＋－＠")) else text


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()


def _finish(
    draft: Path, release: Release, states: Mapping[str, TableState], files: list[WrittenFile], keys: SigningKeys
) -> Built:
    files.append(write_file(draft / PACKAGE, render(datapackage(release, files))))
    files.append(write_file(draft / DICTIONARY, dictionary([BY_NAME[name] for name in states]).encode()))
    told = manifest(release, states, files)
    content = render(told)
    write_file(draft / MANIFEST, content)
    signature = keys.sign(content, kind=SIGNED_KIND, now=release.built_at, detached=True)
    write_file(draft / SIGNATURE, signature.encode())
    return Built(draft, told, states)
