"""Examples of the documentation."""

from typing import Any, Final

_DONE: Final[dict[str, Any]] = {
    "screening": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c30",
    "list": "merchants",
    "log_id": "0b3c6a52-8c1e-4a55-9a43-5b0f0d6a7f11",
    "position": 48211,
    "as_of": "2026-11-24T12:00:00+08:00",
    "rows": 2,
    "outcomes": {"listed": 1, "penalised": 0, "clear": 1, "not_covered": 0, "malformed": 0},
    "name_match": {"exact": 1, "former_name": 0, "variant": 0, "differs": 0},
    "warnings": {},
    "sources": [{"source": "city-site", "fresh_to": "2026-11-24"}],
}
SCREENING: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c30",
    "state": "finished",
    "format": "csv",
    "list": "merchants",
    "compared_with": None,
    "file_name": "merchants.csv",
    "file_size": 96,
    "file_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "rows_done": 2,
    "done_share": 100,
    "log_id": "0b3c6a52-8c1e-4a55-9a43-5b0f0d6a7f11",
    "position": 48211,
    "as_of": "2026-11-24T12:00:00+08:00",
    "shown_until": "2029-01-05",
    "sums": _DONE,
    "result_size": 812,
    "result_sha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "problem": None,
    "created_at": "2026-11-24T11:59:58+08:00",
    "finished_at": "2026-11-24T12:00:01+08:00",
    "keep_until": "2026-12-01T11:59:58+08:00",
}
QUEUED: Final[dict[str, Any]] = SCREENING | {
    "state": "queued",
    "rows_done": 0,
    "done_share": 0,
    **dict.fromkeys(
        ("log_id", "position", "as_of", "shown_until", "sums", "result_size", "result_sha256", "finished_at")
    ),
}
RESULT: Final = (
    '# {"screening":"0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c30","position":48211,"rows":1}\n'
    "line,code,uscc,reference,outcome\n2,91500000XY0000012K,91500000XY0000012K,shop-17,listed\n"
)
ENDED: Final[dict[str, Any]] = {"id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02", "ended_on": "2026-11-20"}
