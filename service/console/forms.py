"""What a form of the console says, and its errors by field in the reader's language."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from python_multipart.exceptions import FormParserError
from starlette.formparsers import MultiPartException

from service.access.sessions.rules import check_form
from service.problems import InvalidRequest, MalformedBody
from service.strict_json import has_forbidden_character

M = TypeVar("M", bound=BaseModel)

#: Fields that are no part of what was typed: they are not shown again, nor kept over a sign-in.
FORM_TOKEN: Final = "form"  # noqa: S105 - the name of a field
NOT_KEPT: Final = frozenset({FORM_TOKEN, "key"})
MOST_FIELDS: Final = 500


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, as typed."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """Return the first value of a field without blanks round it; empty where there is none."""
        return next(iter(self.values.get(name, ())), "").strip()

    def all(self, name: str) -> list[str]:
        """Return all values of a field that are not empty."""
        return [one.strip() for one in self.values.get(name, ()) if one.strip()]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield what was typed, field by field."""
        for name, values in self.values.items():
            if name not in NOT_KEPT:
                yield from ((name, value) for value in values)


async def read_form(request: Request, *, token: str) -> Form:
    """Return the form of a request that was made for the sign-in with this token.

    Raises:
        ForeignForm: it was made for another sign-in.
        MalformedBody, InvalidRequest: it is no form, or holds characters that cannot be kept.
    """
    form = await read_fields(request)
    check_form(token, form.get(FORM_TOKEN))
    return form


async def read_upload(request: Request, *, token: str) -> Form:
    """Return the fields of a form with a file, made for the sign-in with this token; the file stays in the request.

    Raises:
        ForeignForm: it was made for another sign-in.
        MalformedBody, InvalidRequest: it is no form, or holds characters that cannot be kept.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await read_form(request, token=token)
    try:
        parts = await request.form(max_files=1, max_fields=20)
    except (MultiPartException, FormParserError, KeyError) as error:
        raise MalformedBody(
            "This page takes a form with one file.", detail_zh="此页面接受带一个文件的表单。"
        ) from error
    form = _fields_of([(name, value) for name, value in parts.multi_items() if isinstance(value, str)])
    check_form(token, form.get(FORM_TOKEN))
    return form


async def read_fields(request: Request) -> Form:
    """Return the fields of a form, whoever made it.

    Raises:
        MalformedBody, InvalidRequest: it is no form, or holds characters that cannot be kept.
    """
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise MalformedBody("This page takes a form.", detail_zh="此页面只接受表单。")
    return _fields_of((await request.form(max_fields=MOST_FIELDS)).multi_items())


def _fields_of(pairs: Iterable[tuple[str, Any]]) -> Form:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if not isinstance(value, str) or has_forbidden_character(name) or has_forbidden_character(value):
            raise InvalidRequest("The form holds characters that cannot be kept.", detail_zh="表单中含有不允许的字符。")
        values.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(values)


#: What is wrong with a field, by the kinds of errors of the schemas; others are said in general.
_KINDS: Final[Mapping[str, str]] = {
    "missing": "form.missing",
    "string_too_short": "form.too_short",
    "string_too_long": "form.too_long",
    "too_long": "form.too_long",
    "date_from_datetime_parsing": "form.no_day",
    "date_parsing": "form.no_day",
    "greater_than_equal": "form.too_small",
    "less_than_equal": "form.too_large",
    "enum": "form.choose",
    "literal_error": "form.choose",
}
Errors = dict[str, str]


def fit(model: type[M], values: Mapping[str, Any]) -> tuple[M | None, Errors]:
    """Return what was typed as the API would take it, or None with the key of the words that say what is wrong, by field."""
    try:
        return model.model_validate(values), {}
    except ValidationError as error:
        found: Errors = {}
        for one in error.errors():
            found.setdefault(str(one["loc"][0]) if one["loc"] else "", _KINDS.get(one["type"], "form.malformed"))
        return None, found
