from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import Input, Output


class NoticeOut(Output):
    """Something that happened to a firm's record, as it is told to the firm."""

    id: int
    uscc: str
    record_kind: str
    record_id: UUID
    event: str | None = Field(description="The act: notify, list, remove, revoke, withdraw, grant and so on.")
    words: str
    words_zh: str
    authority_code: str | None
    record: str = Field(description="Where the record is read.")
    documents: str = Field(description="Where its documents are listed.")
    told_at: datetime
    read_at: datetime | None = Field(description="When an agent of the firm said that it was read.")


class NoticePage(Output):
    """A page of notices, the newest first."""

    items: list[NoticeOut]
    next: str | None


class ReadNotices(Input):
    """Which notices were read."""

    ids: Annotated[list[Annotated[int, Field(ge=1, le=2**63 - 1)]], Field(min_length=1, max_length=500)]


class NoticesRead(Output):
    """The notices that were read, the newest first."""

    items: list[NoticeOut]
