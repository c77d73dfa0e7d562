from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Input, Output
from schemas.mail import Address
from service.changes.rules import ChangeKind

Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}$")]
ListId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Kinds = Annotated[list[ChangeKind], Field(max_length=3, description="Only changes of these kinds; none named: all.")]
Regions = Annotated[
    list[Region], Field(max_length=100, description="Only of subjects whose digits 3 to 8 begin so; none named: all.")
]
Lists = Annotated[list[ListId], Field(max_length=100, description="Only entries of these lists; none named: all.")]


class WebhookCreate(Input):
    """Where you want to be told, and of what. A tombstone names no subject, so it comes whatever kinds, regions and lists say."""

    url: Url = Field(description="A public https address.")
    description: Words | None = None
    contact: Address | None = Field(default=None, description="Who is told by mail when the webhook is disabled.")
    kinds: Kinds = Field(default_factory=list)
    regions: Regions = Field(default_factory=list)
    lists: Lists = Field(default_factory=list)
    watchlist_id: UUID | None = Field(default=None, description="Only of subjects on this watch list of yours.")


class WebhookPatch(Input):
    """What is to be different; members that are not there stay as they are."""

    url: Url = Field(default="", description="A public https address.")
    description: Words | None = None
    contact: Address | None = None
    kinds: Kinds = Field(default_factory=list)
    regions: Regions = Field(default_factory=list)
    lists: Lists = Field(default_factory=list)
    watchlist_id: UUID | None = Field(default=None, description="Only of subjects on this watch list of yours.")
    state: Literal["active", "disabled"] = Field(
        default="active", description="Disabled, it stands still in the log; enabled again, it misses nothing."
    )


class SigningSecret(Output):
    """A secret that signs your messages: its public half, and until when (null: until it is replaced)."""

    number: int
    public_key: str = Field(description="Ed25519 key of `v1a` signatures: `whpk_` and 32 bytes in base64.")
    made_at: datetime
    signs_until: datetime | None


class WebhookOut(Output):
    """A webhook. The secret itself is shown once, when it is made."""

    id: UUID
    version_no: int
    url: str
    description: str | None
    contact: str | None
    kinds: list[str]
    regions: list[str]
    lists: list[str]
    watchlist_id: UUID | None
    state: str
    disabled_at: datetime | None
    disabled_because: str | None = Field(description="`owner`, `gone` (it answered 410) or `failing` (for 5 days).")
    position: int = Field(description="Place in the change log up to which messages were made.")
    waiting: int = Field(description="Messages that were made and not taken yet.")
    failing_since: datetime | None
    paused_until: datetime | None
    secrets: list[SigningSecret] = Field(description="What messages are signed with now, newest first.")
    created_at: datetime
    changed_at: datetime


class WebhookMade(WebhookOut):
    """A webhook with its new secret, which is shown here and never again."""

    secret: str = Field(description="Shared secret of `v1` signatures: `whsec_` and 32 bytes in base64.")


class WebhookPage(Output):
    """A page of webhooks, oldest first."""

    items: list[WebhookOut]
    next: str | None


class Rotation(Input):
    """How long the secrets that sign now go on signing beside the new one."""

    overlap_hours: float = Field(default=24, ge=0, le=720)


class Replay(Input):
    """From where messages are sent again: what follows a position, or what got its position at an instant or later."""

    after: int | None = Field(default=None, ge=0, lt=2**63)
    since: datetime | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.after is None) == (self.since is None):
            raise ValueError("name either `after` or `since`")
        if self.since is not None and self.since.tzinfo is None:
            raise ValueError("`since` needs its offset")
        return self


class DeliveryOut(Output):
    """What became of a message. Its content is rendered when it is sent and kept nowhere."""

    number: int
    message_id: str
    position: int | None = Field(description="Null for a test.")
    state: str = Field(
        description="`waiting`, `delivered`, `given_up`, or `silent`: it may not be shown and was not sent."
    )
    made_at: datetime
    attempts: int
    next_at: datetime | None = Field(description="When it is tried (again), while it waits.")
    last_status: int | None = Field(description="HTTP status of the last answer.")
    last_problem: str | None
    took_ms: int | None
    done_at: datetime | None


class DeliveryPage(Output):
    """A page of the delivery log, newest first."""

    items: list[DeliveryOut]
    next: str | None


class Acknowledgement(Input):
    """Take-downs that you carried out: positions of `record.ended` messages that asked for a receipt."""

    positions: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(min_length=1, max_length=10_000)


class Acknowledged(Output):
    """How many of the positions were confirmed now, how many had been before, and how many are still owed."""

    confirmed: int
    before: int
    owed: int


class OverdueReceipt(Output):
    """A platform has not confirmed in time that it dropped a record. Which one is nobody's business: it is its position."""

    platform_id: UUID
    platform: str
    webhook_id: UUID
    position: int
    asked_at: datetime
    due_at: datetime


class OverduePage(Output):
    """A page of overdue receipts."""

    items: list[OverdueReceipt]
    next: str | None
