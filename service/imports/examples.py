from typing import Any, Final

IMPORT: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c10",
    "kind": "penalties",
    "authority": "cq-market-regulation",
    "source": "cq-published-penalties",
    "list": None,
    "state": "finished",
    "phase": "done",
    "dry_run": False,
    "file_name": "penalties-2026-11.csv",
    "file_size": 48211,
    "file_sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "rows_read": 120,
    "done_share": 100,
    "accepted": 117,
    "counts": {"outcomes": {"new": 117, "quarantined": 3}, "reasons": {"waiting_subject": 2, "suspect_check18": 1}},
    "table": {"format": "csv", "encoding": "utf-8", "map": "shuanggongshi-2018", "header_line": 1},
    "problem": None,
    "created_at": "2026-11-24T12:00:00+08:00",
    "finished_at": "2026-11-24T12:00:02+08:00",
    "reverted_at": None,
}
QUEUED: Final[dict[str, Any]] = IMPORT | {
    "state": "queued",
    "phase": "queued",
    "rows_read": 0,
    "done_share": 0,
    "accepted": None,
    "counts": None,
    "table": None,
    "finished_at": None,
}
REVERTED: Final[dict[str, Any]] = IMPORT | {"state": "reverted", "reverted_at": "2026-11-24T13:00:00+08:00"}
ROW: Final[dict[str, Any]] = {
    "n": 17,
    "line": 18,
    "file_name": "penalties-2026-11.csv",
    "sheet": None,
    "outcome": "quarantined",
    "reasons": [
        {
            "code": "suspect_check18",
            "words": "The code's check character is wrong.",
            "words_zh": "统一社会信用代码校验位不符。",
            "remedy": "Compare with the licence; correct and resubmit.",
        }
    ],
    "uscc": None,
    "record_id": None,
    "version_no": None,
    "waiting_for": None,
    "content": {"行政相对人名称": "重庆星屿贸易有限公司", "行政相对人代码_1": "91500000XY00000121"},
}
TAKEN_ROW: Final[dict[str, Any]] = ROW | {
    "outcome": "new",
    "reasons": [],
    "uscc": "91500000XY0000012K",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c11",
    "version_no": 1,
    "content": None,
}
