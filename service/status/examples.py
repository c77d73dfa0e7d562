"""Examples for the documentation of status operations; every subject, code and record in them is made up."""

from typing import Any, Final

FRAME: Final[dict[str, Any]] = {
    "as_of": "2026-11-24T12:00:00+08:00",
    "known_at": "2026-11-24T11:58:21.402113+08:00",
    "position": 48211,
    "log_id": "0b3c6a52-8c1e-4a55-9a43-5b0f0d6a7f11",
    "sources": [
        {"source": "xingyu-double-publicity", "fresh_to": "2026-11-23"},
        {"source": "xingyu-registry", "fresh_to": "2026-11-20"},
    ],
}

ITEM: Final[dict[str, Any]] = {
    "uscc": "91500000XY0000012K",
    "outcome": "listed",
    "reason": None,
    "name": "重庆星屿贸易有限公司",
    "registration": {"status": "active", "since": "2015-03-02"},
    "blacklist_entries": [
        {
            "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
            "list": "samr-serious",
            "list_name": "市场监督管理严重违法失信名单",
            "severity": "serious",
            "grounds": "实施侵害消费者权益的违法行为",
            "authority": "星屿区市场监督管理局",
            "document_no": "渝星市监列〔2026〕3号",
            "listed_on": "2026-01-05",
            "publish_until": "2029-01-05",
        }
    ],
    "penalties": [
        {
            "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
            "document_no": "渝星市监罚〔2026〕17号",
            "kinds": ["fine"],
            "authority": "星屿区市场监督管理局",
            "decided_on": "2026-01-05",
            "publish_from": "2026-01-12",
            "publish_until": "2029-01-05",
            "fine_fen": 500000,
        }
    ],
    "warnings": [],
}

CLEAR_ITEM: Final[dict[str, Any]] = ITEM | {
    "uscc": "91500000XY0000020E",
    "outcome": "clear",
    "name": "重庆月湾食品有限公司",
    "blacklist_entries": [],
    "penalties": [],
}

FAILED_ITEM: Final[dict[str, Any]] = {
    "uscc": "915O0000XY0000012K",
    "error": {
        "code": "malformed_uscc",
        "detail": "Character 4 is the letter O, which credit codes do not have.",
        "suggestion": "91500000XY0000012K",
    },
}

ANSWER: Final[dict[str, Any]] = ITEM | FRAME
QUESTION: Final[dict[str, Any]] = {"uscc": "91500000XY0000012K", "name": "重庆星屿贸易有限公司"}
BATCH: Final[dict[str, Any]] = FRAME | {"results": [ITEM, CLEAR_ITEM, FAILED_ITEM]}
BATCH_QUESTION: Final[dict[str, Any]] = {"codes": ["91500000XY0000012K", "91500000XY0000020E", "915O0000XY0000012K"]}
