"""Examples for the documentation of subject operations; every subject, code and record in them is made up."""

from typing import Any, Final

USCC: Final = "91500000XY0000012K"

PUT: Final[dict[str, Any]] = {
    "name": "重庆星屿贸易有限公司",
    "registration_status": "active",
    "former_names": ["重庆星屿商行有限公司"],
    "registered_on": "2015-03-02",
    "company_type": "有限责任公司",
    "division_code": "500105",
    "address": "重庆市星屿区示例路1号",
    "registering_authority": "星屿区市场监督管理局",
    "reg_no": "500105000000016",
}

PROVENANCE: Final[dict[str, Any]] = {
    "import_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c00",
    "file": "registry-2026-10.csv",
    "line": 17,
    "source": "xingyu-registry",
    "recorded_at": "2026-10-20T01:02:03Z",
    "fields": [],
}

SUBJECT: Final[dict[str, Any]] = {
    "uscc": USCC,
    "version_no": 2,
    "name": "重庆星屿贸易有限公司",
    "former_names": ["重庆星屿商行有限公司"],
    "registration_status": "active",
    "registered_on": "2015-03-02",
    "cancelled_on": None,
    "company_type": "有限责任公司",
    "legal_representative": None,
    "business_scope": None,
    "division_code": "500105",
    "address": "重庆市星屿区示例路1号",
    "registering_authority": "星屿区市场监督管理局",
    "reg_no": "500105000000016",
    "org_code": None,
    "tax_no": None,
    "succession": None,
    "recorded_at": "2026-10-20T01:02:03Z",
    "source": "xingyu-registry",
}

PAGE: Final[dict[str, Any]] = {
    "items": [
        {
            "uscc": USCC,
            "name": "重庆星屿贸易有限公司",
            "registration_status": "active",
            "successors": [],
            "match": "former",
            "matched": "重庆星屿商行有限公司",
            "matched_kind": "former",
        }
    ],
    "next": None,
    "truncated": False,
}

CREDIT_FILE: Final[dict[str, Any]] = {
    "uscc": USCC,
    "registration": SUBJECT | {"provenance": PROVENANCE},
    "predecessors": [],
    "identifiers": [{"kind": "reg_no", "value": "500105000000016"}],
    "names": [
        {"name": "重庆星屿贸易有限公司", "kind": "registered"},
        {"name": "重庆星屿商行有限公司", "kind": "former"},
    ],
    "penalties": [
        {
            "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
            "state": "published",
            "public": True,
            "versions": 1,
            "authority": "星屿区市场监督管理局",
            "authority_code": "xingyu-market-regulation",
            "party_name": "重庆星屿贸易有限公司",
            "document_no": "渝星市监罚〔2026〕17号",
            "publish_from": "2026-01-12",
            "publish_until": "2029-01-05",
            "rule": "R58-1",
            "rule_grade": "verified",
            "not_public_because": None,
            "flags": None,
            "held_texts": None,
            "remark": None,
            "provenance": PROVENANCE
            | {"file": "penalties-2026-01.xlsx", "line": 4, "source": "xingyu-double-publicity"},
            "kinds": ["fine"],
            "fine_fen": 500000,
            "confiscation_fen": None,
            "title": None,
            "violation_type": "虚假宣传",
            "violation_facts": "当事人在网页上作虚假商业宣传。",
            "legal_basis": "《中华人民共和国反不正当竞争法》第二十条第一款",
            "penalty_content": "罚款人民币伍仟元整",
            "permit_affected": None,
            "procedure": "ordinary",
            "tier": "general",
            "decided_on": "2026-01-05",
            "published_on": "2026-01-12",
            "channels": None,
        }
    ],
    "blacklist_entries": [],
    "credit_records": [],
    "as_of": None,
    "known_at": None,
    "position": 48211,
    "log_id": "0b3c6a52-8c1e-4a55-9a43-5b0f0d6a7f11",
}
