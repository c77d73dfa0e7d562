"""The wire form of blacklist entries: what is public, and what the authority's own people see beside it."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from service.access.rules import AUTHORITY_ROLES, Actor, Role
from service.access.seen import is_shown
from service.blacklist.rules import CONSENT, FIELDS, MAY_PROPOSE, MAY_REJECT, MOVES, REFUSE_CONSENT, TEXTS, EntryState
from service.models import EntryCorrection, EntryRevocation
from service.penalties.views import is_own, marks
from service.records.actions import standing_of
from service.records.queries import Row
from service.records.rules import possible_moves, table
from service.records.versions import Sides, compare, told_versions

View = dict[str, Any]

#: Commands of the API; the repair room ends entries by itself.
OFFERED: Final = table((*(move for name, move in MOVES.items() if name != "repair"), MAY_PROPOSE, MAY_REJECT))
_PUBLIC: Final = (
    "id", "uscc", "version_no", "state", *TEXTS, "ground_code", "legal_basis", "listed_on", "recorded_at", "authority_code",
)  # fmt: skip
_OWN: Final = (
    "evidence", "remark", "found_on", "notified_on", "statement_until", "consented_on", "consent_document_no",
    "repair_notice_served_on", "removal_grounds", "removal_document_no", "recorders", "reviewer", "command", "reason", "basis",
    "effective_on", "act",
)  # fmt: skip


def entry_view(row: Row, *, actor: Actor, today: date) -> View:
    """Return an entry as the actor may see it; texts held back are null for everybody but its own people."""
    own = is_own(row, actor)
    hidden = () if own or row["uscc"] in actor.subjects else row["held_texts"]
    view = {name: None if name in hidden else row[name] for name in _PUBLIC}
    return view | {
        "public": is_shown(row, on=today),
        "list": row["list_id"],
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
        "facts": row["facts"] or {},
        "flags": [*row["flags"], *row["window_flags"], *marks(row)],
        "redactions": row["redactions"] or {},
        "originals": row["originals"] if of_authority else None,
        "source": row["source_code"],
        "possible": [*possible_moves(OFFERED, standing_of(row), actor), *_consents(row, actor)]
        if row["superseded_at"] is None
        else [],
    }


def _consents(row: Row, actor: Actor) -> list[str]:
    may = (
        row["state"] == EntryState.NOTIFIED
        and actor.oversees(row["authority_code"], Role.CONSENTER)
        and str(actor.id) not in row["recorders"]
    )
    return [CONSENT.command, REFUSE_CONSENT.command] if may else []


def versions_view(rows: Sequence[Row], *, actor: Actor, today: date, sides: Sides | None = None) -> list[View]:
    """Return the versions of an entry that the actor may see (`told_versions`), each with the fields that differ.

    They differ from the one before them; of two `sides` the second differs from the first.

    Raises:
        NoSuchVersion: a side is no version that the actor may see.
    """
    own = bool(rows) and is_own(rows[-1], actor)
    names = [name for name in (*FIELDS, "document_no", "listed_on", "state") if own or name in _PUBLIC]
    return [
        {"entry": entry_view(row, actor=actor, today=today), "changed": changed}
        for row, changed in compare(told_versions(rows, own=own, today=today), names, own=own, sides=sides)
    ]


def correction_view(correction: EntryCorrection, row: Row) -> View:
    """Return a correction with the values that it changes as they are and as they would be."""
    held = {**row, **(row["originals"] or {})}
    return {
        "id": correction.id,
        "state": correction.state,
        "nature": correction.nature,
        "reason": correction.reason,
        "changes": correction.changes,
        "before": {name: held[name] for name in correction.changes},
        "proposed_by": correction.proposed_by,
        "proposed_at": correction.proposed_at,
    }


def revocation_view(one: EntryRevocation) -> View:
    """Return an open or decided revocation."""
    return {
        "id": one.id,
        "uscc": one.uscc,
        "entry_id": one.entry_id,
        "penalty_id": one.penalty_id,
        "fell_on": one.fell_on,
        "due_on": one.due_on,
        "provisional": one.provisional,
        "found": one.found,
        "state": one.state,
        "opened_at": one.opened_at,
    }
