"""What there is to do for somebody, in numbers that are the API's: the same questions, counted."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from service.access.four_eyes.queries import list_waiting
from service.access.rules import RECORD_ROLES, Actor, Role
from service.blacklist.lists import Wanted, consents_of, count_entries
from service.blacklist.rules import EntryState
from service.catalog.rules import Catalog
from service.db import ReadSession, driver
from service.deadlines.answers import deadline_view
from service.deadlines.lists import Wanted as WantedDeadlines
from service.deadlines.lists import count_deadlines, list_deadlines, sight_of
from service.deadlines.rules import SOON_DAYS, standing_days
from service.feeds.queries import list_feeds
from service.penalties.queries import count_queue
from service.penalties.rules import State
from service.repair.queries import count_cases
from service.repair.rules import ObjectionState, RepairState
from service.spot_checks.queries import count_items
from service.spot_checks.rules import ItemState

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
        standing: WantedDeadlines(**standing_days(catalog, standing, today=today, within=SOON_DAYS))
        for standing in ("overdue", "soon", "open")
    }
    rows = await list_deadlines(session, wanted=wanted["open"], sight=sight, after=None, limit=SHOWN)
    return Due(
        overdue=await count_deadlines(session, wanted=wanted["overdue"], sight=sight),
        soon=await count_deadlines(session, wanted=wanted["soon"], sight=sight),
        first=[deadline_view(row, catalog, sight, today=today) for row in rows],
    )


async def _entries(session: ReadSession, catalog: Catalog, actor: Actor) -> list[Waiting]:
    """What waits of list entries: drafts and proposals for listers, decisions for reviewers, consents for the authority above."""
    found: list[Waiting] = []
    if actor.may(Role.CONSENTER):
        wanted = Wanted(consents=consents_of(actor, catalog))
        count = await count_entries(session, actor=actor, wanted=wanted)
        found.append(Waiting("waiting.entry_consent", count, "/entries?waits=consent"))
    states = [EntryState.DRAFT, EntryState.PROPOSED] if actor.may(Role.LISTER) else []
    states += [EntryState.NOTIFIED, EntryState.CONSENTED] if actor.may(Role.REVIEWER) else []
    for state in states:
        count = await count_entries(session, actor=actor, wanted=Wanted(state))
        found.append(Waiting(f"waiting.entry_{state}", count, f"/entries?state={state}"))
    return found


async def _found_by_checks(session: ReadSession, actor: Actor) -> list[Waiting]:
    """What waits of spot checks: records to score and answers to decide for supervisors, findings for their authority."""
    states = [ItemState.DRAWN, ItemState.ANSWERED] if actor.may(Role.SUPERVISOR) else []
    states += [ItemState.RETURNED] if actor.may(Role.RECORDER, Role.REVIEWER) else []
    return [
        Waiting(
            f"waiting.check_{state}",
            await count_items(session, actor=actor, state=state),
            f"/spot-checks/items?state={state}",
        )
        for state in states
    ]


async def see_waiting(session: ReadSession, catalog: Catalog, actor: Actor) -> list[Waiting]:
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
    found += await _entries(session, catalog, actor)
    if actor.may(Role.REPAIR_OFFICER):
        for state_of in (RepairState.FILED, RepairState.ACCEPTED):
            count = await count_cases(session, "repair", actor=actor, state=state_of)
            found.append(Waiting(f"waiting.repair_{state_of}", count, f"/repairs?state={state_of}"))
        count = await count_cases(session, "objection", actor=actor, state=ObjectionState.OPEN)
        found.append(Waiting("waiting.objection_open", count, "/objections?state=open"))
    found += await _found_by_checks(session, actor)
    if actor.may(Role.ADMINISTRATOR):
        count = len(await list_waiting(session))
        found.append(Waiting("waiting.access", count, "/access-proposals"))
    if actor.may(Role.ADMINISTRATOR, Role.AUDITOR):
        feeds = await list_feeds(await driver(session))
        failing = sum(1 for feed in feeds if feed.row["trouble"] is not None)
        found.append(Waiting("waiting.feeds", failing, "/feeds"))
    return found
