from pydantic import BaseModel, ConfigDict, Field


class Input(BaseModel):
    """What a client sends. A member that is not documented is refused, so that a misspelt one is not lost."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """What a client gets. No member has a default: a forgotten one fails here and not at the client."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Problem(BaseModel):
    """A problem document (RFC 9457). `code` is stable and meant for programs, `detail` is for people."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Path of this service that explains the code.")
    title: str = Field(description="The code in words.")
    status: int = Field(description="The HTTP status, once more.")
    code: str = Field(description="Stable code; programs decide by it.")
    detail: str = Field(description="What was asked, what was found, what to do, in English.")
    detail_zh: str | None = Field(default=None, description="The same in Chinese, where it exists.")
    instance: str | None = Field(default=None, description="Path of the request.")
