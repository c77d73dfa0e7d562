"""What a name, a code or a number finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from service.clock import legal_day
from service.db import ReadSession
from service.errors import Refusal
from service.subjects.search import find_by_identifier, search_names, show_found
from service.uscc.rules import check
from service.web.actions.shared import PAGE
from service.web.rules import NoSuchPage, Term

SUGGESTIONS: Final = 8


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found; `malformed` says why a code was none, `suggestion` the code that may be meant."""

    items: Sequence[Mapping[str, Any]]
    truncated: bool = False
    is_short: bool = False
    malformed: Refusal | None = None
    suggestion: str | None = None


async def search(session: ReadSession, term: Term, now: datetime, *, limit: int = PAGE) -> Hits:
    """Return the enterprises that a search finds, best first: by code, by old number, or by name."""
    if term.is_number:
        found = check(term.text)
        if found.code is not None:
            return Hits([{"uscc": found.code, "name": None, "registration_status": None, "match": "exact"}])
        by_number = await find_by_identifier(session, identifier=term.text) if 4 <= len(term.text) <= 40 else []
        if by_number or len(term.text) != 18:
            return Hits(by_number[:limit])
        return Hits([], malformed=_Malformed(found.detail, detail_zh=found.detail_zh), suggestion=found.suggestion)
    try:
        result = await search_names(session, name=term.text, today=legal_day(now))
    except Refusal:
        return Hits([], is_short=True)
    return Hits(await show_found(session, result.found[:limit]), truncated=result.truncated)


class _Malformed(NoSuchPage):
    code = "malformed_uscc"
