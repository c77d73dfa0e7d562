from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from service.credit_records.rules import class_of, speaks_on

_TOLD: Final = (
    "id", "uscc", "version_no", "state", "class_id", "authority_code", "party_name", "title", "document_no", "decided_on",
    "valid_from", "valid_until", "body", "provisional", "reported_on", "reason", "recorded_at",
)  # fmt: skip


def record_view(row: Mapping[str, Any], *, today: date) -> dict[str, Any]:
    """Return a credit record as JSON has it."""
    kind = class_of(row["class_id"])
    return {name: row[name] for name in _TOLD} | {
        "catalog_class": kind.catalog_class,
        "source": row["source_code"],
        "speaks": speaks_on(kind, row, today=today),
        "report_due_on": row["due_on"],
    }
