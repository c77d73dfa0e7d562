"""The wire form of spot checks and of what they draw."""

from typing import Any, Final

from service.models import SpotCheck
from service.spot_checks.queries import Row

_CHECK: Final = (
    "id", "version_no", "state", "authority_code", "title", "period_from", "period_until", "per_authority", "seed_source",
    "form_edition", "population", "population_digest", "seed", "announced_at", "drawn_at",
)  # fmt: skip
_ITEM: Final = (
    "id", "check_id", "version_no", "state", "key", "authority_code", "record_version", "scores", "findings", "scored_at",
    "answer", "closed",
)  # fmt: skip


def check_view(check: SpotCheck) -> dict[str, Any]:
    """Return a check as everybody may read it."""
    return {name: getattr(check, name) for name in _CHECK}


def item_view(row: Row) -> dict[str, Any]:
    """Return a drawn record; code, id and number are null where the record may not be seen any more."""
    seen = row["seen_id"] is not None
    return {name: row[name] for name in _ITEM} | {
        "uscc": row["uscc"] if seen else None,
        "penalty_id": row["record_id"] if seen else None,
        "document_no": row["document_no"],
    }
