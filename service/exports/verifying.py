"""Checking a release offline: signature, files, rows, digests, and that a delta leads from an older state to this one."""

import csv
import gzip
import io
import itertools
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import orjson
import zstandard

from service.errors import Conflict, Invalid
from service.exports.digests import SetDigest, state_digest
from service.exports.packages import MANIFEST, SIGNATURE, SIGNED_KIND, TOMBSTONES
from service.exports.rules import Kind
from service.exports.shapes import BY_NAME, SCHEMA_VERSION, ColumnKind, Table
from service.signing.signatures import verify

_BATCH: Final = 8192


class ReleaseDamaged(Invalid):
    """The release is not what was signed: the words say which check failed and at which file."""

    code = "release_damaged"


class ReleasesDoNotJoin(Conflict):
    """The delta does not lead on from the state of the other release."""

    code = "releases_do_not_join"


@dataclass(slots=True)
class Checked:
    """A release that was found whole, what was checked on the way, and the sums of its full tables."""

    manifest: dict[str, Any]
    key: str
    checks: list[str] = field(default_factory=list)


def verify_release(folder: Path, jwks: Mapping[str, Any], *, previous: Path | None = None) -> Checked:
    """Check a release; with `previous`, a full release, also that this delta applied to it gives the state it names.

    `jwks` is the key set of the publisher, as `/.well-known/jwks.json` gives it.

    Raises:
        BadSignature: the manifest was not signed by one of these keys, or was altered.
        ReleaseDamaged: a file is missing, added or altered, or does not hold what the manifest says.
        ReleasesDoNotJoin: the two releases have nothing to do with each other.
    """
    checked = _verify_one(folder, jwks)
    if previous is not None:
        before = _verify_one(previous, jwks)
        _verify_chain(folder, checked, previous, before)
    return checked


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a release, unchecked.

    Raises:
        ReleaseDamaged: there is none, or it is no JSON object.
    """
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise ReleaseDamaged(f"{folder / MANIFEST} cannot be read: {error}.", detail_zh="清单无法读取。") from error
    if not isinstance(found, dict):
        raise ReleaseDamaged(f"{folder / MANIFEST} is no JSON object.", detail_zh="清单格式有误。")
    return found


@contextmanager
def open_rows(folder: Path, file: Mapping[str, Any]) -> Iterator[IO[bytes]]:
    """Open a file of a release for reading, unpacked."""
    path = folder / file["path"]
    if file["compression"] == "gzip":
        with gzip.open(path, "rb") as unpacked:
            yield io.BufferedReader(unpacked, 1 << 20)
    elif file["compression"] == "zstd":
        with path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as unpacked:
            yield io.BufferedReader(unpacked, 1 << 20)
    else:
        with path.open("rb", buffering=1 << 20) as plain:
            yield plain


def file_of(manifest: Mapping[str, Any], table: str, form: str = "jsonl") -> dict[str, Any]:
    """Return the manifest's entry of a table's file.

    Raises:
        ReleaseDamaged: the release has no such file.
    """
    for file in manifest["files"]:
        if (file["table"], file["format"]) == (table, form):
            found: dict[str, Any] = file
            return found
    raise ReleaseDamaged(f"The release has no {form} file of {table}.", detail_zh="发布包缺少数据文件。")


def _verify_one(folder: Path, jwks: Mapping[str, Any]) -> Checked:
    content, signature = _signed(folder)
    _, key = verify(signature, jwks, kind=SIGNED_KIND, payload=content)
    manifest = read_manifest(folder)
    checked = Checked(manifest, key, [f"signature by {key}"])
    if manifest["schema_version"].split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise ReleaseDamaged(
            f"The release has schema version {manifest['schema_version']}, this program reads {SCHEMA_VERSION}.",
            detail_zh="发布包的格式版本与本程序不符。",
        )
    _verify_files(folder, manifest)
    checked.checks.append(f"{len(manifest['files'])} files with size and SHA-256")
    rows = _verify_rows(folder, manifest)
    checked.checks.append(f"{rows:,} rows: schema, counts and digests")
    return checked


def _signed(folder: Path) -> tuple[bytes, str]:
    try:
        content = (folder / MANIFEST).read_bytes()
        signature = (folder / SIGNATURE).read_bytes().decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ReleaseDamaged(
            f"Manifest or signature cannot be read: {error}.", detail_zh="清单或签名无法读取。"
        ) from error
    # base64 has several spellings of the same bytes; one only is taken, so that no altered byte passes.
    try:
        canonical = ".".join(
            urlsafe_b64encode(urlsafe_b64decode(part + "=" * (-len(part) % 4))).decode().rstrip("=")
            for part in signature.split(".")
        )
    except (Base64Error, ValueError):
        canonical = ""
    if canonical != signature:
        raise ReleaseDamaged(f"{SIGNATURE} is not written as it was made.", detail_zh="签名文件被改动。")
    return content, signature


def _verify_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    named = {file["path"] for file in manifest["files"]} | {MANIFEST, SIGNATURE}
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    if found != named:
        missing, extra = ", ".join(sorted(named - found)) or "none", ", ".join(sorted(found - named)) or "none"
        raise ReleaseDamaged(f"Missing files: {missing}; files nobody signed: {extra}.", detail_zh="文件缺失或多余。")
    for file in manifest["files"]:
        with (folder / file["path"]).open("rb") as opened:
            digest = file_digest(opened, "sha256").hexdigest()
            size = opened.tell()
        if (size, digest) != (file["bytes"], file["sha256"]):
            raise ReleaseDamaged(
                f"{file['path']} was altered: it has {size:,} bytes and SHA-256 {digest}, signed were"
                f" {file['bytes']:,} and {file['sha256']}.",
                detail_zh="文件内容被改动。",
                file=file["path"],
            )


def _verify_rows(folder: Path, manifest: Mapping[str, Any]) -> int:
    total = 0
    digests: dict[str, str] = {}
    delta = manifest["kind"] == Kind.DELTA
    for name, told in manifest["tables"].items():
        file = file_of(manifest, name)
        digest = SetDigest()
        for lines in _lines(folder, file):
            _check_schema(BY_NAME[name], lines)
            digest.add(lines)
        wanted = told["upserts"] if delta else told["count"]
        if not digest.count == wanted == file["rows"]:
            raise ReleaseDamaged(
                f"{file['path']} has {digest.count} rows, the manifest says {wanted}.", detail_zh="行数不符。"
            )
        if not delta and digest.hex() != told["digest"]:
            raise ReleaseDamaged(
                f"The digest of {name} is {digest.hex()}, signed was {told['digest']}.", detail_zh="摘要不符。"
            )
        digests[name] = told["digest"]
        total += digest.count
    for file in manifest["files"]:
        if file["format"] == "csv" and file["table"] in {*manifest["tables"], TOMBSTONES}:
            _check_csv(folder, file)
    if digests and state_digest(digests) != manifest["state_digest"]:
        raise ReleaseDamaged("The state digest is not that of the tables.", detail_zh="总摘要不符。")
    return total


def _lines(folder: Path, file: Mapping[str, Any]) -> Iterator[list[bytes]]:
    with open_rows(folder, file) as opened:
        while lines := [line.removesuffix(b"\n") for line in itertools.islice(opened, _BATCH)]:
            yield lines


_CHECKS: Final[Mapping[ColumnKind, Callable[[Any], bool]]] = {
    ColumnKind.ID: lambda value: str(UUID(value)) == value,
    ColumnKind.CODE: lambda value: isinstance(value, str),
    ColumnKind.TEXT: lambda value: isinstance(value, str),
    ColumnKind.LIST: lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    ColumnKind.INTEGER: lambda value: type(value) is int and value >= 0,
    ColumnKind.DATE: lambda value: date.fromisoformat(value).isoformat() == value,
}


def _check_schema(table: Table, lines: list[bytes]) -> None:
    names = list(table.names)
    checks = [(column.name, _CHECKS[column.kind]) for column in table.columns]
    for line in lines:
        try:
            row = orjson.loads(line)
            fits = list(row) == names and row[table.key] is not None
            fits = fits and all(row[name] is None or check(row[name]) for name, check in checks)
        except (ValueError, TypeError, AttributeError):
            fits = False
        if not fits:
            raise ReleaseDamaged(
                f"A row of {table.name} has not the columns and types of schema {SCHEMA_VERSION}: {line[:100]!r}",
                detail_zh="数据行与格式定义不符。",
            )


def _check_csv(folder: Path, file: Mapping[str, Any]) -> None:
    with open_rows(folder, file) as opened:
        reader = csv.reader(io.TextIOWrapper(opened, "utf-8-sig", newline=""))
        header = next(reader, [])
        count = sum(1 for _ in reader)
    table = BY_NAME.get(file["table"])
    names = None if table is None else list(table.narrowed(file.get("columns", ())).names)
    if count != file["rows"] or (names is not None and header != names):
        raise ReleaseDamaged(
            f"{file['path']} has {count} rows, the manifest says {file['rows']}; its header is {','.join(header)}.",
            detail_zh="CSV 行数或表头不符。",
        )


def _verify_chain(folder: Path, checked: Checked, previous: Path, before: Checked) -> None:
    delta, base = checked.manifest, before.manifest
    if delta["kind"] != Kind.DELTA or base["kind"] != Kind.FULL:
        raise ReleasesDoNotJoin(
            "Give the folder of a delta, and with --previous that of a full release.",
            detail_zh="请提供增量及其之前的全量发布包。",
        )
    if delta["log_id"] != base["log_id"] or delta["schema_version"] != base["schema_version"]:
        raise ReleasesDoNotJoin(
            "The two are of different logs or schema versions: read a new full release.",
            detail_zh="日志或格式版本不同，请重新下载全量。",
        )
    if not delta["from_position"] <= base["position"] <= delta["position"]:
        raise ReleasesDoNotJoin(
            f"The delta leads from position {delta['from_position']} to {delta['position']}; the full release stands at"
            f" {base['position']}.",
            detail_zh="增量与全量的位置不衔接。",
        )
    gone: dict[str, set[str]] = {name: set() for name in delta["tables"]}
    for lines in _lines(folder, file_of(delta, TOMBSTONES)):
        for line in lines:
            row = orjson.loads(line)
            gone[row["table"]].add(row["id"])
    for name, told in delta["tables"].items():
        key = BY_NAME[name].key
        state = SetDigest()
        touched = gone[name]
        for lines in _lines(folder, file_of(delta, name)):
            touched |= {orjson.loads(line)[key] for line in lines}
            state.add(lines)
        for lines in _lines(previous, file_of(base, name)):
            state.add([line for line in lines if orjson.loads(line)[key] not in touched])
        if (state.hex(), state.count) != (told["digest"], told["count"]):
            raise ReleasesDoNotJoin(
                f"{name}: the older release with this delta gives {state.count} rows and digest {state.hex()}; signed are"
                f" {told['count']} and {told['digest']}.",
                detail_zh="全量应用增量后的摘要与清单不符。",
            )
        if base["position"] == delta["from_position"] and base["tables"][name]["digest"] != told["digest_before"]:
            raise ReleasesDoNotJoin(
                f"{name}: the digest before is not that of the older release.", detail_zh="起始摘要不符。"
            )
    checked.checks.append(f"{base['id']} with this delta gives the signed digest")
