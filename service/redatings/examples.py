"""Examples for the documentation of the operations; everything in them is fictitious."""

from typing import Any, Final

_BEFORE: Final[dict[str, Any]] = {
    "gsxt_until": None,
    "gsxt_reason": "undecided_tier",
    "credit_china_until": "2029-05-11",
    "credit_china_reason": None,
    "public_from": None,
    "public_until": None,
    "public_reason": "undecided_tier",
    "tier": "undecided",
}
REDATING: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c07",
    "uscc": "91500000XY0000012K",
    "record_kind": "penalty",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
    "document_no": "渝示罚〔2026〕12号",
    "authority_code": "cq-market-regulation",
    "state": "open",
    "effect": "shown",
    "rule_before": None,
    "rule_after": "R107-1",
    "before": _BEFORE,
    "after": _BEFORE
    | {
        "gsxt_until": "2026-08-20",
        "gsxt_reason": None,
        "public_from": "2026-05-20",
        "public_until": "2026-08-20",
        "public_reason": None,
        "tier": "minor",
    },
    "found_at": "2026-11-24T12:00:00+08:00",
    "decided_by": None,
    "decided_at": None,
    "reason": None,
}
PREVIEW: Final[dict[str, Any]] = {
    "redatings": 12,
    "groups": [
        {
            "authority_code": "cq-market-regulation",
            "effect": "shown",
            "rule_before": None,
            "rule_after": "R107-1",
            "redatings": 12,
            "first_until_before": None,
            "last_until_before": None,
            "first_until_after": "2026-12-01",
            "last_until_after": "2027-02-11",
        }
    ],
}
DECISION: Final[dict[str, Any]] = {
    "decision": "apply",
    "reason": "较低数额罚款标准已公布（示例）",
    "expected": 12,
    "effect": "shown",
}
DECIDED: Final[dict[str, Any]] = {"applied": 12, "kept": 0, "moot": 0}
