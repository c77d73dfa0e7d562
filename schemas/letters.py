from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Input, Output
from schemas.penalties import Words


class DocumentWanted(Input):
    """Which document is made, and what its maker states beside the record."""

    template: Words
    facts: dict[Words, Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]] = Field(
        default_factory=dict,
        max_length=20,
        description="Only what `GET /v1/catalog/document-templates` says may be stated.",
    )


class FactOut(Output):
    """Something that a document says."""

    id: str
    words: str
    words_zh: str
    needed: bool
    may_be_stated: bool = Field(description="By whom makes the document, where the record lacks it.")
    day: bool = Field(description="Stated as a day, such as 2026-11-24.")


class TemplateOut(Output):
    """A template of official documents."""

    id: str
    title: str
    record: str
    kind: str
    roles: list[str]
    states: list[str] = Field(description="States of the record in which it is made.")
    citation: str
    facts: list[FactOut]


class TemplatePage(Output):
    """All templates."""

    items: list[TemplateOut]
