"""What is audited, and what an entry says."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import unquote
from uuid import UUID

from service.access.rules import Actor
from service.errors import Unavailable
from service.uscc.arithmetic import is_person_id

#: The header in which an asker may say why it asks; percent-encoded UTF-8.
PURPOSE_HEADER: Final = "Request-Purpose"
LONGEST_PURPOSE: Final = 200
OK: Final = "ok"
#: The outcome of a request that was sent twice: its effect is the first one's.
REPLAYED: Final = "replayed"

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,48}")
_CODE: Final = re.compile(r"[0-9A-HJ-NP-RTUWXY]{18}")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
F = TypeVar("F")


class AuditUnavailable(Unavailable):
    """The answer is ready and its audit entry could not be committed, so it does not leave. Ask again in some seconds."""

    code = "audit_unavailable"


class EntryKind(StrEnum):
    """What kind of event an entry is about."""

    WRITE = "write"
    READ = "read"
    ANSWER = "answer"
    REFUSAL = "refusal"
    COUNT = "count"


class Audited(StrEnum):
    """What an operation is for the audit; without a declaration its method says so.

    `WRITES`: changes something, one entry in the same transaction. `READS`: an entry where somebody identified asks, a count
    otherwise. `ANSWERS`: a question that comes by POST. `NOTHING`: figures and documents of the service itself; refusals are
    entries all the same.
    """

    WRITES = "writes"
    READS = "reads"
    ANSWERS = "answers"
    NOTHING = "nothing"


def audited(what: Audited) -> Callable[[F], F]:
    """Declare on an endpoint's function what it is for the audit, where its method does not say it."""

    def mark(function: F) -> F:
        function.audited = what  # type: ignore[attr-defined]
        return function

    return mark


def audited_as(endpoint: object, method: str) -> Audited:
    """Return what an operation is for the audit: as declared, else by its method."""
    declared = getattr(endpoint, "audited", None)
    if isinstance(declared, Audited):
        return declared
    return Audited.READS if method in _SAFE else Audited.WRITES


@dataclass(frozen=True, slots=True)
class Who:
    """Whose doing an entry is about: the holder of a key or token, an operator at the command line, a job, or nobody known."""

    kind: str
    id: str | None = None
    name: str | None = None
    roles: str | None = None
    authority_code: str | None = None


NOBODY: Final = Who("anonymous")


def who_is(actor: Actor) -> Who:
    """Return the holder of a key as the audit names it."""
    authorities = sorted({grant.authority_code for grant in actor.grants if grant.authority_code is not None})
    return Who(
        "key" if actor.key_id is not None else "token",
        str(actor.id),
        actor.name,
        " ".join(sorted(actor.roles)) or None,
        " ".join(authorities) or None,
    )


@dataclass(slots=True)
class Note:
    """What is known so far about one request: filled in on its way, turned into an entry at its end.

    `owners` are authorities whose unpublished records the answer holds. `count`, `digest` and `codes` are those of a batch.
    `code` is that of a refusal that leaves as a page. `written` says that the entry is part of the request's own transaction.
    """

    request_id: str
    who: Who = NOBODY
    uscc: str | None = None
    record_kind: str | None = None
    record_id: str | None = None
    owners: set[str] = field(default_factory=set)
    purpose: str | None = None
    count: int | None = None
    digest: bytes | None = None
    codes: bytes | None = None
    outcome: str | None = None
    code: str | None = None
    written: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit; the fields are the columns of `audit_entry`."""

    at: datetime
    id: UUID
    kind: EntryKind
    operation: str
    outcome: str
    actor_kind: str
    actor_id: str | None = None
    actor_name: str | None = None
    roles: str | None = None
    authority_code: str | None = None
    uscc: str | None = None
    record_kind: str | None = None
    record_id: str | None = None
    owners: Sequence[str] | None = None
    purpose: str | None = None
    request_id: str | None = None
    entry_count: int | None = None
    digest: bytes | None = None
    codes: bytes | None = None


def kind_of(what: Audited, *, status: int, known: bool) -> EntryKind | None:
    """Return the kind of the entry that an answer needs, or None where it is counted only.

    `known` says that the asker was identified. A refusal is an entry where somebody known was refused, or where a key or a
    right was missing; a stranger's mistake at a public question is counted.
    """
    if status >= 400:
        return EntryKind.REFUSAL if known or status in {401, 403} else None
    if what is Audited.WRITES:
        return EntryKind.WRITE
    if what is Audited.ANSWERS:
        return EntryKind.ANSWER if known else None
    return EntryKind.READ if what is Audited.READS and known else None


def entry_of(note: Note, *, kind: EntryKind, operation: str, outcome: str, at: datetime, entry_id: UUID) -> Entry:
    """Return the entry of a request."""
    return Entry(
        at,
        entry_id,
        kind,
        operation,
        outcome,
        note.who.kind,
        note.who.id,
        note.who.name,
        note.who.roles,
        note.who.authority_code,
        note.uscc,
        note.record_kind,
        note.record_id,
        sorted(note.owners) or None,
        note.purpose,
        note.request_id,
        note.count,
        note.digest,
        note.codes,
    )


def count_entry(*, operation: str, count: int, at: datetime, entry_id: UUID) -> Entry:
    """Return the entry that says how often strangers were answered by an operation since the last such entry."""
    return replace(Entry(at, entry_id, EntryKind.COUNT, operation, OK, NOBODY.kind), entry_count=count)


def command_entry(*, command: str, account: str, at: datetime, entry_id: UUID) -> Entry:
    """Return the entry of a command that changed something; `account` is the operating system's."""
    return Entry(at, entry_id, EntryKind.WRITE, command, OK, "operator", account, account)


def usable_request_id(text: str | None) -> str | None:
    """Return a request id that a client or proxy sent, or None where it is absent or unfit for logs and comments."""
    return text if text is not None and _REQUEST_ID.fullmatch(text) else None


def read_purpose(header: str | None) -> str | None:
    """Return the stated purpose, decoded, without control characters and at most `LONGEST_PURPOSE` long; None without one."""
    if header is None:
        return None
    text = "".join(character for character in unquote(header) if character.isprintable()).strip()
    return text[:LONGEST_PURPOSE] or None


def plain_code(text: str) -> str | None:
    """Return a text that has the form of a credit code, in capitals, or None; never an identity number sent by mistake."""
    code = text.strip().upper()
    return code if _CODE.fullmatch(code) and not is_person_id(code) else None
