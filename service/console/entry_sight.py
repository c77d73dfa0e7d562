"""What the pages of a list entry show beside it: the test of its list, how far it has come, what a move does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.blacklist.actions import KIND, content_of, entry_tests, findings, known_list, window_of
from service.blacklist.rules import CONSENT, MAY_PROPOSE, MAY_REJECT, MOVES, REFUSE_CONSENT, EntryState
from service.blacklist.rules.entry_test import EntryTest, findings_view, needs_consent
from service.blacklist.views import versions_view
from service.catalog.rules import Catalog, KnownList
from service.changes.rules import ChangeKind
from service.console.desk import Desk
from service.console.history import Step, steps_of
from service.console.penalty_sight import Effect, hiding
from service.penalties.views import penalty_view
from service.records.queries import Row, list_versions, list_visible
from service.records.rules import Move

#: Moves after which the public sees something that it did not see before: who makes one gives his key again.
SHOWING: Final = frozenset({"list", "republish", "resume", "correct"})
#: Penalties of a firm among which those that an entry rests on are chosen.
MOST_PENALTIES: Final = 100
#: The way of an entry to the list; the consent is a step only where the list asks for it.
WAY: Final = (EntryState.DRAFT, EntryState.PROPOSED, EntryState.NOTIFIED, EntryState.CONSENTED, EntryState.PUBLISHED)


def move_of(command: str) -> Move:
    """Return a move of an entry by its command, those of the higher authority and of corrections among them."""
    others = {move.command: move for move in (CONSENT, REFUSE_CONSENT, MAY_PROPOSE, MAY_REJECT)}
    return others.get(command) or MOVES[command]


@dataclass(frozen=True, slots=True)
class Tested:
    """The test of an entry's list as it stands today: its points, and whether a consent is needed."""

    points: list[dict[str, Any]]
    passes: bool
    consent_needed: bool


async def test_now(session: AsyncSession, catalog: Catalog, row: Row) -> Tested | None:
    """Return how an entry stands to the test of its list; None where no rule says how one is entered on it."""
    test = entry_tests().get(row["list_id"])
    if test is None:
        return None
    found = await findings(session, test, row, content_of(row))
    division = catalog.authority_by_code[row["authority_code"]].division_code
    return Tested(findings_view(found), all(one.holds for one in found), needs_consent(test, division))


def open_lists(catalog: Catalog, *, today: date) -> list[tuple[KnownList, EntryTest]]:
    """Return the lists on which a subject can be entered today, each with its test."""
    found = []
    for test in entry_tests().values():
        known = catalog.list_by_id.get(test.list_id)
        if known is not None and known.effective_from <= today <= (known.effective_to or today):
            found.append((known, test))
    return found


def way_of(row: Row, tested: Tested | None) -> list[tuple[str, bool]]:
    """Return the steps of an entry to its list, each with whether it is the present one; nothing once it is past them."""
    if row["state"] not in WAY or tested is None:
        return []
    left_out = set() if tested.consent_needed else {EntryState.CONSENTED}
    return [(state.value, state == row["state"]) for state in WAY if state not in left_out]


async def penalties_of(session: AsyncSession, desk: Desk, *, uscc: str, authority: str) -> list[dict[str, Any]]:
    """Return the penalties of a firm by one authority, on which an entry may rest, oldest record first."""
    rows = await list_visible(
        session, ChangeKind.PENALTY, uscc=uscc, actor=desk.actor, state=None, after=None, limit=MOST_PENALTIES + 1
    )
    return [
        penalty_view(row, actor=desk.actor, today=desk.today)
        for row in rows[:MOST_PENALTIES]
        if row["authority_code"] == authority
    ]


async def entry_history(
    session: AsyncSession, desk: Desk, *, uscc: str, record_id: UUID, after: int = 0
) -> Sequence[Step]:
    """Return what happened to an entry behind the version `after`, newest first; nothing to who does not see it in full."""
    rows = await list_versions(session, KIND, uscc=uscc, record_id=record_id, actor=desk.actor)
    views = versions_view(rows, actor=desk.actor, today=desk.today)
    return await steps_of(session, rows, views, noun="entry", after=after)


def effects_of(command: str, catalog: Catalog, row: Row, *, today: date) -> list[Effect]:
    """Return what a move would do to what the public sees."""
    move = move_of(command)
    if move.event == "ended":
        return hiding(row)
    if command == "list":
        window = window_of(known_list(catalog, row["list_id"]), {**row, "listed_on": today})
        return [Effect("public", "effect.shown_here", window.starts_on, window.ends_on)]
    if command in {"republish", "resume"}:
        return [Effect("public", "effect.shown_here", row["public_from"], row["public_until"])]
    return []
