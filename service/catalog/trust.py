"""Which source is believed where two disagree, field by field.

A source bears ranks as `FIELD:RANK`, and one for all other fields as `*:RANK`; 1 is believed most, a field without a rank has
`UNRANKED`. What an authority states of its own act is believed before any other source.
"""

import re
from collections.abc import Iterable
from typing import Final

from service.errors import Invalid

#: The fields that a rank may speak of, by kind of record, with the columns that go together. Names, numbers and whatever a window
#: of publication follows from are not among them: where sources disagree about those, a person decides.
TRUSTED: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "subject": {
        "registration_status": ("registration_status",),
        "registered_on": ("registered_on",),
        "cancelled_on": ("cancelled_on",),
        "company_type": ("company_type",),
        "legal_representative": ("legal_representative",),
        "registered_capital": ("capital_minor", "capital_currency", "capital_text"),
        "business_scope": ("business_scope",),
        "division_code": ("division_code", "region_text"),
        "registered_address": ("registered_address",),
        "registering_authority": ("registering_authority",),
    },
    "penalty": {
        name: (name,)
        for name in (
            *("title", "violation_facts", "legal_basis", "penalty_content", "permit_affected", "discretion_step"),
            *("valid_until", "source_org", "remark"),
        )
    },
    "blacklist_entry": {"document_no": ("document_no",), "removal_document_no": ("removal_document_no",)},
    "credit_record": {},
}
UNRANKED: Final = 100
_ENTRY: Final = re.compile(r"(\*|[a-z_]+):([1-9][0-9]?)")


class BadTrust(Invalid):
    """A `trust` entry is not `FIELD:RANK` or `*:RANK` with a rank from 1 to 99, or names a field that no rank decides."""

    code = "bad_trust"


def parse_trust(entry: str) -> tuple[str, int]:
    """Return field (or `*`) and rank of an entry.

    Raises:
        BadTrust: it has another form, or the field is none that a rank decides.
    """
    found = _ENTRY.fullmatch(entry)
    fields = sorted({name for fields in TRUSTED.values() for name in fields})
    if found is None or found[1] not in {"*", *fields}:
        raise BadTrust(
            f"trust is {entry!r}; it is FIELD:RANK with a rank from 1 (believed most) to 99, and the field * or one of"
            f" {', '.join(fields)}.",
            detail_zh="信任级别应为“字段:1至99”，或“*:1至99”。",
        )
    return found[1], int(found[2])


def check_trust(entries: Iterable[str]) -> None:
    """Refuse ranks that say nothing, or two for one field.

    Raises:
        BadTrust: see `parse_trust`.
    """
    fields = [parse_trust(entry)[0] for entry in entries]
    twice = sorted({name for name in fields if fields.count(name) > 1})
    if twice:
        raise BadTrust(f"trust gives {', '.join(twice)} more than one rank.", detail_zh="同一字段的信任级别重复。")
