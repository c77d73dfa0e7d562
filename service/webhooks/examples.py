"""Examples of the documentation."""

from typing import Any, Final

WEBHOOK: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c10",
    "version_no": 1,
    "url": "https://shop.example/hooks/xinyong",
    "description": "merchants of the main shop",
    "contact": "integration@shop.example",
    "kinds": ["penalty", "blacklist_entry"],
    "regions": ["500"],
    "lists": [],
    "watchlist_id": None,
    "state": "active",
    "disabled_at": None,
    "disabled_because": None,
    "position": 48211,
    "waiting": 0,
    "failing_since": None,
    "paused_until": None,
    "secrets": [
        {
            "number": 1,
            "public_key": "whpk_1ODwKV2cCMB3SvG3OavSpvYMSHJuGL4Ik8WVx7oeTPY=",
            "made_at": "2026-11-24T12:00:00+08:00",
            "signs_until": None,
        }
    ],
    "created_at": "2026-11-24T12:00:00+08:00",
    "changed_at": "2026-11-24T12:00:00+08:00",
}
MADE: Final[dict[str, Any]] = {**WEBHOOK, "secret": "whsec_…"}
CREATE: Final[dict[str, Any]] = {
    name: WEBHOOK[name] for name in ("url", "description", "contact", "kinds", "regions", "lists", "watchlist_id")
}
DELIVERY: Final[dict[str, Any]] = {
    "number": 912,
    "message_id": "0b3c6a52-8c1e-4a55-9a43-5b0f0d6a7f11:48208",
    "position": 48208,
    "state": "delivered",
    "made_at": "2026-11-24T12:00:00+08:00",
    "attempts": 1,
    "next_at": None,
    "last_status": 204,
    "last_problem": None,
    "took_ms": 12,
    "done_at": "2026-11-24T12:00:00+08:00",
}
TEST: Final[dict[str, Any]] = {
    **DELIVERY,
    "number": 913,
    "message_id": "test:913",
    "position": None,
    "state": "waiting",
    "attempts": 0,
    "next_at": "2026-11-24T12:00:00+08:00",
    "last_status": None,
    "took_ms": None,
    "done_at": None,
}
ACKNOWLEDGED: Final[dict[str, Any]] = {"confirmed": 1, "before": 0, "owed": 0}
OVERDUE: Final[dict[str, Any]] = {
    "platform_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c11",
    "platform": "shop",
    "webhook_id": WEBHOOK["id"],
    "position": 48210,
    "asked_at": "2026-11-23T11:00:00+08:00",
    "due_at": "2026-11-24T11:00:00+08:00",
}
