from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from schemas.base import Input, Output
from schemas.penalties import Code, Reason, Words


class RecordStated(Input):
    """What is stated of a record; the body follows the schema of its class."""

    class_id: Words = Field(description="A class of the catalogue, see `/v1/catalog/record-classes`.")
    party_name: Words
    title: Words
    document_no: Words | None = None
    decided_on: date
    valid_from: date | None = None
    valid_until: date | None = None
    body: dict[str, Any] = Field(max_length=50)


class RecordMade(RecordStated):
    """A record, and in whose name it is made."""

    authority: Code | None = Field(default=None, description="May be left out by who records for one only.")


class RecordCorrected(RecordStated):
    """The record stated anew, and why."""

    reason: Reason


class ReportedOn(Input):
    """The day on which Credit China accepted it."""

    reported_on: date


class CreditRecordOut(Output):
    """A credit record of a further class; it never makes an outcome of a status."""

    id: UUID
    uscc: str
    version_no: int
    state: Literal["recorded", "withdrawn"]
    class_id: str
    catalog_class: str
    authority_code: str
    source: str
    party_name: str
    title: str
    document_no: str | None
    decided_on: date
    valid_from: date | None
    valid_until: date | None
    speaks: bool = Field(description="Whether it is not withdrawn and its validity holds today.")
    body: dict[str, Any]
    report_due_on: date | None = Field(description="Last day for reporting it to Credit China (D01).")
    provisional: bool
    reported_on: date | None
    reason: str | None
    recorded_at: datetime


class CreditRecordList(Output):
    """The records of a subject that the key may see, by class and day."""

    items: list[CreditRecordOut]


class FieldOut(Output):
    """A field of a class; `column` is its column in the 双公示 table."""

    id: str
    type: str
    required: bool
    choices: list[str]
    column: str | None


class RecordClassOut(Output):
    """A class of the catalogue, with the schema of its records."""

    id: str
    catalog_class: str
    name: str
    name_en: str
    citation: str
    grade: str
    window: Literal["validity", "until_withdrawn"]
    reported: bool
    fields: list[FieldOut]


class RecordClasses(Output):
    """All classes of which records are kept here."""

    edition: str
    items: list[RecordClassOut]


class DistrictCovered(Output):
    """Registered subjects of a district."""

    district: str
    subjects: int


class SourceCovered(Output):
    """Penalties of a source."""

    source: str | None
    records: int


class ClassCovered(Output):
    """Records of a class by their supplier."""

    class_id: str
    authority_code: str
    records: int
    subjects: int
    last_at: datetime


class Coverage(Output):
    """What is covered: subjects, districts, suppliers, classes."""

    districts: list[DistrictCovered]
    penalty_sources: list[SourceCovered]
    classes: list[ClassCovered]
    classes_without_records: list[str]
