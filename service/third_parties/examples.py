"""Made-up answers for the documentation of the operations on third-party services."""

from typing import Any, Final

AT: Final = "2026-11-24T12:00:00+08:00"
TERMS: Final[dict[str, Any]] = {
    "version": "2026-11",
    "duties": [{"id": "source", "en": "Show where each record comes from.", "zh": "展示每条信息的来源。"}],
}
REGISTER: Final[dict[str, Any]] = {
    "name": "示例信用查询",
    "operator": "示例征信有限公司",
    "url": "https://credit.example/",
    "terms_version": "2026-11",
}
FILING: Final[dict[str, Any]] = {
    "filing": "filed",
    "filing_no": "渝信备〔2026〕1号",
    "filed_with": "示例主管部门",
    "filed_on": "2026-10-12",
}
SERVICE: Final[dict[str, Any]] = (
    REGISTER
    | FILING
    | {
        "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c10",
        "principal_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c11",
        "version_no": 2,
        "terms_accepted_at": AT,
        "state": "active",
        "suspended_reason": None,
        "suspended_at": None,
        "registered_at": AT,
    }
)
_RECORD: Final = "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02"
SEEN: Final[dict[str, Any]] = {"seen_on": "2026-11-24", "seen": [{"uscc": "91500000XY0000012K", "id": _RECORD}]}
CHECK: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c12",
    "seen_on": "2026-11-24",
    "sample": 50,
    "shown": 48,
    "ended": 1,
    "late": 1,
    "unknown": 1,
    "found": [{"id": _RECORD, "ended_on": "2026-11-20", "late": True}],
    "checked_by": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c13",
    "checked_at": AT,
}
COMPLAINED: Final[dict[str, Any]] = {
    "duty": "take_down",
    "statement": "停止公示后仍可查询",
    "received_on": "2026-11-24",
}
COMPLAINT: Final[dict[str, Any]] = COMPLAINED | {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c14",
    "answer_by": "2026-12-15",
    "outcome": None,
    "reason": None,
    "entered_at": AT,
    "settled_at": None,
}
USAGE: Final[dict[str, Any]] = {
    "day": "2026-11-24",
    "items": [{"operation": "POST /v1/status/batch", "outcome": "ok", "requests": 12, "codes": 120000}],
}
