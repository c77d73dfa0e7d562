"""Examples for the documentation of the operations; everything in them is fictitious."""

from typing import Any, Final

PENALTY: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
    "uscc": "91500000XY0000012K",
    "version_no": 4,
    "inputs": {
        "authority_system": "market_regulation",
        "province": "50",
        "procedure": "ordinary",
        "kinds": ["stop_business"],
        "fine_fen": None,
        "confiscation_fen": None,
        "field": None,
        "party_type": "organization",
        "decided_on": "2026-09-18",
        "published_on": "2026-10-09",
        "stated_until": None,
        "restriction_until": None,
    },
    "tier": {"code": "general", "words": "general (一般)", "words_zh": "一般"},
    "tier_basis": "neither minor nor on a confirmed list of serious kinds",
    "windows": [
        {
            "channel": "public",
            "publish_from": "2026-10-09",
            "publish_until": "2027-10-09",
            "reason": None,
            "rule": "R107-2",
            "instrument": "SAMR order 107",
            "citation": "SAMR令107号, article not confirmed",
            "grade": "unverified",
            "early_stop": "E107",
            "clock": {"event": "publication_date", "day": "2026-10-09", "publish_until": "2027-10-09"},
            "other_clock": {"event": "decision_date", "day": "2026-09-18", "publish_until": "2027-09-18"},
            "flags": [],
            "words": "Shown on this service from 2026-10-09 to 2027-10-09, both days included. 1 year from publication …",
            "words_zh": "本平台自 2026-10-09 至 2027-10-09，首尾两日均展示。自公示之日（2026-10-09）起1年……",
            "by_present_law": None,
        }
    ],
    "deadlines": None,
}

ENTRY: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c04",
    "uscc": "91500000XY0000012K",
    "version_no": 1,
    "inputs": {"listed_on": "2026-01-05", "listed_on_grade": "stated", "removed_on": None, "stated_until": None},
    "list_id": "samr-serious",
    "list_name": "严重违法失信名单",
    "legal_basis": "市场监督管理严重违法失信名单管理办法（市场监管总局令第44号，2021-07-30）",
    "basis_level": "department_rule",
    "period_months": 36,
    "grade": "unverified",
    "note": None,
    "publish_from": "2026-01-05",
    "publish_until": "2029-01-05",
    "reason": None,
    "flags": [],
    "words": "Shown from 2026-01-05 to 2029-01-05, both days included. 3 years from the listing on 2026-01-05: …",
    "words_zh": "自 2026-01-05 至 2029-01-05，首尾两日均展示。自列入之日（2026-01-05）起3年……",
}
