"""Made-up answers for the documentation of the operations on feeds."""

from typing import Any, Final

AT: Final = "2026-11-24T12:00:00+08:00"
FEED: Final[dict[str, Any]] = {
    "id": "cq-creditchina",
    "name": "信用中国（重庆） 双公示",
    "direction": "out",
    "state": "active",
    "version_no": 1,
    "target": "credit_china",
    "connected": True,
    "transport": "sftp",
    "shape": "shuanggongshi-2018",
    "counts": {"accepted": 18211, "sent": 12, "rejected": 1, "dead": 1},
    "position": 48211,
    "failures": 0,
    "retry_at": None,
    "trouble": None,
    "worked_at": AT,
    "answered_at": AT,
    "reconciled_at": AT,
    "is_equal": True,
}
ITEM: Final[dict[str, Any]] = {
    "uscc": "91500000XY0000012K",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "record_kind": "penalty",
    "wanted": "show",
    "operation": "report",
    "state": "rejected",
    "dead": True,
    "due_on": "2026-11-30",
    "attempts": 1,
    "queued_at": AT,
    "sent_at": AT,
    "accepted_on": None,
    "file_name": "cq-creditchina-20261124-00000007.csv",
    "mapping": "shuanggongshi-2018/1",
    "reason_code": "1001",
    "reason": "未查询到主体或查询到的主体信息不匹配",
}
BATCH: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
    "number": 7,
    "operation": "report",
    "file_name": "cq-creditchina-20261124-00000007.csv",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "row_count": 12,
    "mapping": "shuanggongshi-2018/1",
    "state": "sent",
    "made_at": AT,
    "sent_at": AT,
    "problem": None,
}
DIFFERENCE: Final[dict[str, Any]] = {
    "kind": "ended_still_shown",
    "row_key": "11500000XY0000090A|渝示罚〔2025〕7号|91500000XY0000012K",
    "uscc": "91500000XY0000012K",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "first_seen_at": AT,
    "seen_at": AT,
    "settled_at": None,
}
