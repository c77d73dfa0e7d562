"""Watch lists: what a line of an upload says, and what came of it."""

from dataclasses import dataclass, field
from typing import Final

from service.errors import Conflict, Invalid, NotFound, TooLarge

#: Most lists of one platform, and most codes of one list.
MOST_LISTS: Final = 100
MOST_CODES: Final = 20_000_000
#: Longest reference of a platform's own, in characters.
LONGEST_REFERENCE: Final = 200
#: So many of the lines that hold no code are named.
NAMED_LINES: Final = 1_000

#: What may stand above the codes of an upload.
HEADINGS: Final = frozenset({"code", "uscc", "统一社会信用代码"})


class NoSuchWatchlist(NotFound):
    """You have no watch list of this id."""

    code = "no_such_watchlist"


class TooManyWatchlists(TooLarge):
    """You have as many watch lists as one platform may have."""

    code = "too_many_watchlists"


class WatchlistTooLarge(TooLarge):
    """A watch list holds twenty million codes at most."""

    code = "watchlist_too_large"


class WatchlistInUse(Conflict):
    """A webhook of yours tells by this list. Change or delete the webhook first."""

    code = "watchlist_in_use"


class NotText(Invalid):
    """The upload is no text in UTF-8."""

    code = "not_text"


@dataclass(slots=True)
class Reading:
    """The account of an upload: every line that is not blank holds a code or is malformed; of a code that stands twice one line counts."""

    lines: int = 0
    codes: int = 0
    malformed: int = 0
    malformed_lines: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Compared:
    """What an upload did to a list: codes added, removed, left as they were, and with another reference than before."""

    added: int
    removed: int
    unchanged: int
    changed: int
    duplicates: int
