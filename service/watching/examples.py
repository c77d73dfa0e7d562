"""Examples of the documentation."""

from typing import Any, Final

WATCHLIST: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c20",
    "version_no": 2,
    "name": "merchants of the main shop",
    "code_count": 2,
    "created_at": "2026-11-24T12:00:00+08:00",
    "changed_at": "2026-11-24T12:01:00+08:00",
}
UPLOADED: Final[dict[str, Any]] = {
    "watchlist": WATCHLIST,
    "lines": 3,
    "codes": 2,
    "duplicates": 0,
    "malformed": 1,
    "malformed_lines": [3],
    "added": 2,
    "removed": 0,
    "changed": 0,
    "unchanged": 0,
}
CODE: Final[dict[str, Any]] = {"uscc": "91500000XY0000012K", "reference": "shop-17"}
LISTED: Final = (
    '{"log_id":"0b3c6a52-8c1e-4a55-9a43-5b0f0d6a7f11","position":48211,"day":"2026-11-24",'
    '"watchlist_id":"0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c20","version_no":2}\n'
    '{"kind":"penalty","uscc":"91500000XY0000012K","id":"0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02","record":{},"reference":"shop-17"}\n'
    '{"count":1}\n'
)
