"""What is done to penalties: each act is one version and one pending change in the caller's transaction."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.catalog.queries import Catalog
from service.changes.rules import ChangeKind
from service.db import ReadSession
from service.penalties.queries import list_registered_names
from service.penalties.rules import MOVES, ONCE_SHOWN, Content, content_columns, content_of
from service.penalties.rules.gate import Case, Checklist, judge, public_text
from service.penalties.rules.windows import place_of, window_columns, windows_of
from service.records import actions
from service.records.actions import Order, standing_of
from service.records.queries import Row, list_document_kinds
from service.records.rules import Move
from service.rulebook.windows import Windows

KIND: Final = ChangeKind.PENALTY
CHANNELS: Final = ("gsxt", "credit_china", "public")


async def begin(session: AsyncSession, order: Order, move: Move) -> Row:
    """Return the locked current version of a penalty on which the order's actor may make the move.

    Raises:
        NoSuchRecord: there is none that the actor may see.
        Refusal: `decide` says which.
    """
    return await actions.begin(session, KIND, MOVES, order, move)


async def finish(session: AsyncSession, order: Order, move: Move, row: Row, **event: Any) -> Row:  # noqa: ANN401 - the further members of `Event`
    """Append the version that the move makes of the locked `row`, as `service.records.actions.finish`."""
    return await actions.finish(session, KIND, order, move, row, **event)


async def get_visible(session: AsyncSession | ReadSession, *, uscc: str, record_id: UUID, actor: Actor) -> Row:
    """Return the current version of a penalty.

    Raises:
        NoSuchRecord: there is none that the actor may see.
    """
    return await actions.get_visible(session, KIND, uscc=uscc, record_id=record_id, actor=actor)


async def transition(session: AsyncSession, order: Order, command: str, **event: Any) -> Row:  # noqa: ANN401 - the further members of `Event`
    """Make a move that changes nothing but the state; `event` are further members of `Event`."""
    move = MOVES[command]
    row = await begin(session, order, move)
    return await finish(session, order, move, row, **event)


def work_out(catalog: Catalog, row: Row, content: Content, *, published_on: date | None, public_from: date) -> Windows:
    """Return the windows that the rulebook gives for a content of the record `row`."""
    place = place_of(catalog.authority_by_code[row["authority_code"]], row["uscc"])
    return windows_of(
        catalog.rulebook,
        content,
        place,
        published_on=published_on,
        public_from=public_from,
        gsxt_published_on=row.get("gsxt_published_on"),
    )


def first_days(row: Row, *, today: date) -> tuple[date | None, date]:
    """Return the publication day on which channels count, and the first day shown here, of a record shown on `today`.

    A record that was shown before keeps both; a source may have shown it without saying since when.
    """
    if row["published_on"] is not None:
        return row["published_on"], row["public_from"] or row["published_on"]
    if row["state"] in ONCE_SHOWN and row["public_from"] is not None:
        return None, row["public_from"]
    return today, today


async def review(
    session: AsyncSession | ReadSession, catalog: Catalog, row: Row, content: Content, *, today: date
) -> Checklist:
    """Return the checklist for a content of the record `row`, as if it were published on the day `today`."""
    published_on, public_from = first_days(row, today=today)
    return judge(
        Case(
            content=content,
            windows=work_out(catalog, row, content, published_on=published_on, public_from=public_from),
            place=place_of(catalog.authority_by_code[row["authority_code"]], row["uscc"]),
            documents=await list_document_kinds(session, uscc=row["uscc"], record_id=row["id"]),
            today=today,
            registered_names=await list_registered_names(session, uscc=row["uscc"]),
        )
    )


def public_columns(content: Content, windows: Windows) -> dict[str, Any]:
    """Return the columns of a version that is shown: texts in their public form, what they replace in `originals`."""
    columns = content_columns(content)
    originals = {name: columns[name] for name in content.redactions if columns[name] is not None}
    shown = {name: public_text(content, name) for name in originals}
    return columns | shown | {"originals": originals or None, "held_texts": []} | dict(window_columns(windows))


def draft_columns(content: Content, windows: Windows) -> dict[str, Any]:
    """Return the columns of a version that is not shown: texts as they were served, for the authority alone."""
    return content_columns(content) | {"originals": None} | dict(window_columns(windows))


__all__ = [
    "CHANNELS",
    "KIND",
    "Order",
    "begin",
    "content_of",
    "draft_columns",
    "finish",
    "first_days",
    "get_visible",
    "public_columns",
    "review",
    "standing_of",
    "transition",
    "work_out",
]
