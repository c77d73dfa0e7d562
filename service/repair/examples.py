"""Examples of the API documentation; firm, code and decision are invented."""

from typing import Any, Final

ROUTE: Final = {
    "id": "objection",
    "words": "an objection (异议) with the authority",
    "words_zh": "可向作出机关提出异议",
}
EVENT: Final[dict[str, Any]] = {
    "version_no": 1,
    "command": "file",
    "state": "filed",
    "reason": None,
    "act": None,
    "recorded_at": "2027-02-03T09:30:00+08:00",
}
REPAIR: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c08",
    "uscc": "91500000XY0000020E",
    "version_no": 1,
    "state": "filed",
    "record_kind": "penalty",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "authority_code": "cq-market-regulation",
    "ground": "performance",
    "intake": "gsxt",
    "clock_runs": True,
    "statement": "已缴清罚款并完成整改",
    "commitment": "承诺守法经营",
    "court_document_no": None,
    "filed_at": "2027-03-03T09:30:00+08:00",
    "clock_started_on": "2027-03-03",
    "acceptance_due_on": "2027-03-08",
    "accepted_on": None,
    "decision_due_on": None,
    "provisional": True,
    "rule": None,
    "conditions": [
        {
            "id": "minimum",
            "outcome": "holds",
            "found": "from 2026-11-09 to 2027-02-09 by R107-2",
            "words": "the shortest time of publication has passed",
            "words_zh": "已满最短公示期",
            "citation": "SAMR令107号",
            "grade": "secondary",
        }
    ],
    "decided_on": None,
    "decision_reason": None,
    "decision_basis": None,
    "decision_document_no": None,
    "review_routes": [ROUTE],
    "events": [EVENT],
}
CERTIFICATE: Final[dict[str, Any]] = {
    "repair_id": REPAIR["id"],
    "uscc": REPAIR["uscc"],
    "record_kind": "penalty",
    "record_id": REPAIR["record_id"],
    "document_no": "渝星市监罚〔2026〕17号",
    "authority": "重庆市市场监督管理局",
    "ended_on": "2027-03-10",
    "decision_document_no": "渝星市监修〔2027〕2号",
    "words": "Publication, sharing and use of this record have ended.",
    "words_zh": "该信息已终止公示，停止共享和使用。",
}
OBJECTION: Final[dict[str, Any]] = {
    "id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c09",
    "uscc": "91500000XY0000020E",
    "version_no": 1,
    "state": "open",
    "record_kind": "penalty",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "authority_code": "cq-market-regulation",
    "nature": "inaccurate",
    "statement": "罚款金额与决定书不符",
    "filed_at": "2026-11-24T12:00:00+08:00",
    "received_on": "2026-11-24",
    "due_on": None,
    "provisional": False,
    "hidden": False,
    "decided_on": None,
    "decision_reason": None,
    "review_routes": [ROUTE],
    "events": [EVENT],
}
