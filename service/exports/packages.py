"""What stands beside the data: the package description (Frictionless), the data dictionary, the manifest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from service.clock import SHANGHAI
from service.exports.digests import SetDigest, state_digest
from service.exports.files import WrittenFile
from service.exports.rules import Kind, Selection
from service.exports.shapes import BY_NAME, SCHEMA_VERSION, ColumnKind, Table
from service.exports.statistics import SERIES_FIELDS

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.json.jws"
PACKAGE: Final = "datapackage.json"
DICTIONARY: Final = "dictionary.md"
TOMBSTONES: Final = "tombstones"
STATISTICS: Final = "statistics"
#: What the signature says it is about.
SIGNED_KIND: Final = "xinyong-release"

TERMS: Final = (
    "Show the source and the day of the release with every record. Before you show or use a record, make sure that it is"
    " still in the present release: drop what a delta names in its tombstones, and keep no list of what was dropped."
)
TERMS_ZH: Final = (
    "使用时须注明来源及发布日期；公示期届满、已修复或已撤下的信息须立即停止展示，且不得另行保存已撤下信息的名单。"
)

_FIELD_TYPES: Final = {ColumnKind.INTEGER: "integer", ColumnKind.DATE: "date"}
_MEDIA: Final = {
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
TOMBSTONE_FIELDS: Final = (
    ("table", "Table the record was in.", "数据表"),
    ("id", "Id of the record; for subjects the code.", "编号"),
    ("ended_on", "First day on which it was no longer shown.", "停止公示日期"),
)


@dataclass(frozen=True, slots=True)
class TableState:
    """A table at the horizon: rows in the state, and of a delta the rows and tombstones in its files."""

    after: SetDigest
    before: SetDigest | None = None
    upserts: int | None = None
    tombstones: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the table's part of a manifest."""
        told: dict[str, Any] = {"count": self.after.count, "digest": self.after.hex()}
        if self.before is not None:
            told |= {
                "count_before": self.before.count,
                "digest_before": self.before.hex(),
                "upserts": self.upserts,
                "tombstones": self.tombstones,
            }
        return told


@dataclass(frozen=True, slots=True)
class Release:
    """What a manifest says of a release as a whole. Instants are aware; `previous` is the one it replaces in its series."""

    id: str
    kind: Kind
    span: str | None
    log_id: UUID
    position: int
    horizon: datetime
    built_at: datetime
    selection: Selection = field(default_factory=Selection)
    from_position: int | None = None
    from_horizon: datetime | None = None
    previous: str | None = None


def local(instant: datetime | None) -> str | None:
    """Return an instant in Shanghai time, ISO 8601."""
    return None if instant is None else instant.astimezone(SHANGHAI).isoformat(timespec="seconds")


def manifest(release: Release, states: Mapping[str, TableState], files: Sequence[WrittenFile]) -> dict[str, Any]:
    """Return the manifest; the digests of a selection describe the selection."""
    told: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "id": release.id,
        "kind": release.kind.value,
        "span": release.span,
        "log_id": str(release.log_id),
        "position": release.position,
        "horizon": local(release.horizon),
        "from_position": release.from_position,
        "from_horizon": local(release.from_horizon),
        "previous": release.previous,
        "selection": None if release.selection.is_everything else release.selection.as_dict(),
        "built_at": local(release.built_at),
        "tables": {name: state.as_dict() for name, state in states.items()},
        "state_digest": state_digest({name: state.after.hex() for name, state in states.items()}),
        "state_digest_before": None,
        "terms": TERMS,
        "terms_zh": TERMS_ZH,
        "files": [
            {
                "path": file.path,
                "bytes": file.size,
                "sha256": file.sha256,
                "table": file.table,
                "format": file.format,
                "compression": file.compression,
                "rows": file.rows,
            }
            | ({} if file.columns is None else {"columns": list(file.columns)})
            for file in files
        ],
    }
    before = {name: state.before.hex() for name, state in states.items() if state.before is not None}
    if before:
        told["state_digest_before"] = state_digest(before)
    return told


def render(document: object) -> bytes:
    """Return a document as the JSON that is written and signed."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def table_schema(table: Table, *, nested: bool = False) -> dict[str, Any]:
    """Return the Table Schema of a table; `nested` where lists are lists and not joined."""
    fields = []
    for column in table.columns:
        kind = _FIELD_TYPES.get(column.kind, "string")
        if column.kind is ColumnKind.LIST and nested:
            kind = "array"
        told: dict[str, Any] = {"name": column.name, "type": kind, "title": column.zh, "description": column.en}
        if column.name == table.key:
            told["constraints"] = {"required": True, "unique": True}
        fields.append(told)
    return {"fields": fields, "primaryKey": [table.key], "missingValues": [""]}


def datapackage(release: Release, files: Iterable[WrittenFile]) -> dict[str, Any]:
    """Return the description of the package in the Frictionless Data Package standard."""
    return {
        "profile": "data-package",
        "name": release.id.lower(),
        "title": "Xinyong: public credit disclosure data 信用信息公示数据",
        "description": f"Records shown on the day of the horizon {local(release.horizon)}. {TERMS}",
        "version": SCHEMA_VERSION,
        "created": local(release.built_at),
        "resources": [_resource(file) for file in files if file.table is not None],
    }


def _resource(file: WrittenFile) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": file.path.lower(),
        "path": file.path,
        "format": file.format,
        "mediatype": _MEDIA.get(file.format or "", "application/octet-stream"),
        "encoding": "utf-8",
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }
    if file.compression == "gzip":
        told["compression"] = "gz"
    if file.table == TOMBSTONES:
        told["schema"] = {
            "fields": [
                {"name": name, "type": "date" if name == "ended_on" else "string", "title": zh, "description": en}
                for name, en, zh in TOMBSTONE_FIELDS
            ]
        }
    elif file.table == STATISTICS:
        told["schema"] = {
            "fields": [
                {"name": name, "type": kind, "title": zh, "description": en} for name, kind, en, zh in SERIES_FIELDS
            ]
        }
    elif file.table in BY_NAME:
        table = BY_NAME[file.table].narrowed(file.columns or ())
        told["schema"] = table_schema(table, nested=file.format in {"jsonl", "parquet"})
    if (
        file.table in {*BY_NAME, TOMBSTONES, STATISTICS}
        and file.format in {"csv", "jsonl"}
        and file.compression != "zstd"
    ):
        told["profile"] = "tabular-data-resource"
    return told


_NOTES: Final = (
    "Text is UTF-8; days are legal days in Asia/Shanghai; amounts are fen (分). In CSV and XLSX a text that begins with"
    " = + - @, a tab or a line end has an apostrophe before it, so that no spreadsheet takes it for a formula; JSON"
    " Lines and Parquet hold it as it is.\n"
)


def dictionary(tables: Sequence[Table]) -> str:
    """Return the data dictionary, English and Chinese, as Markdown."""
    parts = [
        "# Data dictionary 数据字典\n",
        _NOTES,
        "文本采用 UTF-8 编码；日期为北京时间的法定日；金额单位为分。CSV 与 XLSX 中以 = + - @ 等开头的文本前加撇号，以防被电子表格当作公式。\n",
    ]
    for table in tables:
        parts += [
            f"## {table.name} {table.title_zh}\n",
            f"{table.title_en}. Key: `{table.key}`.\n",
            "| column 列 | type 类型 | 中文 | English |",
            "|---|---|---|---|",
            *(f"| `{c.name}` | {c.kind.value} | {c.zh} | {c.en} |" for c in table.columns),
            "",
        ]
    parts += [
        "## tombstones 停止公示记录（仅增量文件）\n",
        "Records that were shown and are not any more: drop them.\n",
        "| column 列 | 中文 | English |",
        "|---|---|---|",
        *(f"| `{name}` | {zh} | {en} |" for name, en, zh in TOMBSTONE_FIELDS),
        "",
    ]
    return "\n".join(parts)
