"""Reading what a platform filled in (JSON, CSV, XLSX), and the sealed content as it stands inside a report."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.reports.identities import Checked, read_checked
from service.reports.rules import MOST_PARTS, MOST_ROWS, Envelope, Period, ReportKind
from service.reports.templates import NotTheTemplate, count_rows, read_rows, templates
from service.tables.problems import TableProblem, UnknownSheet
from service.tables.reader import Table, open_table

FORMAT: Final = "xinyong-report/1"
#: Bytes of the rows of one part: sealed they are a third longer, and stay below what is taken.
MOST_BYTES: Final = 16 * 1024**2


def read_file(path: Path, kind: ReportKind, *, period: Period) -> list[dict[str, str]]:
    """Return the rows of a filled template, checked; by its content a JSON array or a table.

    Raises:
        NotTheTemplate: the file cannot be read, has other columns, too many rows or rows that do not fit.
    """
    with path.open("rb") as file:
        is_json = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"["
    raw = _json_rows(path) if is_json else _table_rows(path, kind)
    if len(raw) > MOST_ROWS * MOST_PARTS:
        raise NotTheTemplate(
            f"There are more than {MOST_ROWS * MOST_PARTS:,} rows.", detail_zh="数据行过多。", faults=[]
        )
    return read_rows(kind, raw, period=period)


def _json_rows(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise NotTheTemplate(f"The file is no JSON: {error}.", detail_zh="不是有效的 JSON。", faults=[]) from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise NotTheTemplate("The JSON is no array of objects.", detail_zh="JSON 应为对象数组。", faults=[])
    return found


def _table_rows(path: Path, kind: ReportKind) -> list[dict[str, str | None]]:
    by_name = {name: one.id for one in templates()[kind].fields for name in (one.zh, one.id)}
    rows: list[dict[str, str | None]] = []
    try:
        with _opened(path, templates()[kind].name_zh) as table:
            names = [by_name.get(name, "") for name in table.header]
            unknown = [name for name, ours in zip(table.header, names, strict=True) if name and not ours]
            if unknown or len({name for name in names if name}) < len([name for name in names if name]):
                raise NotTheTemplate(
                    f"Columns that the template does not have, or twice: {', '.join(unknown) or 'twice'}. It has"
                    f" {', '.join(one.zh for one in templates()[kind].fields)}.",
                    detail_zh="列名与模板不符。",
                    faults=[],
                )
            for chunk in table.chunks():
                if chunk.rejects:
                    first = chunk.rejects[0]
                    raise NotTheTemplate(
                        f"Line {first.line} cannot be read ({first.reason}).", detail_zh="有数据行无法读取。", faults=[]
                    )
                rows += [
                    {name: cell for name, cell in zip(names, cells, strict=True) if name and cell is not None}
                    for cells in zip(*chunk.columns, strict=True)
                ]
    except TableProblem as problem:
        raise NotTheTemplate(problem.detail, detail_zh=problem.detail_zh, faults=[]) from problem
    return rows


def _opened(path: Path, sheet: str) -> Table:
    # The workbook that is handed out has a sheet that explains the columns; one of somebody's own may name its sheet as it likes.
    try:
        return open_table(path, sheet=sheet)
    except UnknownSheet:
        return open_table(path)


def parts_of(rows: Sequence[dict[str, str]], *, most: int = MOST_ROWS, most_bytes: int = MOST_BYTES) -> list[range]:
    """Return the places of the rows of each part, which has at most so many rows and bytes, and one row at least."""
    parts, start, size = [], 0, 0
    for at, row in enumerate(rows):
        length = len(json.dumps(row, ensure_ascii=False).encode())
        if at > start and (at - start == most or size + length > most_bytes):
            parts.append(range(start, at))
            start, size = at, 0
        size += length
    return [*parts, range(start, len(rows))]


@dataclass(frozen=True, slots=True)
class Content:
    """What is inside a report: its rows, and what the check against registrations said when it was sealed."""

    rows: list[dict[str, str]]
    checked: Checked | None


def write_content(content: Content) -> bytes:
    """Return the bytes that are sealed."""
    checked = None if content.checked is None else content.checked.members()
    made = {"format": FORMAT, "rows": content.rows, "checked": checked}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def read_content(opened: bytes, envelope: Envelope) -> Content:
    """Return the content of an opened report, held once more against the template and the envelope.

    Raises:
        NotTheTemplate: it does not fit the template, or the envelope counts other rows.
    """
    try:
        made = json.loads(opened)
        if made["format"] != FORMAT or not all(isinstance(one, dict) for one in made["rows"]):
            raise ValueError("another format")
        rows, checked = made["rows"], read_checked(made["checked"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotTheTemplate(
            f"The content is of another format than {FORMAT}.", detail_zh="内容格式不符。", faults=[]
        ) from error
    read = read_rows(envelope.kind, rows, period=envelope.period)
    counted = count_rows(envelope.kind, read)
    if any(envelope.counts.get(name) != count for name, count in counted.items()):
        raise NotTheTemplate(
            f"The envelope counts {dict(envelope.counts)}, the content has {counted}.",
            detail_zh="封装信息中的数量与内容不符。",
            faults=[],
        )
    return Content(read, checked)
