"""Examples for the documentation of the operations; everything in them is fictitious."""

from typing import Any, Final

CASE: Final[dict[str, Any]] = {
    "uscc": "91500000XY0000012K",
    "record_kind": "penalty",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
    "document_no": "渝示罚〔2026〕12号",
    "authority_code": "cq-market-regulation",
    "state": "ended",
    "version_no": 6,
    "kept_here": True,
    "complete": False,
    "missing": ["service"],
    "pieces": [
        {
            "id": "service",
            "outcome": "missing",
            "found": None,
            "words": "proof of service of the decision",
            "words_zh": "送达回证",
            "citation": "SAMR令45号 art. 8",
            "grade": "verified",
        }
    ],
    "documents": [
        {
            "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c10",
            "kind": "decision",
            "file_name": "决定书.pdf",
            "media_type": "application/pdf",
            "size": 81234,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "added_by": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c00",
            "added_at": "2026-11-24T12:00:00+08:00",
        }
    ],
    "retention": {
        "years": 10,
        "basis": "本机关案卷归档办法（示例）",
        "counts_from": "2027-01-01",
        "until": "2036-12-31",
        "reason": None,
    },
}
PERIOD: Final[dict[str, Any]] = {
    "authority_code": "cq-market-regulation",
    "record_kind": "penalty",
    "years": 10,
    "basis": "本机关案卷归档办法（示例）",
    "effective_from": "2026-11-24",
    "version_no": 1,
}
