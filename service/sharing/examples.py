"""Made-up answers for the documentation of the operations on sharing."""

from typing import Any, Final

AT: Final = "2026-11-24T12:00:00+08:00"
REQUEST: Final[dict[str, Any]] = {
    "owner_code": "cq-environment",
    "kinds": ["penalties"],
    "purpose": "联合检查网络销售危险化学品",
    "from_on": "2026-12-01",
    "until_on": "2027-11-30",
}
REQUESTED: Final[dict[str, Any]] = REQUEST | {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "requester_code": "cq-market-regulation",
    "state": "requested",
    "requested_by": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c01",
    "requested_at": AT,
    "decided_by": None,
    "decided_at": None,
    "reason": None,
    "revoked_by": None,
    "revoked_at": None,
    "revoked_because": None,
}
AGREEMENT: Final[dict[str, Any]] = REQUESTED | {
    "state": "approved",
    "until_on": "2027-06-30",
    "decided_by": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c07",
    "decided_at": AT,
    "reason": "执法协作需要",
}
REVOKED: Final[dict[str, Any]] = AGREEMENT | {
    "state": "revoked",
    "revoked_by": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c07",
    "revoked_at": AT,
    "revoked_because": "专项行动结束",
}
SUPPLY: Final[dict[str, Any]] = {
    "authority_code": "cq-environment",
    "kind": "penalties",
    "description": "全部行政处罚决定",
    "every_days": 7,
    "version_no": 1,
    "stated_at": AT,
    "last_delivered_at": AT,
}
