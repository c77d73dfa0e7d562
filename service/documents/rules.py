"""Documents of records: what they are, who may attach them, who may read them, and what is public."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from service.access.rules import AUTHORITY_ROLES, Actor, Role
from service.errors import Forbidden, Invalid, NotFound
from service.personal_data.rules import scan


class NoSuchDocument(NotFound):
    """There is no document of this id that the key may read."""

    code = "no_such_document"


class MayNotAttach(Forbidden):
    """The key attaches nothing to this record: it is another authority's, another firm's, or it has ended."""

    code = "may_not_attach"


class EmptyDocument(Invalid):
    """The body is empty, or its kind of file is not one that is kept: PDF, plain text (UTF-8), PNG or JPEG."""

    code = "empty_document"


class PersonalDataInDocument(Invalid):
    """A text that is meant for the public holds personal data; `places` says where."""

    code = "personal_data_in_document"


class DocumentKind(StrEnum):
    """What a document is. `decision_redacted` and `summary` are public with their record; everything else never is."""

    DECISION = "decision"
    DECISION_REDACTED = "decision_redacted"
    SUMMARY = "summary"
    PUBLICATION_NOTICE = "publication_notice"
    REPAIR_NOTICE = "repair_notice"
    SERVICE_PROOF = "service_proof"
    EVIDENCE = "evidence"
    PROOF_OF_PERFORMANCE = "proof_of_performance"
    CREDIT_COMMITMENT = "credit_commitment"
    ORDER = "order"
    LISTING_NOTICE = "listing_notice"
    CONSENT = "consent"
    REPAIR_DECISION = "repair_decision"
    TERMINATION_CERTIFICATE = "termination_certificate"
    OTHER = "other"


class RecordKind(StrEnum):
    """What a document belongs to."""

    PENALTY = "penalty"
    BLACKLIST_ENTRY = "blacklist_entry"
    REPAIR = "repair"


PUBLIC_KINDS: Final = frozenset({DocumentKind.DECISION_REDACTED, DocumentKind.SUMMARY})
#: Documents of the firm's own case, which its agent reads beside what is public.
PARTY_KINDS: Final = PUBLIC_KINDS | {
    DocumentKind.DECISION,
    DocumentKind.PUBLICATION_NOTICE,
    DocumentKind.REPAIR_NOTICE,
    DocumentKind.PROOF_OF_PERFORMANCE,
    DocumentKind.CREDIT_COMMITMENT,
    DocumentKind.LISTING_NOTICE,
    DocumentKind.REPAIR_DECISION,
    DocumentKind.TERMINATION_CERTIFICATE,
}
#: Largest document, in bytes.
MAX_DOCUMENT: Final = 20 * 1024**2

_SIGNATURES: Final[Mapping[bytes, str]] = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}
_ATTACHES: Final[Mapping[RecordKind, tuple[Role, ...]]] = {
    RecordKind.PENALTY: (Role.RECORDER, Role.REVIEWER),
    RecordKind.BLACKLIST_ENTRY: (Role.LISTER, Role.REVIEWER),
    RecordKind.REPAIR: (Role.REPAIR_OFFICER,),
}
_OVER: Final = frozenset({"ended", "void", "not_listed", "granted", "refused", "not_accepted", "taken_back"})


def media_type_of(content: bytes) -> str:
    """Return what kind of file this is, by its first bytes; what is no PDF or image must be text in UTF-8.

    Raises:
        EmptyDocument: there is nothing, or it is none of these.
    """
    if content:
        for signature, media_type in _SIGNATURES.items():
            if content.startswith(signature):
                return media_type
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = "\x00"
        if "\x00" not in text:
            return "text/plain"
    raise EmptyDocument(
        "Send a PDF, a PNG or JPEG image, or text in UTF-8 as the body.", detail_zh="仅接受 PDF、图片或者 UTF-8 文本。"
    )


def digest(content: bytes) -> str:
    """Return the SHA-256 of a document, by which it is kept."""
    return sha256(content).hexdigest()


def check_public_text(kind: DocumentKind, media_type: str, content: bytes) -> None:
    """Refuse a text for the public that holds personal data. What a PDF or an image shows, the reviewer signs for.

    Raises:
        PersonalDataInDocument: it does.
    """
    if kind not in PUBLIC_KINDS or media_type != "text/plain":
        return
    places = scan(content.decode("utf-8"))
    if places:
        raise PersonalDataInDocument(
            f"The public form holds personal data in {len(places)} place(s).",
            detail_zh="公开文本含个人信息。",
            places=[{"kind": one.kind.value, "start": one.start, "end": one.end} for one in places],
        )


def check_may_attach(actor: Actor, kind: RecordKind, record: Mapping[str, Any]) -> None:
    """Refuse somebody who attaches nothing to this record.

    Raises:
        MayNotAttach: another authority's people, another firm's agent, or the record has ended.
    """
    own = actor.acts_for(record["authority_code"], *_ATTACHES[kind])
    filer = kind is RecordKind.REPAIR and (record["filed_by"] == str(actor.id) or record["uscc"] in actor.subjects)
    if record["state"] in _OVER or not (own or filer):
        raise MayNotAttach(
            f"You attach nothing to this {kind.value.replace('_', ' ')} ({record['state']}).",
            detail_zh="不能为该记录添加文件。",
        )


def may_read(actor: Actor, kind: str, *, authority_code: str, uscc: str, is_public: bool) -> bool:
    """Return whether the actor reads a document: its authority's people all, the firm's agent its own, others what is public."""
    if actor.acts_for(authority_code, *AUTHORITY_ROLES):
        return True
    if uscc in actor.subjects and kind in PARTY_KINDS:
        return True
    return is_public and kind in PUBLIC_KINDS
