"""The wire form of penalties: what is public, and what the authority's own people see beside it."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from service.access.rules import AUTHORITY_ROLES, Actor
from service.access.seen import is_shown
from service.models import PenaltyCorrection, WithdrawalNotice
from service.penalties.actions import standing_of
from service.penalties.actions.reviews import Approved
from service.penalties.rules import FIELDS, MAY_PROPOSE, MAY_REJECT, MOVES, TEXTS, content_of, from_json
from service.penalties.rules.gate import Checklist, checklist_view
from service.records.queries import Row
from service.records.rules import possible_moves, table
from service.records.versions import Sides, compare, told_versions

View = dict[str, Any]

#: Commands of the API; the repair room ends records by itself.
OFFERED: Final = table((*(move for name, move in MOVES.items() if name != "repair"), MAY_PROPOSE, MAY_REJECT))
_PUBLIC: Final = (
    "id", "uscc", "version_no", "state", "kinds", "fine_fen", "confiscation_fen", *TEXTS, "procedure", "field", "decided_on",
    "valid_until", "published_on", "tier", "tier_basis", "recorded_at", "authority_code",
)  # fmt: skip
_OWN: Final = (
    "legal_representative", "remark", "source_org", "served_on", "publication_told_on", "repair_notice_served_on",
    "restriction_until", "display_exception", "display_exception_until", "withheld_until", "recorders", "reviewer", "command",
    "reason", "basis", "effective_on", "act",
)  # fmt: skip


def is_own(row: Row, actor: Actor) -> bool:
    """Return whether the actor sees the record in full: its authority's own people, those above it, and auditors."""
    return actor.audits_everything or row["authority_code"] in actor.sees_records_of


def marks(row: Row) -> list[str]:
    """Return the marks of a record that are no part of a version: that an objection to it is open, where that was asked."""
    return ["objection_open"] if row.get("objected") else []


def penalty_view(row: Row, *, actor: Actor, today: date) -> View:
    """Return a penalty as the actor may see it; texts held back are null for everybody but its own people."""
    own = is_own(row, actor)
    hidden = () if own or row["uscc"] in actor.subjects else row["held_texts"]
    view = {name: None if name in hidden else row[name] for name in _PUBLIC}
    return view | {
        "public": is_shown(row, on=today),
        "authority": row["authority_name"],
        "publish_from": row["public_from"],
        "publish_until": row["public_until"],
        "not_public_because": row["public_reason"],
        "rule": row["public_rule"],
        "rule_grade": row["public_grade"],
        "own": _own_part(row, actor) if own else None,
    }


def _own_part(row: Row, actor: Actor) -> View:
    of_authority = actor.acts_for(row["authority_code"], *AUTHORITY_ROLES)
    return {name: row[name] for name in _OWN} | {
        "redactions": row["redactions"] or {},
        "originals": row["originals"] if of_authority else None,
        "flags": [*row["flags"], *row["window_flags"], *marks(row)],
        "channels": {
            channel: {
                "publish_from": row[f"{channel}_from"],
                "publish_until": row[f"{channel}_until"],
                "rule": row[f"{channel}_rule"],
                "grade": row[f"{channel}_grade"],
                "reason": row[f"{channel}_reason"],
            }
            for channel in ("gsxt", "credit_china")
        },
        "source": row["source_code"],
        # Both corrections are one command of the API.
        "possible": [name.removesuffix("_recalled") for name in possible_moves(OFFERED, standing_of(row), actor)]
        if row["superseded_at"] is None
        else [],
    }


def versions_view(rows: Sequence[Row], *, actor: Actor, today: date, sides: Sides | None = None) -> list[View]:
    """Return the versions of a penalty that the actor may see (`told_versions`), each with the fields that differ.

    They differ from the one before them; of two `sides` the second differs from the first.

    Raises:
        NoSuchVersion: a side is no version that the actor may see.
    """
    own = bool(rows) and is_own(rows[-1], actor)
    names = [name for name in (*FIELDS, "state", "tier") if own or name in _PUBLIC]
    return [
        {"penalty": penalty_view(row, actor=actor, today=today), "changed": changed}
        for row, changed in compare(told_versions(rows, own=own, today=today), names, own=own, sides=sides)
    ]


def correction_view(correction: PenaltyCorrection, row: Row, checklist: Checklist | None) -> View:
    """Return a correction with the values that it changes as they are and as they would be."""
    before = content_of(row)
    return {
        "id": correction.id,
        "state": correction.state,
        "nature": correction.nature,
        "reason": correction.reason,
        "changes": from_json(correction.changes),
        "before": {name: getattr(before, name) for name in correction.changes},
        "proposed_by": correction.proposed_by,
        "proposed_at": correction.proposed_at,
        "checklist": None if checklist is None else checklist_view(checklist),
    }


def notice_view(notice: WithdrawalNotice) -> View:
    """Return the public notice of a withdrawal: no code, no name, no content of the penalty."""
    return {
        "document_no": notice.document_no,
        "authority": notice.authority_name,
        "fall": notice.fall,
        "reason": notice.reason,
        "fell_on": notice.fell_on,
        "shown_from": notice.shown_from,
        "shown_until": notice.shown_until,
    }


def bulk_view(one: Approved) -> View:
    """Return what became of one record of several."""
    return {
        "uscc": one.order.uscc,
        "id": one.order.record_id,
        "approved": one.row is not None,
        "version_no": None if one.row is None else one.row["version_no"],
        "code": None if one.refusal is None else one.refusal.code,
        "detail": None if one.refusal is None else one.refusal.detail,
        "points": [] if one.refusal is None else one.refusal.extra.get("points", []),
    }
