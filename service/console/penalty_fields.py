"""A penalty as a form: what was typed as the API takes it, and a recorded content as the form shows it."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from schemas.penalties import PenaltyFields
from service.console.forms import Errors, Form, fit
from service.penalties.rules import TEXTS, Content
from service.personal_data.rules import blank, scan
from service.web.rules import FEN_PER_YUAN

#: Amounts are typed in yuan and kept in fen.
AMOUNTS: Final[Mapping[str, str]] = {"fine": "fine_fen", "confiscation": "confiscation_fen"}
REDACTION: Final = "redaction-"
_PLAIN: Final = tuple(
    name for name in PenaltyFields.model_fields if name not in {"kinds", "redactions", *AMOUNTS.values()}
)


def read_penalty(form: Form) -> tuple[dict[str, Any] | None, Errors]:
    """Return what was stated of a penalty, by field, or None with what is wrong, by field of the form."""
    values: dict[str, Any] = {name: form.get(name) or None for name in _PLAIN if name in form.values}
    errors: Errors = {}
    for typed, name in AMOUNTS.items():
        if typed in form.values:
            try:
                values[name] = read_yuan(form.get(typed))
            except ValueError:
                errors[typed] = "form.no_amount"
    if "procedure" in values and values["procedure"] is None:
        del values["procedure"]
    values["kinds"] = form.all("kinds")
    redactions = {name: form.get(REDACTION + name) for name in TEXTS}
    values["redactions"] = {name: text for name, text in redactions.items() if text}
    fields, found = fit(PenaltyFields, values)
    errors = found | errors
    return (None if fields is None or errors else fields.stated()), errors


def marked_texts(form: Form) -> list[tuple[str, str]]:
    """Return the texts in which the scan finds personal data, or which have a public form, each with that or a proposal."""
    found = []
    for name in TEXTS:
        text, redaction = form.get(name), form.get(REDACTION + name)
        if text and (redaction or scan(text)):
            found.append((name, redaction or blank(text)))
    return found


def read_yuan(text: str) -> int | None:
    """Return an amount of yuan in fen, None for nothing.

    Raises:
        ValueError: it is no amount, or finer than a fen.
    """
    plain = text.replace(",", "").replace("，", "").replace("元", "").strip()
    if not plain:
        return None
    try:
        fen = Decimal(plain) * FEN_PER_YUAN
    except InvalidOperation:
        raise ValueError(f"{text!r} is no amount") from None
    if not fen.is_finite() or not 0 <= fen <= 10**15 or fen != fen.to_integral_value():
        raise ValueError(f"{text!r} is no amount of yuan and fen")
    return int(fen)


def form_of(content: Content, **more: str) -> Form:
    """Return a content as the form shows it."""
    values: dict[str, list[str]] = {}
    for name in _PLAIN:
        value = getattr(content, name)
        values[name] = [] if value is None else [str(value)]
    for typed, name in AMOUNTS.items():
        fen = getattr(content, name)
        values[typed] = [] if fen is None else [f"{Decimal(fen) / FEN_PER_YUAN:.2f}".removesuffix(".00")]
    values["kinds"] = list(content.kinds)
    values |= {REDACTION + name: [text] for name, text in content.redactions.items()}
    return Form(values | {name: [value] for name, value in more.items()})
