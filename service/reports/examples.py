"""Examples of the documentation."""

from typing import Any, Final

AT: Final = "2026-11-24T12:00:00+08:00"
_PLATFORM: Final = "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c10"
_AUTHORITY: Final = "cq-market-regulation"
_KID: Final = "9HoRFFUs9eI373qfoO5tr7QTA6NCgpmzcFTQAv-0sxs"
JWK: Final[dict[str, str]] = {"kty": "OKP", "crv": "X25519", "x": "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}
KEY: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c20",
    "authority": _AUTHORITY,
    "kid": _KID,
    "jwk": JWK,
    "state": "in_use",
    "version_no": 1,
    "registered_at": AT,
    "seals_until": None,
    "retired_at": None,
}
TEMPLATES: Final[dict[str, Any]] = {
    "items": [
        {
            "kind": "lead",
            "name": "Leads about violations",
            "name_zh": "违法行为线索",
            "citation": "电子商务法 art. 29",
            "one_of": ["uscc", "id_number"],
            "fields": [
                {
                    "id": "shop_name",
                    "zh": "网店名称",
                    "en": "name of the shop",
                    "kind": "text",
                    "needed": "always",
                }
            ],
        }
    ]
}
REPORT: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c21",
    "envelope_id": "5d0f0a44-93ad-4e83-a7a0-6ea5d8a2f3c1",
    "platform": _PLATFORM,
    "authority": _AUTHORITY,
    "version_no": 1,
    "kind": "identity",
    "period_from": "2026-01-01",
    "period_until": "2026-06-30",
    "counts": {"rows": 120, "registered": 100, "unregistered": 20},
    "part": 1,
    "parts": 1,
    "request_id": None,
    "kid": _KID,
    "digest": "22307ba72a91e5859836de6c1b7d0573f3ae8d2e5aea355aa7be49da4bd98c11",
    "bytes_count": 81234,
    "due_on": "2026-07-31",
    "late": True,
    "receipt": "eyJhbGciOiJFZDI1NTE5Ii…",
    "received_at": AT,
    "state": "received",
    "reasons": [],
    "settled_at": None,
    "erased_at": None,
}
SETTLED: Final[dict[str, Any]] = REPORT | {
    "state": "returned",
    "reasons": ["counts_differ"],
    "settled_at": AT,
    "version_no": 2,
}
REQUESTED: Final[dict[str, Any]] = {
    "platform": _PLATFORM,
    "kind": "assistance",
    "statement": "请提供本机关第12号协查函所列店铺的信息",
    "legal_basis": "电子商务法 art. 25",
    "working_days": 5,
}
REQUEST: Final[dict[str, Any]] = REQUESTED | {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c22",
    "authority": _AUTHORITY,
    "version_no": 1,
    "due_on": "2026-12-01",
    "due_provisional": False,
    "state": "open",
    "overdue": False,
    "made_at": AT,
    "answered_at": None,
    "reminded_at": None,
    "ended_at": None,
}
PLATFORM: Final[dict[str, Any]] = {"id": _PLATFORM, "name": "示例商城"}
MISSING: Final[dict[str, Any]] = {
    "period_from": "2026-01-01",
    "period_until": "2026-06-30",
    "due_on": "2026-07-31",
    "overdue": True,
    "items": [
        {
            "authority": _AUTHORITY,
            "platform": _PLATFORM,
            "name": "示例商城",
            "last_reported": "2025-12-31",
            "came": 0,
            "parts": 1,
        }
    ],
}
COUNTS: Final[dict[str, Any]] = {
    "month": "2026-11-01",
    "items": [
        {
            "authority": _AUTHORITY,
            "kind": "identity",
            "reports": 4,
            "platforms": 3,
            "rows": 48211,
            "late": 1,
            "returned": 0,
            "unsettled": 2,
        }
    ],
    "requests": [{"authority": _AUTHORITY, "open": 3, "overdue": 1}],
}
MEASURED: Final[dict[str, Any]] = {
    "authority": _AUTHORITY,
    "uscc": "91500000XY0000012K",
    "shop_name": "示例旗舰店",
    "violation": "发布虚假商品信息",
    "measure": "suspension",
    "url": "https://shop.example/notices/17",
    "taken_on": "2026-11-20",
    "published_on": "2026-11-23",
    "until_on": "2026-12-20",
}
MEASURE: Final[dict[str, Any]] = MEASURED | {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c23",
    "platform": _PLATFORM,
    "version_no": 1,
    "publish_by": "2026-11-23",
    "late": False,
    "overdue": False,
    "registered_at": AT,
    "taken_down_on": None,
    "taken_down_because": None,
}
