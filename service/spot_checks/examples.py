"""Examples for the documentation of the operations; everything in them is fictitious."""

from typing import Any, Final

_IDS: Final = "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c"
PLAN: Final[dict[str, Any]] = {
    "title": "2026年第四季度行政处罚公示质量抽查",
    "period_from": "2026-10-01",
    "period_until": "2026-11-20",
    "per_authority": 20,
    "seed_source": "2026年11月25日双色球开奖号码",
}
CHECK: Final[dict[str, Any]] = {
    "id": f"{_IDS}20",
    "version_no": 2,
    "state": "drawn",
    "authority_code": "cq-credit-office",
    **PLAN,
    "form_edition": "1",
    "population": 5120,
    "population_digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "seed": "03 09 14 20 26 31 + 07",
    "announced_at": "2026-11-24T12:00:00+08:00",
    "drawn_at": "2026-11-26T09:00:00+08:00",
}
MEMBER: Final[dict[str, Any]] = {
    "authority_code": "cq-market-regulation",
    "key": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
}
SCORES: Final[dict[str, Any]] = {
    "scores": {"identical": 20, "fields": 20, "redaction": 20, "tier": 10, "in_time": 5, "notices": 10},
    "findings": [{"point": "in_time", "text": "公示晚于决定之日起二十个工作日"}],
}
ITEM: Final[dict[str, Any]] = {
    "id": f"{_IDS}21",
    "check_id": f"{_IDS}20",
    "version_no": 2,
    "state": "returned",
    "key": MEMBER["key"],
    "authority_code": "cq-market-regulation",
    "uscc": "91500000XY0000012K",
    "penalty_id": f"{_IDS}03",
    "document_no": "渝示罚〔2026〕12号",
    "record_version": 4,
    **SCORES,
    "scored_at": "2026-11-26T10:00:00+08:00",
    "answer": None,
    "closed": None,
}
ANSWER: Final[dict[str, Any]] = {"outcome": "disputed", "reason": "逾期系系统对接故障，已另行说明"}
CLOSE: Final[dict[str, Any]] = {"accepted": True, "reason": "说明成立"}
COMPARED: Final[dict[str, Any]] = {
    "check_id": f"{_IDS}20",
    "period_from": "2026-10-01",
    "period_until": "2026-11-20",
    "authority_code": "cq-market-regulation",
    "drawn": 20,
    "scored": 20,
    "share": 94.5,
    "shares": {"identical": 100.0, "fields": 97.5, "redaction": 99.0, "tier": 90.0, "in_time": 81.0, "notices": 100.0},
    "findings": 3,
    "open": 1,
    "corrected": 2,
}
