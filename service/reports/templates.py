"""What a report of each kind holds: its fields, what is wrong with a row, and the empty forms."""

import csv
import io
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from xlsxwriter import Workbook

from service.errors import Invalid
from service.reading.dates import read_date
from service.reading.money import read_clerk_amount
from service.reports.rules import Period, ReportKind
from service.uscc.arithmetic import is_person_id
from service.uscc.rules import check

ALWAYS: Final = "always"
LONGEST_URL: Final = 2000
_YES_NO: Final = {"是": "yes", "否": "no", "yes": "yes", "no": "no"}
_URL: Final = re.compile(r"https?://[^\s<>\"]+")
Row = Mapping[str, str]


class NotTheTemplate(Invalid):
    """The file has other columns than the template, or rows that do not fit it; `faults` says where, never what they hold."""

    code = "not_the_template"


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `needed` is `always`, the value of `merchant_type` for which it is, or None; `values` are those of a choice."""

    id: str
    zh: str
    en: str
    kind: str
    most: int = 2000
    needed: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """The form of one kind of report; of the fields `one_of` a row has at least one."""

    kind: ReportKind
    name: str
    name_zh: str
    citation: str
    fields: tuple[Field, ...]
    one_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field of a row; `row` counts from 1. What the field holds is not repeated."""

    row: int
    field: str
    code: str


@cache
def templates() -> Mapping[ReportKind, Template]:
    """Return the forms by kind."""
    read = tomllib.loads((files("service.reports") / "data" / "templates.toml").read_text("utf-8"))
    return {
        ReportKind(one["kind"]): Template(
            ReportKind(one["kind"]),
            one["name"],
            one["name_zh"],
            one["citation"],
            tuple(Field(**each) for each in one["field"]),
            tuple(one.get("one_of", ())),
        )
        for one in read["template"]
    }


def read_rows(kind: ReportKind, raw: Sequence[Mapping[str, object]], *, period: Period) -> list[dict[str, str]]:
    """Return the rows in their plain form: codes in capitals, days in ISO 8601, amounts in yuan with two decimals.

    Raises:
        NotTheTemplate: a row does not fit; all faults are told at once.
    """
    faults: list[Fault] = []
    rows = [_read_row(templates()[kind], at, one, period, faults) for at, one in enumerate(raw, start=1)]
    if not rows:
        raise NotTheTemplate("There are no rows.", detail_zh="没有数据行。", faults=[])
    if faults:
        some = "; ".join(f"row {one.row}, {one.field}: {one.code}" for one in faults[:20])
        rest = f"; and {len(faults) - 20} more" if len(faults) > 20 else ""
        raise NotTheTemplate(
            f"{len(faults)} field(s) do not fit the template: {some}{rest}.",
            detail_zh=f"共有{len(faults)}处不符合模板要求。",
            faults=[{"row": one.row, "field": one.field, "code": one.code} for one in faults],
        )
    return rows


def _read_row(
    template: Template, at: int, raw: Mapping[str, object], period: Period, faults: list[Fault]
) -> dict[str, str]:
    row: dict[str, str] = {}
    known = {one.id for one in template.fields}
    faults += [Fault(at, name, "unknown_field") for name in raw if name not in known]
    for one in template.fields:
        cell = raw.get(one.id)
        text = cell.strip() if isinstance(cell, str) else ""
        if cell is not None and not isinstance(cell, str):
            faults.append(Fault(at, one.id, "not_text"))
        elif text and (value := _READERS[one.kind](one, text)) is None:
            faults.append(Fault(at, one.id, f"no_{one.kind}" if len(text) <= one.most else "too_long"))
        elif text:
            row[one.id] = str(value)
    for one in template.fields:
        if one.id not in row and one.needed in {ALWAYS, row.get("merchant_type", "")} and not raw.get(one.id):
            faults.append(Fault(at, one.id, "missing"))
        if one.kind == "day" and one.id in row and not str(period.first) <= row[one.id] <= str(period.last):
            faults.append(Fault(at, one.id, "outside_the_period"))
    if template.one_of and not any(raw.get(name) for name in template.one_of):
        faults.append(Fault(at, " or ".join(template.one_of), "missing"))
    return row


def _code(_: Field, text: str) -> str | None:
    return check(text).code


def _person(_: Field, text: str) -> str | None:
    number = text.upper()
    return number if is_person_id(number) else None


def _text(one: Field, text: str) -> str | None:
    return text if len(text) <= one.most else None


def _url(_: Field, text: str) -> str | None:
    return text if len(text) <= LONGEST_URL and _URL.fullmatch(text) else None


def _day(_: Field, text: str) -> date | None:
    return read_date(text).value


def _yuan(_: Field, text: str) -> str | None:
    fen = read_clerk_amount(text, unit="yuan")
    return None if fen is None else f"{fen // 100}.{fen % 100:02d}"


def _choice(one: Field, text: str) -> str | None:
    return one.values.get(text, text if text in one.values.values() else None)


_READERS: Final[Mapping[str, Callable[[Field, str], object]]] = {
    "text": _text,
    "code": _code,
    "person": _person,
    "url": _url,
    "day": _day,
    "yes_no": lambda _, text: _YES_NO.get(text.lower()),
    "yuan": _yuan,
    "choice": _choice,
}


def count_rows(kind: ReportKind, rows: Sequence[Row]) -> dict[str, int]:
    """Return what the envelope counts of rows."""
    counts = {"rows": len(rows)}
    if kind is ReportKind.IDENTITY:
        registered = sum(row["merchant_type"] == "registered" for row in rows)
        counts |= {"registered": registered, "unregistered": len(rows) - registered}
    return counts


def as_csv(template: Template) -> bytes:
    """Return the empty form as CSV, in UTF-8 with the mark that spreadsheets look for."""
    form = io.StringIO()
    csv.writer(form).writerow([one.zh for one in template.fields])
    return form.getvalue().encode("utf-8-sig")


def as_workbook(template: Template) -> bytes:
    """Return the empty form as a workbook whose cells are text, with lists for choices and a sheet that explains the columns."""
    kept = io.BytesIO()
    with Workbook(kept, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(template.name_zh)
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        sheet.freeze_panes(1, 0)
        for place, one in enumerate(template.fields):
            sheet.write_string(0, place, one.zh, bold)
            sheet.set_column(place, place, 24, text)
            choices = list(one.values) or (["是", "否"] if one.kind == "yes_no" else [])
            if choices:
                sheet.data_validation(1, place, 20_000, place, {"validate": "list", "source": choices})
        words = book.add_worksheet("填写说明")
        words.set_column(0, 3, 28)
        for at, line in enumerate([("列", "field", "meaning", "必填"), *_explained(template)]):
            words.write_row(at, 0, line, bold if at == 0 else None)
    return kept.getvalue()


def _explained(template: Template) -> list[tuple[str, str, str, str]]:
    return [(one.zh, one.id, one.en, _needed_words(template, one)) for one in template.fields]


def _needed_words(template: Template, one: Field) -> str:
    if one.id in template.one_of:
        return "至少填一项"
    return {ALWAYS: "是", "registered": "已登记的填", "unregistered": "未登记的填"}.get(one.needed or "", "")


def as_schema(template: Template) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the rows: an array of objects by our names of the fields."""
    kinds: dict[str, dict[str, Any]] = {
        "code": {"pattern": "^[0-9A-HJ-NP-RTUWXY]{18}$"},
        "person": {"pattern": "^[0-9]{17}[0-9X]$"},
        "url": {"pattern": "^https?://", "maxLength": LONGEST_URL},
        "day": {"format": "date"},
        "yes_no": {"enum": ["yes", "no"]},
        "yuan": {"pattern": "^[0-9]+\\.[0-9]{2}$"},
    }
    properties = {
        one.id: {"type": "string", "title": one.zh, "description": one.en}
        | ({"enum": list(one.values.values())} if one.values else kinds.get(one.kind, {"maxLength": one.most}))
        for one in template.fields
    }
    types = sorted({one.needed for one in template.fields if one.needed not in {None, ALWAYS}} - {None})
    conditions: list[dict[str, Any]] = [
        {
            "if": {"properties": {"merchant_type": {"const": kind}}},
            "then": {"required": [one.id for one in template.fields if one.needed == kind]},
        }
        for kind in types
    ]
    if template.one_of:
        conditions.append({"anyOf": [{"required": [name]} for name in template.one_of]})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{template.name_zh} ({template.name})",
        "description": template.citation,
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
            "required": [one.id for one in template.fields if one.needed == ALWAYS],
        }
        | ({"allOf": conditions} if conditions else {}),
    }
