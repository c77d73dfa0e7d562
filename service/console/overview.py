"""What there is to do for somebody, in numbers that are the API's: the same questions, counted."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from service.access.rules import RECORD_ROLES, Actor, Role
from service.catalog.rules import Catalog
from service.db import ReadSession, driver
from service.deadlines.answers import deadline_view
from service.deadlines.lists import Wanted, count_deadlines, list_deadlines, sight_of
from service.deadlines.rules import SOON_DAYS, standing_days
from service.feeds.queries import list_feeds
from service.penalties.queries import count_queue
from service.penalties.rules import State
from service.repair.queries import count_cases
from service.repair.rules import ObjectionState, RepairState

#: Roles that see deadlines (`GET /v1/deadlines`).
WATCHERS: Final = RECORD_ROLES | {Role.SUPERVISOR, Role.AUDITOR}
#: The most urgent deadlines that the start page lists one by one.
SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Due:
    """The deadlines that are overdue and soon due, counted, and the most urgent of them."""

    overdue: int
    soon: int
    first: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a decision or a hand: the key of its words, how many, and the page on which it is done."""

    name: str
    count: int
    path: str


async def see_due(session: ReadSession, catalog: Catalog, actor: Actor, *, today: date) -> Due | None:
    """Return what is due for the authorities whose deadlines the actor sees; None where its roles see none."""
    if not actor.may(*WATCHERS):
        return None
    sight = sight_of(actor, catalog)
    wanted = {
        standing: Wanted(**standing_days(catalog, standing, today=today, within=SOON_DAYS))
        for standing in ("overdue", "soon", "open")
    }
    rows = await list_deadlines(session, wanted=wanted["open"], sight=sight, after=None, limit=SHOWN)
    return Due(
        overdue=await count_deadlines(session, wanted=wanted["overdue"], sight=sight),
        soon=await count_deadlines(session, wanted=wanted["soon"], sight=sight),
        first=[deadline_view(row, catalog, sight, today=today) for row in rows],
    )


async def see_waiting(session: ReadSession, actor: Actor) -> list[Waiting]:
    """Return what waits for the actor, by what its roles do."""
    found: list[Waiting] = []
    authorities = sorted(actor.authorities(Role.RECORDER, Role.REVIEWER))
    if actor.may(Role.RECORDER):
        for state in (State.RETURNED, State.DRAFT):
            mine = await count_queue(session, authorities=authorities, state=state, recorder=str(actor.id))
            found.append(Waiting(f"waiting.{state}", mine, f"/penalties?state={state}&mine=yes"))
    if actor.may(Role.REVIEWER):
        for state in (State.SUBMITTED, State.APPROVED, State.RECALLED):
            waits = await count_queue(session, authorities=authorities, state=state)
            found.append(Waiting(f"waiting.{state}", waits, f"/penalties?state={state}"))
    if actor.may(Role.REPAIR_OFFICER):
        for state_of in (RepairState.FILED, RepairState.ACCEPTED):
            count = await count_cases(session, "repair", actor=actor, state=state_of)
            found.append(Waiting(f"waiting.repair_{state_of}", count, f"/repairs?state={state_of}"))
        count = await count_cases(session, "objection", actor=actor, state=ObjectionState.OPEN)
        found.append(Waiting("waiting.objection_open", count, "/objections?state=open"))
    if actor.may(Role.ADMINISTRATOR, Role.AUDITOR):
        feeds = await list_feeds(await driver(session))
        failing = sum(1 for feed in feeds if feed.row["trouble"] is not None)
        found.append(Waiting("waiting.feeds", failing, "/feeds"))
    return found
