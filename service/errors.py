"""The refusals of this service. A refusal names a fact; what HTTP makes of it is decided in `http.py` alone."""

from enum import StrEnum
from typing import ClassVar


class Category(StrEnum):
    """What kind of a no it is."""

    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    UNAUTHENTICATED = "unauthenticated"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    UNAVAILABLE = "unavailable"
    GONE = "gone"
    NOT_THAT_RANGE = "not_that_range"
    VERSION_MISMATCH = "version_mismatch"
    VERSION_REQUIRED = "version_required"
    RATE_LIMITED = "rate_limited"
    UNSUPPORTED = "unsupported"
    NOT_ALLOWED = "not_allowed"
    TOO_SLOW = "too_slow"
    HEADERS_TOO_LARGE = "headers_too_large"
    MALFORMED_HTTP = "malformed_http"
    INTERNAL = "internal"


class Refusal(Exception):
    """A request that is refused, with a stable `code` and words that say what was asked, what was found, what to do.

    `detail` is English, `detail_zh` Chinese; `extra` holds further members of the problem document.
    A refusal without a category cannot be built: use one of the subclasses.
    """

    category: ClassVar[Category]
    code: str = ""

    def __init__(self, detail: str, *, code: str | None = None, detail_zh: str | None = None, **extra: object) -> None:
        super().__init__(detail)
        if code is not None:
            self.code = code
        if not hasattr(self, "category") or not self.code:
            raise TypeError(f"{type(self).__name__} needs a category and a code")
        self.detail = detail
        self.detail_zh = detail_zh
        self.extra = extra


class NotFound(Refusal):
    """Nothing is there, or nothing that the asker may know of."""

    category = Category.NOT_FOUND
    code = "not_found"


class Conflict(Refusal):
    """The state of things does not allow it."""

    category = Category.CONFLICT
    code = "conflict"


class Forbidden(Refusal):
    """The asker is known and may not do this."""

    category = Category.FORBIDDEN
    code = "forbidden"


class Unauthenticated(Refusal):
    """The asker did not show a valid key."""

    category = Category.UNAUTHENTICATED
    code = "unauthenticated"


class Invalid(Refusal):
    """The request is malformed or contradicts itself."""

    category = Category.INVALID
    code = "invalid"


class TooLarge(Refusal):
    """The request is larger than this service takes."""

    category = Category.TOO_LARGE
    code = "too_large"


class Unavailable(Refusal):
    """A part that is needed does not answer at present."""

    category = Category.UNAVAILABLE
    code = "unavailable"
