"""Credit records of the catalogue's further classes: which there are, what a record of each holds, and when it speaks.

The classes are data (`data/classes.toml`). What is no class of the catalogue cannot be stored. None of them makes an outcome.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from service.errors import Conflict, Invalid, NotFound
from service.personal_data.rules import scan


class OutsideTheCatalog(Invalid):
    """The catalogue has no such class of information, so that no record of it may be kept; `classes` are those that it has."""

    code = "outside_the_catalog"


class BodyRefused(Invalid):
    """The body does not follow the schema of its class; `problems` says field by field what is wrong."""

    code = "body_refused"


class NumberTaken(Conflict):
    """The authority has a record of this class and document number about this subject already."""

    code = "number_taken"


class NoSuchCreditRecord(NotFound):
    """The subject has no credit record of this id that the key may see."""

    code = "no_such_credit_record"


class RecordWithdrawn(Conflict):
    """The record was withdrawn; nothing is done with it any more."""

    code = "record_withdrawn"


class NothingToReport(Conflict):
    """Records of this class are not reported to Credit China, or this one was accepted already."""

    code = "nothing_to_report"


#: Most characters of a text in a body.
LONGEST: Final = 4000


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a body; `column` is its column in the 双公示 table, where it has one."""

    id: str
    type: str = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    column: str | None = None


@dataclass(frozen=True, slots=True)
class RecordClass:
    """A class of the catalogue: its window rule, and whether Credit China gets it within D01."""

    id: str
    catalog_class: str
    name: str
    name_en: str
    citation: str
    grade: str
    window: str
    fields: tuple[Field, ...]
    reported: bool = False


@cache
def edition() -> str:
    """Return the edition of the catalogue whose classes are kept."""
    return str(_data()["edition"])


@cache
def classes() -> Mapping[str, RecordClass]:
    """Return the classes of which records are kept, by id."""
    found = {}
    for row in _data()["class"]:
        parts = tuple(Field(**{**one, "choices": tuple(one.get("choices", ()))}) for one in row["field"])
        stated = {name: value for name, value in row.items() if name != "field"}
        found[row["id"]] = RecordClass(**stated, fields=parts)
    return found


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("service.credit_records").joinpath("data/classes.toml").read_text("utf-8"))


def class_of(class_id: str) -> RecordClass:
    """Return a class of the catalogue.

    Raises:
        OutsideTheCatalog: there is none of this id.
    """
    found = classes().get(class_id)
    if found is None:
        raise OutsideTheCatalog(
            f"{class_id!r} is no class of the catalogue ({edition()}) of which records are kept here.",
            detail_zh="目录之外的信息不得纳入信用记录。",
            classes=sorted(classes()),
        )
    return found


def check_body(kind: RecordClass, body: Mapping[str, Any]) -> None:
    """Refuse a body that does not follow the schema of its class, or that holds personal data.

    Raises:
        BodyRefused: it is so; every wrong field is named.
    """
    known = {field.id: field for field in kind.fields}
    problems = {name: "is no field of this class" for name in body if name not in known}
    for field in kind.fields:
        problem = _problem(field, body.get(field.id))
        if problem is not None:
            problems[field.id] = problem
    if problems:
        told = "; ".join(f"{name} {problem}" for name, problem in sorted(problems.items()))
        raise BodyRefused(
            f"The body of a record of class {kind.id} is refused: {told}.",
            detail_zh="内容不符合该类信息的格式。",
            problems=problems,
        )


def _problem(field: Field, value: object) -> str | None:
    if value is None:
        return "is missing" if field.required else None
    if field.choices:
        return None if value in field.choices else f"must be one of {', '.join(field.choices)}"
    if field.type == "amount":
        is_amount = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
        return None if is_amount else "must be an amount in fen"
    if not isinstance(value, str) or not 0 < len(value.strip()) <= LONGEST:
        return f"must be a text of 1 to {LONGEST} characters"
    return "holds personal data" if scan(value) else None


def natural_key(class_id: str, authority: str, document_key: str | None) -> str | None:
    """Return the key by which a record with a document number is known again; None without one."""
    return None if document_key is None else f"{class_id}|{authority}|{document_key}"


def is_reported(kind: RecordClass, row: Mapping[str, Any]) -> bool:
    """Return whether Credit China gets a record from here: its class is reported, and it is an authority's own."""
    return kind.reported and str(row["source_code"]).startswith("own:")


def speaks_on(kind: RecordClass, row: Mapping[str, Any], *, today: date) -> bool:
    """Return whether a record speaks on a day: it is not withdrawn, and the day lies in its validity where its class has one."""
    if row["state"] != "recorded":
        return False
    if kind.window != "validity":
        return True
    first, last = row["valid_from"] or row["decided_on"], row["valid_until"]
    return bool(first <= today and (last is None or today <= last))
