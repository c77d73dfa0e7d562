"""The past that a list is asked about: `as_of` and `known_at` as query parameters, the same for every list of records."""

from typing import Annotated, Final

from fastapi import Depends, Query

from service.access.past import Moment, Past, find_past
from service.http import Now, ReadSessionDep, Today
from service.records.versions import Sides
from service.status.rules import FutureMoment, MalformedMoment, read_moment

AskedAsOf = Annotated[
    str | None,
    Query(
        max_length=40,
        description="A day (its 00:00 in Shanghai) or an instant, not in the future: windows are held against it. Whoever"
        " sees no more than the public sees what was in its window then and may still be shown.",
        examples=["2026-06-30"],
    ),
]
AskedKnownAt = Annotated[
    str | None,
    Query(
        max_length=40,
        description="A day or an instant, not in the future: what this service knew by then. Whoever sees no more than the"
        " public sees of it what may still be shown.",
        examples=["2026-06-30T12:00:00+08:00"],
    ),
]
_FIRST: Final = (
    "Compare this version with that of `to`: the answer is these two. Left out beside `to`: the first you may see."
)
_LAST: Final = "The other version; left out beside `from`: the last you may see."

#: What a question about the past may be refused for.
MOMENT_REFUSALS: Final = (MalformedMoment, FutureMoment)


async def _past(
    session: ReadSessionDep, now: Now, today: Today, as_of: AskedAsOf = None, known_at: AskedKnownAt = None
) -> Past | None:
    if as_of is None and known_at is None:
        return None
    moment = Moment(
        None if as_of is None else read_moment(as_of, parameter="as_of", now=now),
        None if known_at is None else read_moment(known_at, parameter="known_at", now=now),
    )
    return await find_past(session, moment, today=today)


async def _sides(
    first: Annotated[int | None, Query(alias="from", ge=1, lt=2**31, description=_FIRST)] = None,
    last: Annotated[int | None, Query(alias="to", ge=1, lt=2**31, description=_LAST)] = None,
) -> Sides | None:
    return None if first is None and last is None else Sides(first, last)


#: Which two versions are compared; None: each with the one before it.
SidesDep = Annotated[Sides | None, Depends(_sides)]
#: None: nothing of the past was asked.
PastDep = Annotated[Past | None, Depends(_past)]
