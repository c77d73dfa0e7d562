"""A penalty's states, the moves between them, and what a penalty holds.

The states: draft, submitted, returned, approved, published, withheld (不予公开), suspended, recalled, ended (withdrawn,
repaired, moved, or followed to a successor) and void (a mistake that nobody was shown). Expiry is no state: the window says it (house decision 1).
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Final

from service.access.rules import Role
from service.errors import Conflict, Invalid
from service.reading.amounts import read_amount
from service.reading.document_numbers import read_document_no
from service.reading.kinds import PenaltyKind
from service.records.rules import Guard, Move, table


class AlreadyRecorded(Conflict):
    """The authority has a penalty of this document number against this subject already; `id` is its id."""

    code = "already_recorded"


class GateFailed(Conflict):
    """The record fails a hard check of the internal review; `checklist` says which, and what to do."""

    code = "gate_failed"


class NeedsALook(Conflict):
    """Something in this record has to be looked at by itself, or bars it; `points` says what was found. Approve it alone."""

    code = "needs_a_look"


class NotSigned(Invalid):
    """The reviewer has not signed every point of the checklist; `unsigned` names those that are missing."""

    code = "not_signed"


class TierDiffers(Conflict):
    """The tier that the reviewer states is not the one that the rulebook gives; `proposal` is that one."""

    code = "tier_differs"


class NotDisplayed(Conflict):
    """By the rules in force this penalty is not shown, so that it cannot be published; `why` and `rule` say which."""

    code = "not_displayed"


class WindowOver(Conflict):
    """The time for which this penalty may be shown is over already."""

    code = "window_over"


class CorrectionOpen(Conflict):
    """A correction of this penalty waits for its review already."""

    code = "correction_open"


class NoOpenCorrection(Conflict):
    """No correction of this penalty waits for a review."""

    code = "no_open_correction"


class NothingChanged(Invalid):
    """The correction changes nothing, or names a field that a correction cannot change."""

    code = "nothing_changed"


class NoSuccessor(Invalid):
    """A changed decision names the penalty that took its place, which must be one of the same subject and authority."""

    code = "no_successor"


class NotASuccessor(Conflict):
    """The registration of the firm names no such successor, so that a record could follow."""

    code = "not_a_successor"


class SameSubject(Invalid):
    """The record is to be moved to the subject that it belongs to already."""

    code = "same_subject"


class State(StrEnum):
    """Where a penalty stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHHELD = "withheld"
    SUSPENDED = "suspended"
    RECALLED = "recalled"
    ENDED = "ended"
    VOID = "void"


class Fall(StrEnum):
    """Why a decision falls: 变更, 撤销, 确认违法, 确认无效. Source: 行政处罚法 art. 48."""

    CHANGED = "changed"
    REVOKED = "revoked"
    UNLAWFUL = "unlawful"
    INVALID = "invalid"


_IN_WORK: Final = frozenset({State.DRAFT, State.RETURNED})
ONCE_SHOWN: Final = frozenset({State.PUBLISHED, State.SUSPENDED, State.RECALLED})
_BEFORE: Final = frozenset({State.SUBMITTED, State.RETURNED, State.APPROVED, State.WITHHELD})
_RECORDER: Final = frozenset({Role.RECORDER})
_REVIEWER: Final = frozenset({Role.REVIEWER})
_EITHER: Final = _RECORDER | _REVIEWER
_BY_REASON: Final = frozenset({Guard.REASON})
_BY_BASIS: Final = frozenset({Guard.REASON, Guard.BASIS})
_CHECKED: Final = frozenset({Guard.FOUR_EYES})

#: Every command of a penalty's life. Withdrawal, recall and suspension hide at once; nothing here moves the end of a window.
MOVES: Final = table(
    (
        Move("edit", _IN_WORK, None, _RECORDER, words="Change fields of the draft."),
        Move("submit", _IN_WORK, State.SUBMITTED, _RECORDER, words="Hand it in for review."),
        Move("discard", _IN_WORK, State.VOID, _RECORDER, _BY_REASON, words="Throw the draft away."),
        Move(
            "return", frozenset({State.SUBMITTED}), State.RETURNED, _REVIEWER, _CHECKED | _BY_REASON,
            words="Give it back to the recorder.",
        ),
        Move(
            "approve", frozenset({State.SUBMITTED}), State.APPROVED, _REVIEWER, _CHECKED | {Guard.GATE},
            citation="SAMR令45号 art. 16, 18", words="Sign the checklist.",
        ),
        Move(
            "publish", frozenset({State.APPROVED}), State.PUBLISHED, _REVIEWER, _CHECKED, event="published",
            words="Show it from today on.",
        ),
        Move(
            "withhold", frozenset({State.SUBMITTED, State.APPROVED}), State.WITHHELD, _REVIEWER, _CHECKED | _BY_BASIS,
            citation="政府信息公开条例 art. 15", words="Do not publish it (不予公开), for a reason and until a day.",
        ),
        Move("reopen", frozenset({State.WITHHELD}), State.SUBMITTED, _EITHER, _BY_REASON, words="Have it reviewed again."),
        Move(
            "withdraw", ONCE_SHOWN | _BEFORE, State.ENDED, _REVIEWER, _BY_BASIS, event="ended",
            citation="行政处罚法 art. 48; SAMR令45号 art. 11", words="The decision fell; hide it at once.",
        ),
        Move(
            "suspend", frozenset({State.PUBLISHED}), State.SUSPENDED, _REVIEWER, _BY_BASIS, event="ended",
            citation="行政处罚法 art. 73", words="Hide it while an order to suspend stands; the end does not move.",
        ),
        Move(
            "resume", frozenset({State.SUSPENDED}), State.PUBLISHED, _REVIEWER, _BY_REASON, event="published",
            words="Show a suspended penalty again.",
        ),
        Move(
            "recall", frozenset({State.PUBLISHED, State.SUSPENDED}), State.RECALLED, _EITHER, _BY_REASON, event="ended",
            words="Hide it at once, alone; somebody else reviews that afterwards.",
        ),
        Move(
            "republish", frozenset({State.RECALLED}), State.PUBLISHED, _REVIEWER, _CHECKED | _BY_REASON | {Guard.GATE},
            event="published", words="Show a recalled record again, as it was; its first day of publication stays.",
        ),
        Move(
            "correct", frozenset({State.PUBLISHED, State.SUSPENDED}), None, _REVIEWER, _CHECKED | {Guard.GATE}, event="corrected",
            citation="SAMR令45号 art. 12", words="Put a proposed correction in force; what is suspended stays so.",
        ),
        Move(
            "correct_recalled", frozenset({State.RECALLED}), State.PUBLISHED, _REVIEWER, _CHECKED | {Guard.GATE},
            event="corrected", citation="SAMR令45号 art. 12", words="Put a correction of a recalled record in force and show it.",
        ),
        Move(
            "move", ONCE_SHOWN | _BEFORE, State.ENDED, _RECORDER, _BY_REASON, event="ended",
            words="Take it to the right firm: hidden here at once, submitted there.",
        ),
        Move(
            "repair", ONCE_SHOWN, State.ENDED, frozenset({Role.REPAIR_OFFICER}), _BY_BASIS, event="ended",
            citation="NDRC令36号 art. 3", words="The firm's credit is repaired; only the repair room gives this command.",
        ),
    )
)  # fmt: skip

#: Who may propose a correction and for which states: its review is the move `correct`.
MAY_PROPOSE: Final = Move(
    "propose-correction", ONCE_SHOWN, None, _RECORDER, _BY_REASON, words="Propose a correction of what is shown."
)
MAY_REJECT: Final = Move(
    "reject-correction", ONCE_SHOWN, None, _REVIEWER, _CHECKED | _BY_REASON, words="Refuse the proposed correction."
)

#: Texts that the public may be shown and that are scanned for personal data.
TEXTS: Final = (
    "title", "violation_type", "violation_facts", "legal_basis", "penalty_content", "permit_affected", "document_no", "party_name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Content:
    """What the recorder states of a penalty. Money is fen, days are legal days; `redactions` are public forms of texts.

    `display_exception` cites the law by which a penalty that is not shown otherwise is shown until `display_exception_until`.
    """

    party_name: str | None = None
    document_no: str | None = None
    title: str | None = None
    kinds: tuple[str, ...] = ()
    fine_fen: int | None = None
    confiscation_fen: int | None = None
    violation_type: str | None = None
    violation_facts: str | None = None
    legal_basis: str | None = None
    penalty_content: str | None = None
    permit_affected: str | None = None
    procedure: str = "ordinary"
    field: str | None = None
    discretion_step: str | None = None
    decided_on: date | None = None
    valid_until: date | None = None
    restriction_until: date | None = None
    served_on: date | None = None
    publication_told_on: date | None = None
    repair_notice_served_on: date | None = None
    display_exception: str | None = None
    display_exception_until: date | None = None
    source_org: str | None = None
    legal_representative: str | None = None
    remark: str | None = None
    redactions: Mapping[str, str] = dataclasses.field(default_factory=dict)


FIELDS: Final = tuple(part.name for part in fields(Content))


def content_of(row: Mapping[str, Any]) -> Content:
    """Return the content of a version, with the texts as they were before any redaction."""
    values = {name: row[name] for name in FIELDS} | dict(row["originals"] or {})
    return Content(**values | {"kinds": tuple(row["kinds"]), "redactions": row["redactions"] or {}})


def content_columns(content: Content) -> dict[str, Any]:
    """Return the columns of a version that the content fills, those that follow from it included."""
    stated = {name: getattr(content, name) for name in FIELDS}
    text_fen = read_amount(content.penalty_content).fine_fen
    return stated | {
        "kinds": [kind.value for kind in PenaltyKind if kind in content.kinds],
        "redactions": dict(content.redactions) or None,
        "document_key": read_document_no(content.document_no).normalised,
        "fine_text_fen": text_fen,
        "fine_column_fen": content.fine_fen,
        "flags": flags_of(content, text_fen),
    }


def flags_of(content: Content, text_fen: int | None) -> list[str]:
    """Return the doubts about a content that a person should look at, as imported rows have them."""
    flags = []
    if read_document_no(content.document_no).normalised is None:
        flags.append("no_document_number")
    if text_fen is not None and content.fine_fen is not None and text_fen != content.fine_fen:
        flags.append("fine_contradiction")
    return flags


def natural_key(authority_code: str, content: Content, record_id: object) -> str:
    """Return `authority|number`; a penalty without a number is its own (house decision 12)."""
    number = read_document_no(content.document_no).normalised
    return f"{authority_code}|{number or f'unnumbered|{record_id}'}"


def changed_fields(old: Content, new: Content) -> frozenset[str]:
    """Return the names of the fields in which two contents differ."""
    return frozenset(name for name in FIELDS if getattr(old, name) != getattr(new, name))


_DAYS: Final = frozenset(part.name for part in fields(Content) if part.type == date | None)


def to_json_fields(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changed fields as JSON values: days as text, kinds as a list."""
    return {
        name: value.isoformat() if isinstance(value, date) else list(value) if name == "kinds" else value
        for name, value in changes.items()
    }


def from_json(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `to_json_fields` was given."""
    return {
        name: date.fromisoformat(value)
        if name in _DAYS and value is not None
        else tuple(value)
        if name == "kinds"
        else value
        for name, value in changes.items()
    }
