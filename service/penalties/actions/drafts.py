from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role
from service.catalog.queries import Catalog
from service.clock import legal_day
from service.db import violated_constraint
from service.penalties.actions import KIND, Order, begin, content_of, draft_columns, finish, first_days, work_out
from service.penalties.queries import find_same_number
from service.penalties.rules import MOVES, AlreadyRecorded, Content, State, natural_key
from service.penalties.rules.gate import with_redactions
from service.penalties.rules.windows import place_of
from service.records.queries import Event, Row, ensure_subject, insert_record, new_id
from service.records.rules import OtherAuthority, check_day

NATURAL_KEY = "uq_penalty_natural_key"


@dataclass(frozen=True, slots=True)
class Draft:
    """A penalty to be recorded against a subject."""

    uscc: str
    content: Content


async def record_draft(
    session: AsyncSession, catalog: Catalog, *, draft: Draft, authority: str, actor: Actor, now: datetime
) -> Row:
    """Record a penalty as a draft of an authority; nobody else sees it.

    Raises:
        OtherAuthority: the actor is no recorder of this authority.
        AlreadyRecorded: the authority has this document number against this subject already.
        ImpossibleDay: a day lies in the future, or before the decision.
    """
    if not actor.acts_for(authority, Role.RECORDER) or authority not in catalog.authority_by_code:
        raise OtherAuthority(
            f"Your key records nothing for the authority {authority}.", detail_zh="该密钥不能以此机关名义录入。"
        )
    today = legal_day(now)
    check_days(draft.content, today=today)
    record_id = new_id()
    await ensure_subject(session, uscc=draft.uscc, now=now)
    known = catalog.authority_by_code[authority]
    identity = {"uscc": draft.uscc, "id": record_id, "authority_code": authority}
    windows = work_out(catalog, identity, draft.content, published_on=today, public_from=today)
    content = draft_columns(draft.content, windows) | {
        "authority_code": authority,
        "authority_name": known.name,
        "party_type": place_of(known, draft.uscc).party_type,
        "source_code": f"own:{authority}",
        "recorders": [str(actor.id)],
    }
    event = Event("record", State.DRAFT, str(actor.id), "recorded", now)
    key = natural_key(authority, draft.content, record_id)
    try:
        async with session.begin_nested():
            return await insert_record(
                session, KIND, uscc=draft.uscc, record_id=record_id, natural_key=key, content=content, event=event
            )
    except IntegrityError as error:
        raise await _taken(session, error, uscc=draft.uscc, key=key) from error


async def record_drafts(
    session: AsyncSession, catalog: Catalog, *, drafts: Sequence[Draft], authority: str, actor: Actor, now: datetime
) -> list[Row]:
    """Record several penalties as drafts, all of them or none; they are taken in the order of their codes.

    Raises:
        Refusal: as `record_draft`, for the first that is refused.
    """
    made: dict[int, Row] = {}
    for place in sorted(range(len(drafts)), key=lambda place: drafts[place].uscc):
        made[place] = await record_draft(
            session, catalog, draft=drafts[place], authority=authority, actor=actor, now=now
        )
    return [made[place] for place in range(len(drafts))]


async def edit_draft(session: AsyncSession, catalog: Catalog, order: Order, *, changes: dict[str, Any]) -> Row:
    """Change fields of a draft, or of one that was returned.

    Raises:
        Refusal: `begin` and `record_draft` say which.
    """
    move = MOVES["edit"]
    row = await begin(session, order, move)
    content = replace(content_of(row), **changes)
    check_days(content, today=order.today)
    return await _restate(session, catalog, order, row, content, command="edit")


async def submit(session: AsyncSession, catalog: Catalog, order: Order) -> Row:
    """Hand a draft in for review; texts with personal data get a redaction where they have none.

    Raises:
        Refusal: `begin` says which.
    """
    row = await begin(session, order, MOVES["submit"])
    return await _restate(session, catalog, order, row, with_redactions(content_of(row)), command="submit")


async def _restate(
    session: AsyncSession, catalog: Catalog, order: Order, row: Row, content: Content, *, command: str
) -> Row:
    published_on, public_from = first_days(row, today=order.today)
    windows = work_out(catalog, row, content, published_on=published_on, public_from=public_from)
    key = natural_key(row["authority_code"], content, row["id"])
    changes = draft_columns(content, windows) | {
        "recorders": sorted({*row["recorders"], str(order.actor.id)}),
        "reviewer": None,
    }
    try:
        async with session.begin_nested():
            return await finish(session, order, MOVES[command], row, changes=changes, natural_key=key)
    except IntegrityError as error:
        raise await _taken(session, error, uscc=row["uscc"], key=key) from error


async def _taken(session: AsyncSession, error: IntegrityError, *, uscc: str, key: str) -> Exception:
    if violated_constraint(error) != NATURAL_KEY:
        return error
    other = await find_same_number(session, uscc=uscc, natural_key=key)
    return already_recorded(other)


def already_recorded(other: UUID | None) -> AlreadyRecorded:
    """Return the refusal of a second penalty with the same document number."""
    return AlreadyRecorded(
        f"This document number is recorded against this subject already, as {other}.",
        detail_zh="该决定书文号对该主体已有记录。",
        id=str(other),
    )


def check_days(content: Content, *, today: date) -> None:
    """Refuse days of a content that lie in the future, or before the decision.

    Raises:
        ImpossibleDay: one does.
    """
    check_day("decided_on", content.decided_on, today=today)
    for name in ("served_on", "publication_told_on", "repair_notice_served_on"):
        # A party may be told of publication before the decision, with the notice of what is intended.
        first = None if name == "publication_told_on" else content.decided_on
        check_day(name, getattr(content, name), today=today, not_before=first)
