"""The wire form of applications for repair and of objections."""

from collections.abc import Sequence
from typing import Any, Final

from service.models import CaseEvent
from service.records.queries import Row
from service.repair.rules import RepairState, review_routes

View = dict[str, Any]

_CASE: Final = ("id", "uscc", "version_no", "state", "record_kind", "record_id", "authority_code", "statement", "filed_at",
                "provisional", "decided_on", "decision_reason")  # fmt: skip
_REPAIR: Final = ("ground", "intake", "commitment", "court_document_no", "clock_started_on", "acceptance_due_on",
                  "accepted_on", "decision_due_on", "decision_basis", "decision_document_no")  # fmt: skip
_OBJECTION: Final = ("nature", "received_on", "due_on", "hidden")
_DECIDED: Final = frozenset({RepairState.GRANTED, RepairState.REFUSED})


def _events(events: Sequence[CaseEvent]) -> list[View]:
    return [
        {
            "version_no": one.version_no,
            "command": one.command,
            "state": one.state,
            "reason": one.reason,
            "act": one.act,
            "recorded_at": one.recorded_at,
        }
        for one in events
    ]


def is_decided(row: Row) -> bool:
    """Return whether an application is granted or refused, so that its conditions stand as they stood then."""
    return row["state"] in _DECIDED


def repair_view(row: Row, conditions: list[dict[str, str]], events: Sequence[CaseEvent]) -> View:
    """Return an application with its conditions, steps, and the ways to have its decision reviewed."""
    return {name: row[name] for name in (*_CASE, *_REPAIR)} | {
        "clock_runs": row["clock_started_on"] is not None,
        "rule": row["rule_id"],
        "conditions": conditions,
        "review_routes": review_routes(),
        "events": _events(events),
    }


def objection_view(row: Row, events: Sequence[CaseEvent]) -> View:
    """Return an objection with its steps, and the ways to have its decision reviewed."""
    return {name: row[name] for name in (*_CASE, *_OBJECTION)} | {
        "review_routes": review_routes(),
        "events": _events(events),
    }


def certificate_view(row: Row, record: Row) -> View:
    """Return the certificate that the publication of a repaired record has ended."""
    return {
        "repair_id": row["id"],
        "uscc": row["uscc"],
        "record_kind": row["record_kind"],
        "record_id": row["record_id"],
        "document_no": record["document_no"],
        "authority": record["authority_name"],
        "ended_on": row["decided_on"],
        "decision_document_no": row["decision_document_no"],
        "words": "Publication, sharing and use of this record have ended.",
        "words_zh": "该信息已终止公示，停止共享和使用。",
    }
