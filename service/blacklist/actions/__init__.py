"""What is done to blacklist entries: each act is one version and one pending change in the caller's transaction."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.blacklist.queries import list_supports
from service.blacklist.rules import MOVES, EntryContent, content_columns, content_of
from service.blacklist.rules.entry_test import EntryTest, Finding, entry_tests, judge
from service.catalog.rules import Catalog, KnownList, UnknownList
from service.changes.rules import ChangeKind
from service.db import ReadSession
from service.records import actions
from service.records.actions import Order
from service.records.queries import Row
from service.records.rules import Move
from service.rulebook.windows import Window, entry_window

KIND: Final = ChangeKind.BLACKLIST_ENTRY


async def begin(session: AsyncSession, order: Order, move: Move) -> Row:
    """Return the locked current version of an entry on which the order's actor may make the move.

    Raises:
        NoSuchRecord: there is none that the actor may see.
        Refusal: `decide` says which.
    """
    return await actions.begin(session, KIND, MOVES, order, move)


async def finish(session: AsyncSession, order: Order, move: Move, row: Row, **event: Any) -> Row:  # noqa: ANN401 - the further members of `Event`
    """Append the version that the move makes of the locked `row`, as `service.records.actions.finish`."""
    return await actions.finish(session, KIND, order, move, row, **event)


async def get_visible(session: AsyncSession | ReadSession, *, uscc: str, record_id: UUID, actor: Actor) -> Row:
    """Return the current version of an entry.

    Raises:
        NoSuchRecord: there is none that the actor may see.
    """
    return await actions.get_visible(session, KIND, uscc=uscc, record_id=record_id, actor=actor)


def known_list(catalog: Catalog, list_id: str) -> KnownList:
    """Return a list of the catalogue.

    Raises:
        UnknownList: there is none of this id.
    """
    known = catalog.list_by_id.get(list_id)
    if known is None:
        raise UnknownList(f"The catalogue has no list {list_id!r}.", detail_zh="目录中没有此名单。")
    return known


def party_type(uscc: str) -> str:
    """Return the type of party; codes that begin with 92 are sole traders."""
    return "sole_trader" if uscc.startswith("92") else "organization"


async def findings(
    session: AsyncSession | ReadSession, test: EntryTest, row: Row, content: EntryContent
) -> list[Finding]:
    """Return the points of the list's test as they stand for an entry now."""
    supports = await list_supports(session, uscc=row["uscc"], entry_id=row["id"])
    return judge(test, content, supports, party_type=party_type(row["uscc"]))


def window_of(known: KnownList, row: Row) -> Window:
    """Return the window of an entry with the day of listing and of removal that `row` has."""
    return entry_window(
        list_id=known.id,
        period_months=known.period_months,
        grade=known.grade,
        listed_on=row["listed_on"],
        assumed=False,
        removed_on=row["removed_on"],
        stated_until=row["stated_until"],
        public_from=row["listed_on"],
    )


def window_columns(window: Window) -> dict[str, Any]:
    """Return the columns of a version that hold its window."""
    return {
        "public_from": window.starts_on,
        "public_until": window.ends_on,
        "public_rule": window.rule_id,
        "public_grade": window.grade,
        "public_reason": window.reason,
        "window_flags": list(window.flags),
    }


__all__ = [
    "KIND",
    "begin",
    "content_columns",
    "content_of",
    "entry_tests",
    "findings",
    "finish",
    "get_visible",
    "known_list",
    "party_type",
    "window_columns",
    "window_of",
]
