"""Examples for the documentation of the operations; everything in them is fictitious."""

from typing import Any, Final

DEADLINE: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "deadline": "D02",
    "event": "GSXT publication, authority and party in the same province",
    "event_zh": "机关与当事人同省：通过国家企业信用信息公示系统公示",
    "citation": "SAMR令45号 art. 9",
    "grade": "verified",
    "rule": "D02",
    "channel": "gsxt",
    "bearer": "authority",
    "authority_code": "cq-market-regulation",
    "division_code": "500000",
    "uscc": "91500000XY0000012K",
    "penalty_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
    "credit_record_id": None,
    "document_no": "渝示罚〔2026〕12号",
    "starts_on": "2026-09-18",
    "due_on": "2026-10-22",
    "provisional": False,
    "state": "open",
    "days_left": 3,
    "overdue": False,
    "met_on": None,
    "late": None,
    "rejected_on": None,
    "rejections": 0,
    "reference": None,
}
DETAIL: Final[dict[str, Any]] = DEADLINE | {
    "skipped": [{"day": "2026-09-19", "holiday": None}, {"day": "2026-10-01", "holiday": "国庆节"}],
    "history": [
        {
            "event": "opened",
            "was_due_on": None,
            "due_on": "2026-10-22",
            "actor": "job",
            "reason": "record",
            "at": "2026-09-18T15:00:00+08:00",
        }
    ],
}
ANSWER: Final[dict[str, Any]] = {"outcome": "accepted", "on": "2026-10-12", "reference": "GSXT-示例-1"}
_COUNTS: Final = {"due": 5, "on_time": 3, "late": 1, "overdue": 0, "running": 1, "rejected": 1, "withheld": 0}
MONTH: Final[dict[str, Any]] = {
    "month": "2026-10",
    "items": [
        {
            "authority_code": "cq-market-regulation",
            "authority": "重庆市市场监督管理局",
            "division_code": "500000",
            "division": "重庆市",
            "total": _COUNTS,
            "deadlines": {"D02": _COUNTS},
        }
    ],
    "next": None,
}
