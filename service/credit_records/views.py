from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from service.catalog.rules import Catalog
from service.credit_records.rules import class_of, is_reported, speaks_on
from service.records.terms import due_by

#: Reporting permits to Credit China. Source: 发改办财金〔2018〕424号.
REPORTING: Final = "D01"

_TOLD: Final = (
    "id", "uscc", "version_no", "state", "class_id", "authority_code", "party_name", "title", "document_no", "decided_on",
    "valid_from", "valid_until", "body", "reported_on", "reason", "recorded_at",
)  # fmt: skip


def record_view(row: Mapping[str, Any], catalog: Catalog, *, today: date) -> dict[str, Any]:
    """Return a credit record as JSON has it, with the last day for reporting it where its class is reported."""
    kind = class_of(row["class_id"])
    term = due_by(catalog, REPORTING, row["decided_on"]) if is_reported(kind, row) else None
    return {name: row[name] for name in _TOLD} | {
        "catalog_class": kind.catalog_class,
        "source": row["source_code"],
        "speaks": speaks_on(kind, row, today=today),
        "report_due_on": None if term is None else term.on,
        "provisional": term is not None and term.provisional,
    }
