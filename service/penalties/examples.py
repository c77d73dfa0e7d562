"""Examples of the API documentation; firm, code and decision are invented."""

from typing import Any, Final

USCC: Final = "91500000XY0000020E"
ID: Final = "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02"
DRAFT: Final[dict[str, Any]] = {
    "authority": "cq-market-regulation",
    "party_name": "重庆禾木贸易有限公司",
    "document_no": "渝星市监罚〔2026〕17号",
    "kinds": ["fine", "confiscation_gains"],
    "fine_fen": 500000,
    "confiscation_fen": 80000,
    "violation_type": "销售侵犯注册商标专用权的商品",
    "violation_facts": "经查，当事人销售侵犯注册商标专用权的商品",
    "legal_basis": "《中华人民共和国商标法》第六十条",
    "penalty_content": "罚款人民币5000元，没收违法所得800元",
    "decided_on": "2026-11-02",
    "valid_until": "2027-11-02",
    "served_on": "2026-11-05",
    "publication_told_on": "2026-11-05",
    "repair_notice_served_on": "2026-11-05",
}
PENALTY: Final[dict[str, Any]] = {
    "id": ID,
    "uscc": USCC,
    "version_no": 4,
    "state": "published",
    "public": True,
    "authority": "重庆市市场监督管理局",
    "authority_code": "cq-market-regulation",
    "party_name": "重庆禾木贸易有限公司",
    "document_no": "渝星市监罚〔2026〕17号",
    "title": None,
    "kinds": ["fine", "confiscation_gains"],
    "fine_fen": 500000,
    "confiscation_fen": 80000,
    "violation_type": "销售侵犯注册商标专用权的商品",
    "violation_facts": "经查，当事人销售侵犯注册商标专用权的商品",
    "legal_basis": "《中华人民共和国商标法》第六十条",
    "penalty_content": "罚款人民币5000元，没收违法所得800元",
    "permit_affected": None,
    "procedure": "ordinary",
    "field": None,
    "decided_on": "2026-11-02",
    "valid_until": "2027-11-02",
    "published_on": "2026-11-09",
    "publish_from": "2026-11-09",
    "publish_until": "2027-11-02",
    "not_public_because": None,
    "rule": "R36-2",
    "rule_grade": "secondary",
    "tier": "general",
    "tier_basis": "没收违法所得",
    "recorded_at": "2026-11-09T09:30:00+08:00",
    "own": None,
}
CHECKLIST: Final[dict[str, Any]] = {
    "points": [
        {
            "id": "personal_data",
            "outcome": "look",
            "found": ["violation_facts is shown redacted"],
            "words": "No identity number, phone, bank account, plate, e-mail or home address is left in a text.",
            "words_zh": "公示文本中无身份证号、电话、银行账号、车牌、邮箱、住址。",
            "citation": "SAMR令45号 art. 6",
            "grade": "verified",
        }
    ],
    "tier": "general",
    "tier_basis": "neither minor nor serious",
    "publish_from": "2026-11-09",
    "publish_until": "2027-11-02",
    "rule": "R36-2",
    "places": [{"field": "violation_facts", "kind": "phone", "start": 12, "end": 23}],
    "redactions": {"violation_facts": "经查，联系电话[已隐去:电话]的当事人……"},
}
REVIEW: Final[dict[str, Any]] = {"penalty": PENALTY | {"state": "submitted", "public": False}, "checklist": CHECKLIST}
BULK_OUTCOME: Final[dict[str, Any]] = {
    "uscc": PENALTY["uscc"],
    "id": PENALTY["id"],
    "approved": False,
    "version_no": None,
    "code": "needs_a_look",
    "detail": "It is approved by itself: personal_data: violation_facts is shown redacted (SAMR令45号 art. 6)",
    "points": CHECKLIST["points"],
}
CORRECTION: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c05",
    "state": "proposed",
    "nature": "content",
    "reason": "罚款金额录入有误",
    "changes": {"fine_fen": 50000},
    "before": {"fine_fen": 500000},
    "proposed_by": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c00",
    "proposed_at": "2026-11-10T09:30:00+08:00",
    "checklist": CHECKLIST,
}
NOTICE: Final[dict[str, Any]] = {
    "document_no": "渝星市监罚〔2026〕17号",
    "authority": "重庆市市场监督管理局",
    "fall": "revoked",
    "reason": "行政复议决定撤销原处罚决定",
    "fell_on": "2026-11-20",
    "shown_from": "2026-11-23",
    "shown_until": "2026-12-23",
}
