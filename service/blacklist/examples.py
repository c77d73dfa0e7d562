"""Examples of the API documentation; firm, code and decision are invented."""

from typing import Any, Final

DRAFT: Final[dict[str, Any]] = {
    "list": "samr-serious",
    "authority": "cq-market-regulation",
    "party_name": "重庆禾木贸易有限公司",
    "grounds": "实施侵害消费者权益的违法行为，受到较重行政处罚",
    "legal_basis": "市场监督管理严重违法失信名单管理办法第二条",
    "evidence": "行政处罚决定书",
    "facts": {"gravity": "性质恶劣、社会危害较大", "field_article": "第九条"},
    "penalties": ["0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02"],
}
ENTRY: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
    "uscc": "91500000XY0000020E",
    "version_no": 5,
    "state": "published",
    "public": True,
    "list": "samr-serious",
    "authority": "重庆市市场监督管理局",
    "authority_code": "cq-market-regulation",
    "party_name": "重庆禾木贸易有限公司",
    "grounds": "实施侵害消费者权益的违法行为，受到较重行政处罚",
    "ground_code": None,
    "legal_basis": "市场监督管理严重违法失信名单管理办法第二条",
    "document_no": "渝星市监列〔2026〕3号",
    "listed_on": "2026-11-20",
    "publish_from": "2026-11-20",
    "publish_until": "2029-11-20",
    "not_public_because": None,
    "rule": "samr-serious",
    "rule_grade": "unverified",
    "recorded_at": "2026-11-20T09:30:00+08:00",
    "own": None,
}
REVOCATION: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c07",
    "uscc": "91500000XY0000020E",
    "entry_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c03",
    "penalty_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "fell_on": "2026-11-20",
    "due_on": "2026-11-25",
    "provisional": False,
    "found": "heavy_penalty: 0 of 1 supporting penalties stand, none of them heavy",
    "state": "open",
    "opened_at": "2026-11-23T09:30:00+08:00",
}
TEST: Final[dict[str, Any]] = {
    "items": [
        {
            "id": "heavy_penalty",
            "holds": True,
            "found": "a fine under the heavier step (从重) of the discretion benchmark",
            "citation": "SAMR令44号 art. 2(1)",
        }
    ],
    "passes": True,
    "consent_needed": False,
    "revocation": None,
}
CORRECTION: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c31",
    "state": "proposed",
    "nature": "content",
    "reason": "列入决定书文号有误",
    "changes": {"document_no": "渝示市监列〔2026〕4号"},
    "before": {"document_no": "渝示市监列〔2026〕3号"},
    "proposed_by": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c00",
    "proposed_at": "2026-11-24T12:00:00+08:00",
}
