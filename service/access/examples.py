"""Made-up answers for the documentation of the operations on access."""

from typing import Any, Final

ID: Final = "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02"
PRINCIPAL_ID: Final = "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c01"
ADMINISTRATOR_ID: Final = "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c00"
SECOND_ID: Final = "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c08"
AT: Final = "2026-11-24T12:00:00+08:00"

GRANT: Final[dict[str, Any]] = {
    "id": ID,
    "role": "reviewer",
    "authority_code": "cq-market-regulation",
    "from_on": "2026-12-01",
    "until_on": None,
    "granted_by": ADMINISTRATOR_ID,
    "granted_at": AT,
    "confirmed_by": SECOND_ID,
    "confirmed_at": AT,
    "revoked_by": None,
    "revoked_at": None,
}
PRINCIPAL: Final[dict[str, Any]] = {
    "id": PRINCIPAL_ID,
    "name": "desk 3",
    "issuer": None,
    "issuer_subject": None,
    "created_at": AT,
    "blocked_by": None,
    "blocked_at": None,
    "grants": [GRANT],
}
KEY: Final[dict[str, Any]] = {
    "id": ID,
    "principal_id": PRINCIPAL_ID,
    "name": "desk 3",
    "note": "room 402",
    "hint": "xy_1a2b",
    "state": "valid",
    "networks": ["192.0.2.0/24"],
    "created_by": ADMINISTRATOR_ID,
    "created_at": AT,
    "confirmed_by": None,
    "confirmed_at": AT,
    "expires_at": "2027-11-24T12:00:00+08:00",
    "last_used_at": None,
    "rotated_to": None,
    "revoked_at": None,
}
CREATED: Final[dict[str, Any]] = KEY | {"secret": "xy_…"}
CREATE: Final[dict[str, Any]] = {
    "name": "desk 3",
    "note": "room 402",
    "grants": [{"role": "reviewer", "authority_code": "cq-market-regulation", "from_on": "2026-12-01"}],
    "expires_at": "2027-11-24T12:00:00+08:00",
    "networks": ["192.0.2.0/24"],
}
PROPOSAL: Final[dict[str, Any]] = {
    "id": ID,
    "kind": "grant",
    "principal_id": PRINCIPAL_ID,
    "principal": "desk 3",
    "what": "reviewer",
    "authority_code": "cq-market-regulation",
    "proposed_by": ADMINISTRATOR_ID,
    "proposed_at": AT,
}
CONFIRMED: Final[dict[str, Any]] = {
    "id": ID,
    "principal_id": PRINCIPAL_ID,
    "proposed_by": ADMINISTRATOR_ID,
    "confirmed_by": SECOND_ID,
    "confirmed_at": AT,
}
ME: Final[dict[str, Any]] = {
    "principal_id": PRINCIPAL_ID,
    "name": "desk 3",
    "roles": [{"role": "reviewer", "authority_code": "cq-market-regulation", "stands_in": False}],
    "authorities": ["cq-industry-commerce", "cq-market-regulation"],
    "subjects": [],
}
SUBSTITUTION: Final[dict[str, Any]] = {
    "id": ID,
    "kind": "substitute",
    "principal_id": PRINCIPAL_ID,
    "role": "reviewer",
    "authority_code": "cq-market-regulation",
    "for_principal_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c09",
    "from_on": "2026-12-01",
    "until_on": "2026-12-14",
    "basis": "示例局休假安排〔2026〕8号",
    "registered_by": ADMINISTRATOR_ID,
    "registered_at": AT,
    "confirmed_by": SECOND_ID,
    "confirmed_at": AT,
    "ended_by": None,
    "ended_at": None,
}
AUTHORISATION: Final[dict[str, Any]] = {
    "id": ID,
    "uscc": "91500000XY0000012K",
    "principal_id": PRINCIPAL_ID,
    "authority_code": "cq-market-regulation",
    "from_on": "2026-11-24",
    "until_on": "2027-11-23",
    "document": "授权委托书，2026年11月20日",
    "registered_by": ADMINISTRATOR_ID,
    "registered_at": AT,
    "revoked_by": None,
    "revoked_at": None,
}
