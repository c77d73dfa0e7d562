"""A list entry as a form: what was typed as the API takes it, and a recorded content as the form shows it."""

from typing import Any, Final, get_args

from schemas.blacklist import EntryFields, FactName
from service.blacklist.rules import EntryContent
from service.console.forms import Errors, Form, fit
from service.personal_data.rules import blank, scan

#: Facts and public forms are fields of their own, under these beginnings.
FACT: Final = "fact-"
REDACTION: Final = "redaction-"
FACTS: Final[tuple[str, ...]] = get_args(FactName)
#: The texts of an entry that its form lets somebody word for the public.
TEXTS: Final = ("grounds", "party_name")
_PLAIN: Final = tuple(name for name in EntryFields.model_fields if name not in {"facts", "redactions"})


def stated_of(form: Form) -> dict[str, Any]:
    """Return the fields of an entry that a form holds, by the names of the API."""
    values: dict[str, Any] = {name: form.get(name) or None for name in _PLAIN if name in form.values}
    facts = {name: form.get(FACT + name) for name in FACTS}
    redactions = {name: form.get(REDACTION + name) for name in TEXTS}
    return values | {
        "facts": {name: text for name, text in facts.items() if text},
        "redactions": {name: text for name, text in redactions.items() if text},
    }


def read_entry(form: Form) -> tuple[dict[str, Any] | None, Errors]:
    """Return what was stated of an entry, by field, or None with what is wrong, by field of the form."""
    fields, errors = fit(EntryFields, stated_of(form))
    return (None if fields is None else fields.stated()), errors


def form_of(content: EntryContent, **more: str) -> Form:
    """Return a content as the form shows it."""
    values: dict[str, list[str]] = {}
    for name in _PLAIN:
        value = getattr(content, name)
        values[name] = [] if value is None else [str(value)]
    values |= {FACT + name: [text] for name, text in content.facts.items()}
    values |= {REDACTION + name: [text] for name, text in content.redactions.items()}
    return Form(values | {name: [value] for name, value in more.items()})


def marked_texts(form: Form) -> list[tuple[str, str]]:
    """Return the texts in which the scan finds personal data, or which have a public form, each with that or a proposal."""
    found = []
    for name in TEXTS:
        text, redaction = form.get(name), form.get(REDACTION + name)
        if text and (redaction or scan(text)):
            found.append((name, redaction or blank(text)))
    return found
