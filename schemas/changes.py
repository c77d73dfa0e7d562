from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from schemas.base import Output


class PublicRegistration(Output):
    """What a registry source says of a subject."""

    name: str | None = Field(description="Null for a sole trader without a trade name.")
    registration_status: str | None
    successors: list[str] = Field(description="Codes under which the firm goes on; the event says how.")


class PublicPenalty(Output):
    """The public view of a penalty, as status answers give it."""

    id: UUID
    document_no: str | None
    kinds: list[str]
    authority: str
    decided_on: date | None
    publish_from: date
    publish_until: date | None = Field(description="Last day shown; null: until it is removed.")
    fine_fen: int | None = Field(description="Fine in fen; null where the decision states none.")


class PublicEntry(Output):
    """The public view of a blacklist entry, as status answers give it."""

    id: UUID
    list: str
    list_name: str
    severity: str
    grounds: str | None
    authority: str
    document_no: str | None
    listed_on: date | None
    publish_until: date | None = Field(description="Last day shown; null: until it is removed.")


class SubjectChange(Output):
    """A registration was made, renamed, changed or (`unregistered`, without a record) taken back."""

    position: int
    event: str
    kind: Literal["subject"]
    uscc: str
    id: None
    record: PublicRegistration | None


class PenaltyChange(Output):
    """Something happened to a penalty that is public today; `record` is how it reads now."""

    position: int
    event: str
    kind: Literal["penalty"]
    uscc: str
    id: UUID
    record: PublicPenalty


class EntryChange(Output):
    """Something happened to a blacklist entry that is public today; `record` is how it reads now."""

    position: int
    event: str
    kind: Literal["blacklist_entry"]
    uscc: str
    id: UUID
    record: PublicEntry


class Tombstone(Output):
    """A record that was public and is not any more: drop what you hold under its id. There is no more to know."""

    position: int
    event: Literal["ended"]
    id: UUID
    ended_on: date = Field(description="First day on which it was no longer shown.")


class Silence(Output):
    """A position about something that is not public. It is here so that you can see that none is missing."""

    position: int
    event: Literal["none"]


class ChangePage(Output):
    """A page of the ordered change log, rendered as it may be seen today."""

    log_id: UUID = Field(description="Identity of the log. Another one: read everything again from 0.")
    head_position: int = Field(description="Last position of the log when it was read.")
    items: list[SubjectChange | PenaltyChange | EntryChange | Tombstone | Silence]
    next: int | None = Field(description="The `after` of the next page; null where this one reaches the head.")
