"""A blacklist entry's states, the moves between them, and what an entry holds.

The states: draft, proposed, notified, consented, published (on the list), suspended, recalled, not_listed, ended (removed,
revoked or repaired) and void. The end of a list's period is no state: the window says it (house decision 1).
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Final

from service.access.rules import Role
from service.errors import Conflict, Forbidden, Invalid
from service.records.rules import Guard, Move, table


class NotEnteredHere(Invalid):
    """No rule says how a subject is entered on this list, so that nobody enters one by hand."""

    code = "not_entered_here"


class ListEnded(Conflict):
    """The list has ended, or has not begun: nothing can be entered on it today. Standing entries follow its rule."""

    code = "list_ended"


class EntryTestFailed(Conflict):
    """The entry does not pass the test of its list; `found` says point by point what is missing."""

    code = "entry_test_failed"


class AlreadyListed(Conflict):
    """The subject is on this list already, `id` is that entry; or it has an entry of that very day."""

    code = "already_listed"


class ConsentMissing(Conflict):
    """The list asks for the consent of the next higher authority, which has not been given."""

    code = "consent_missing"


class NoHigherAuthority(Forbidden):
    """Only the next higher authority may consent to an entry, or refuse to."""

    code = "no_higher_authority"


class StatementPeriodOpen(Conflict):
    """The subject may still make its statement or ask for a hearing; `until` is the last day."""

    code = "statement_period_open"


class NoSuchPenalty(Invalid):
    """A supporting penalty is none of this subject that your authority decided."""

    code = "no_such_penalty"


class NoOpenRevocation(Conflict):
    """No revocation of this entry is open."""

    code = "no_open_revocation"


class EntryState(StrEnum):
    """Where a blacklist entry stands."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    NOTIFIED = "notified"
    CONSENTED = "consented"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    RECALLED = "recalled"
    NOT_LISTED = "not_listed"
    ENDED = "ended"
    VOID = "void"


_ON: Final = frozenset({EntryState.PUBLISHED, EntryState.SUSPENDED, EntryState.RECALLED})
_OPEN: Final = frozenset({EntryState.PROPOSED, EntryState.NOTIFIED, EntryState.CONSENTED})
_LISTER: Final = frozenset({Role.LISTER})
_REVIEWER: Final = frozenset({Role.REVIEWER})
_BY_REASON: Final = frozenset({Guard.REASON})
_BY_BASIS: Final = frozenset({Guard.REASON, Guard.BASIS})
_CHECKED: Final = frozenset({Guard.FOUR_EYES})

#: Every command of an entry's life but consent, which another authority gives (`CONSENT`, `REFUSE_CONSENT`).
MOVES: Final = table(
    (
        Move("edit", frozenset({EntryState.DRAFT}), None, _LISTER, words="Change fields of the draft."),
        Move("discard", frozenset({EntryState.DRAFT}), EntryState.VOID, _LISTER, _BY_REASON, words="Throw the draft away."),
        Move(
            "propose", frozenset({EntryState.DRAFT}), EntryState.PROPOSED, _LISTER, frozenset({Guard.GATE}),
            citation="SAMR令44号 art. 2", words="Propose it, once it passes the test of its list.",
        ),
        Move(
            "notify", frozenset({EntryState.PROPOSED}), EntryState.NOTIFIED, _LISTER, citation="SAMR令44号",
            words="Record that the subject was told of grounds, basis and rights, and until when it may speak.",
        ),
        Move(
            "record-statement", frozenset({EntryState.NOTIFIED, EntryState.CONSENTED}), None, _LISTER,
            words="Record what the subject said.",
        ),
        Move(
            "list", _OPEN, EntryState.PUBLISHED, _REVIEWER, _CHECKED | {Guard.BASIS, Guard.GATE}, event="listed",
            citation="SAMR令44号 art. 2", words="Enter the subject on the list, from today on.",
        ),
        Move(
            "not-list", _OPEN, EntryState.NOT_LISTED, _REVIEWER, _CHECKED | _BY_REASON, citation="SAMR令44号 art. 12",
            words="Decide that the subject is not listed.",
        ),
        Move(
            "remove", _ON, EntryState.ENDED, _REVIEWER, _BY_BASIS, event="ended",
            words="Take the subject off the list: its cause is gone.",
        ),
        Move(
            "revoke", _ON, EntryState.ENDED, _REVIEWER, _BY_BASIS, event="ended", citation="SAMR令44号 art. 19",
            words="Revoke the entry: it should not have been made, or what it rested on fell.",
        ),
        Move(
            "suspend", frozenset({EntryState.PUBLISHED}), EntryState.SUSPENDED, _REVIEWER, _BY_BASIS, event="ended",
            words="Hide it while an order to suspend stands; the end does not move.",
        ),
        Move(
            "resume", frozenset({EntryState.SUSPENDED}), EntryState.PUBLISHED, _REVIEWER, _BY_REASON, event="listed",
            words="Show a suspended entry again.",
        ),
        Move(
            "recall", frozenset({EntryState.PUBLISHED, EntryState.SUSPENDED}), EntryState.RECALLED, _LISTER | _REVIEWER,
            _BY_REASON, event="ended", words="Hide it at once, alone; somebody else reviews that afterwards.",
        ),
        Move(
            "republish", frozenset({EntryState.RECALLED}), EntryState.PUBLISHED, _REVIEWER, _CHECKED | _BY_REASON,
            event="listed", words="Show a recalled entry again; its day of listing stays.",
        ),
        Move(
            "keep", _ON, None, _REVIEWER, _CHECKED | _BY_REASON,
            words="Decide an open revocation by keeping the entry: it passes the test by other facts.",
        ),
        Move(
            "correct", _ON, None, _REVIEWER, _CHECKED | {Guard.GATE}, event="corrected", citation="SAMR令45号 art. 12",
            words="Put a proposed correction in force; what is hidden stays so.",
        ),
        Move(
            "move", _ON, EntryState.ENDED, _LISTER, _BY_REASON, event="ended",
            words="Take it off the wrong firm at once; at the right one it begins as a draft.",
        ),
        Move(
            "repair", _ON, EntryState.ENDED, frozenset({Role.REPAIR_OFFICER}), _BY_BASIS, event="ended",
            citation="NDRC令36号 art. 3", words="The firm's credit is repaired; only the repair room gives this command.",
        ),
    )
)  # fmt: skip

#: Who may propose a correction and for which states: its review is the move `correct`.
MAY_PROPOSE: Final = Move(
    "propose-correction", _ON, None, _LISTER, _BY_REASON, words="Propose a correction of what is listed."
)
MAY_REJECT: Final = Move(
    "reject-correction", _ON, None, _REVIEWER, _CHECKED | _BY_REASON, words="Refuse the proposed correction."
)
CONSENT: Final = Move(
    "consent", frozenset({EntryState.NOTIFIED}), EntryState.CONSENTED, frozenset({Role.CONSENTER}), citation="SAMR令44号",
    words="Consent to the entry, as the next higher authority.",
)  # fmt: skip
REFUSE_CONSENT: Final = Move(
    "refuse-consent", frozenset({EntryState.NOTIFIED}), EntryState.NOT_LISTED, frozenset({Role.CONSENTER}), _BY_REASON,
    citation="SAMR令44号", words="Refuse the consent, as the next higher authority.",
)  # fmt: skip

#: Texts that the public may be shown and that are scanned for personal data.
TEXTS: Final = ("grounds", "party_name", "document_no")


@dataclass(frozen=True, slots=True)
class EntryContent:
    """What a lister states of an entry. `facts` are what the test of the list asks for; `found_on` starts the clock of D23."""

    party_name: str | None = None
    grounds: str | None = None
    ground_code: str | None = None
    legal_basis: str | None = None
    evidence: str | None = None
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    found_on: date | None = None
    repair_notice_served_on: date | None = None
    remark: str | None = None
    redactions: Mapping[str, str] = dataclasses.field(default_factory=dict)


FIELDS: Final = tuple(part.name for part in fields(EntryContent))


def content_of(row: Mapping[str, Any]) -> EntryContent:
    """Return the content of a version, with the texts as they were before any redaction."""
    values = {name: row[name] for name in FIELDS}
    values |= {name: text for name, text in (row["originals"] or {}).items() if name in FIELDS}
    return EntryContent(**values | {"facts": row["facts"] or {}, "redactions": row["redactions"] or {}})


def content_columns(content: EntryContent) -> dict[str, Any]:
    """Return the columns of a version that the content fills."""
    return {name: getattr(content, name) for name in FIELDS} | {
        "facts": dict(content.facts) or None,
        "redactions": dict(content.redactions) or None,
    }


#: What a correction may change beside the content: number and day of the decision to list.
CORRECTED_BESIDE: Final = ("document_no", "listed_on")


def changed_fields(row: Mapping[str, Any], changes: Mapping[str, Any]) -> list[str]:
    """Return which of the changed fields differ from what a version holds, texts compared as they were before redaction."""
    held = {**row, **(row["originals"] or {})}
    return sorted(
        name for name, value in changes.items() if value != (held[name] if held[name] is not None else _NONE[name])
    )


_NONE: Final = dict.fromkeys((*FIELDS, *CORRECTED_BESIDE)) | {"facts": {}, "redactions": {}}


def natural_key(list_id: str, listed_on: date | None, entry_id: object) -> str:
    """Return `list|day of listing`; an entry that is not listed yet is its own (house decision 12)."""
    return f"{list_id}|{listed_on.isoformat() if listed_on else f'unlisted|{entry_id}'}"
