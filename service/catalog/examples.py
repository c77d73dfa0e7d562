"""Examples for the documentation of the catalogue's operations; all bodies and lists in them are fictitious or public."""

from typing import Any, Final

AUTHORITY: Final[dict[str, Any]] = {
    "code": "xingyu-market-regulation",
    "name": "星屿区市场监督管理局",
    "aliases": ["星屿区市场监管局"],
    "uscc": None,
    "system": "market_regulation",
    "division_code": "500000",
    "parent_code": "cq-market-regulation",
    "successor_code": None,
    "effective_from": "2018-10-26",
    "effective_to": None,
    "citation": "机构改革方案（示例）",
}

LIST: Final[dict[str, Any]] = {
    "id": "xingyu-example-list",
    "name": "星屿区示例失信名单",
    "name_en": "Xingyu example list",
    "aliases": [],
    "severity": "notice",
    "legal_basis": "《星屿区社会信用条例》（示例）第九条",
    "basis_level": "local_regulation",
    "list_authority": "星屿区市场监督管理局",
    "scope": "local",
    "catalog_edition": None,
    "effective_from": "2026-01-01",
    "effective_to": None,
    "period_months": 12,
    "grade": "unverified",
    "note": None,
}

SOURCE: Final[dict[str, Any]] = {
    "code": "xingyu-double-publicity",
    "name": "星屿区双公示",
    "owner": "星屿区市场监督管理局",
    "published": True,
    "published_where": "信用中国（星屿）网站",
    "covers": ["penalties:5001"],
    "importing_authorities": ["xingyu-market-regulation"],
    "stale_after_days": 35,
    "licence": None,
    "trust": ["violation_facts:10", "*:50"],
}

REGION: Final[dict[str, Any]] = {
    "code": "500112",
    "name": "渝北区",
    "level": "county",
    "parent_code": "500000",
    "first_edition": "201901",
    "last_edition": "202312",
}

RULE: Final[dict[str, Any]] = {
    "id": "R45-3",
    "kind": "period",
    "citation": "国家市场监督管理总局令第45号 第十三条",
    "grade": "secondary",
    "effective_from": "2021-09-01",
    "effective_to": None,
    "body": {"channel": "gsxt", "max": "P3Y", "clock": "publication_date"},
    "origin": "seed",
    "supersedes": None,
    "entered_at": None,
}

PROPOSED: Final[dict[str, Any]] = {
    "kind": "parameter",
    "body": {
        "id": "low-fine-50-organization",
        "name": "low_fine_threshold",
        "province": "50",
        "party": "organization",
        "below_yuan": 50_000,
        "effective_from": "2021-09-01",
        "citation": "示例：市级数额标准文件",
        "grade": "secondary",
    },
    "supersedes": None,
    "reason": "The amount was published by the authority (example).",
}

PROPOSAL: Final[dict[str, Any]] = PROPOSED | {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c05",
    "rule_id": "low-fine-50-organization",
    "state": "proposed",
    "proposed_by": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c06",
    "proposed_at": "2026-11-24T12:00:00+08:00",
    "decided_by": None,
    "decided_at": None,
    "decision_reason": None,
}


CALENDAR: Final[dict[str, Any]] = {
    "year": 2026,
    "revision": 1,
    "title": "2026年节假日安排",
    "document_no": None,
    "source": "chinesecalendar 1.11.0",
    "loaded_by": "seed",
    "loaded_at": "2026-11-24T12:00:00+08:00",
    "days_off": [{"day": "2026-01-01", "name": "元旦"}],
    "days_worked": [{"day": "2026-01-04", "name": "元旦"}],
    "working_days": 248,
}

NOTICE: Final[dict[str, Any]] = {
    "year": 2027,
    "title": "国务院办公厅关于2027年部分节假日安排的通知（示例）",
    "document_no": None,
    "days_off": [
        {"name": "元旦", "first": "2027-01-01", "last": "2027-01-03"},
        {"name": "劳动节", "first": "2027-05-01", "last": "2027-05-05"},
        {"name": "国庆节", "first": "2027-10-01", "last": "2027-10-07"},
    ],
    "days_worked": [{"name": "劳动节", "first": "2027-05-08"}],
}


def page(item: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    """Return a page with one item."""
    return {"items": [item], "next": cursor}
