"""Announcing a check, drawing it, filling in its forms, and what the authorities do about what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role
from service.catalog.rules import Catalog
from service.changes.rules import ChangeKind
from service.clock import legal_day
from service.models import SpotCheck
from service.records.outbox import AUTHORITY_NOTICE
from service.records.queries import insert_outbox, new_id
from service.spot_checks.queries import (
    Row,
    find_check,
    find_item,
    find_mending,
    insert_check,
    insert_items,
    list_members,
    list_population,
    move_item,
)
from service.spot_checks.rules import (
    AlreadyDrawn,
    ItemState,
    NoSuchCheck,
    NotCorrectedYet,
    NothingToCheck,
    NotYourCheck,
    WrongItemState,
    check_period,
    check_scores,
    draw,
    form,
    population_digest,
)
from service.versions import ExpectedVersion


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be checked: records first published in a period, so many of each authority, drawn by a seed from a named source."""

    title: str
    period_from: date
    period_until: date
    per_authority: int
    seed_source: str
    authorities: tuple[str, ...] | None = None


async def announce(
    session: AsyncSession, catalog: Catalog, *, plan: Plan, authority: str | None, actor: Actor, now: datetime
) -> SpotCheck:
    """Announce a check and freeze its population: the public penalties of the authorities that the actor supervises.

    Raises:
        WhichAuthority: the actor supervises for several authorities and names none.
        NotYourCheck: he does not supervise for the one that is named.
        BadPeriod: the period runs backwards or is not over.
        NothingToCheck: there is nothing to draw from.
    """
    check_period(plan.period_from, plan.period_until, today=legal_day(now))
    drawing = authority or actor.authority_for(Role.SUPERVISOR)
    if not actor.acts_for(drawing, Role.SUPERVISOR):
        raise NotYourCheck(f"You do not supervise for {drawing}.", detail_zh="您无权以该机关的名义抽查。")
    supervised = [code for code in catalog.authority_by_code if actor.supervises(code)]
    wanted = supervised if plan.authorities is None else sorted(set(plan.authorities) & set(supervised))
    members = await list_population(
        session, authorities=wanted, first=plan.period_from, last=plan.period_until, today=legal_day(now)
    )
    if not members:
        raise NothingToCheck(
            "No penalty that is public today was first published in this period by an authority that you supervise.",
            detail_zh="该期间没有可抽查的公示信息。",
        )
    values = {
        "id": new_id(),
        "version_no": 1,
        "state": "announced",
        "authority_code": drawing,
        "title": plan.title,
        "period_from": plan.period_from,
        "period_until": plan.period_until,
        "per_authority": plan.per_authority,
        "seed_source": plan.seed_source,
        "form_edition": form().edition,
        "population": len(members),
        "population_digest": population_digest(one.key for one in members),
        "announced_by": str(actor.id),
        "announced_at": now,
    }
    return await insert_check(session, values, members)


async def draw_sample(
    session: AsyncSession, *, check_id: UUID, seed: str, expected: ExpectedVersion, actor: Actor, now: datetime
) -> SpotCheck:
    """Draw the sample of a check by its seed. Anybody can do it again from the population's keys.

    Raises:
        NoSuchCheck: the actor announced no such check for its authority.
        VersionRequired, VersionMismatch: the present version is not the expected one.
        AlreadyDrawn: it was drawn before.
    """
    check = await find_check(session, check_id=check_id, lock=True)
    if check is None or not actor.acts_for(check.authority_code, Role.SUPERVISOR):
        raise _no_such(check_id)
    expected.check(check.version_no)
    if check.state != "announced":
        raise AlreadyDrawn("It was drawn already; its seed does not change.", detail_zh="已完成抽取。")
    sample = draw(await list_members(session, check_id=check_id), seed=seed, per_authority=check.per_authority)
    await insert_items(
        session,
        [
            {
                "id": new_id(),
                "check_id": check_id,
                "version_no": 1,
                "state": ItemState.DRAWN.value,
                "key": one.key,
                "authority_code": one.authority_code,
                "uscc": one.uscc,
                "record_id": one.record_id,
                "record_version": one.record_version,
            }
            for one in sample
        ],
    )
    check.state, check.seed, check.version_no = "drawn", seed, check.version_no + 1
    check.drawn_by, check.drawn_at = str(actor.id), now
    await session.flush()
    return check


@dataclass(frozen=True, slots=True)
class On:
    """Which drawn record somebody works on, in which version, and when."""

    check_id: UUID
    item_id: UUID
    expected: ExpectedVersion
    actor: Actor
    now: datetime


async def score(
    session: AsyncSession, on: On, *, scores: Mapping[str, int], findings: Sequence[Mapping[str, str]]
) -> Row:
    """Fill in the form of a drawn record. With findings it goes back to its authority, which is told.

    Raises:
        NoSuchCheck: there is none that the actor draws for.
        VersionRequired, VersionMismatch: the present version is not the expected one.
        WrongItemState: its form is filled in.
        NotScored: points are missing or impossible.
    """
    row = await _item(session, on)
    if not on.actor.acts_for(row["drawn_by_authority"], Role.SUPERVISOR):
        raise _no_such(on.item_id)
    _check_state(row, on, ItemState.DRAWN)
    check_scores(scores, findings)
    state = ItemState.RETURNED if findings else ItemState.PASSED
    await move_item(
        session,
        row,
        {
            "state": state.value,
            "scores": dict(scores),
            "findings": [dict(one) for one in findings],
            "scored_by": str(on.actor.id),
            "scored_at": on.now,
        },
    )
    if findings:
        record = {"uscc": row["uscc"], "id": row["record_id"], "version_no": row["record_version"]}
        await insert_outbox(
            session, topic=AUTHORITY_NOTICE, channels=[None], kind=ChangeKind.PENALTY, row=record, now=on.now
        )
    return await _item(session, on)


async def answer(session: AsyncSession, on: On, *, outcome: str, reason: str) -> Row:
    """Say what the authority did about the findings: `corrected`, which its record must show, or `disputed`.

    Raises:
        NoSuchCheck: there is none of the actor's own authority.
        VersionRequired, VersionMismatch: the present version is not the expected one.
        WrongItemState: nothing was returned.
        NotCorrectedYet: no act after the finding mended the record.
    """
    row = await _item(session, on)
    if not on.actor.acts_for(row["authority_code"], Role.RECORDER, Role.REVIEWER):
        raise _no_such(on.item_id)
    _check_state(row, on, ItemState.RETURNED)
    mended = await find_mending(session, uscc=row["uscc"], record_id=row["record_id"], since=row["scored_at"])
    if outcome == "corrected" and mended is None:
        raise NotCorrectedYet(
            "No correction, withdrawal or recall of the record came after the finding.", detail_zh="尚未完成更正。"
        )
    told: dict[str, Any] = {"outcome": outcome, "reason": reason, "by": str(on.actor.id), "at": on.now.isoformat()}
    if outcome == "corrected" and mended is not None:
        told |= {"record_version": mended[0], "command": mended[1]}
    await move_item(session, row, {"state": ItemState.ANSWERED.value, "answer": told})
    return await _item(session, on)


async def close(session: AsyncSession, on: On, *, accepted: bool, reason: str) -> Row:
    """Accept an answer, or give the record back once more.

    Raises:
        NoSuchCheck: there is none that the actor draws for.
        VersionRequired, VersionMismatch: the present version is not the expected one.
        WrongItemState: nobody has answered.
    """
    row = await _item(session, on)
    if not on.actor.acts_for(row["drawn_by_authority"], Role.SUPERVISOR):
        raise _no_such(on.item_id)
    _check_state(row, on, ItemState.ANSWERED)
    told = {"accepted": accepted, "reason": reason, "by": str(on.actor.id), "at": on.now.isoformat()}
    state = ItemState.CLOSED if accepted else ItemState.RETURNED
    await move_item(session, row, {"state": state.value, "closed": told})
    return await _item(session, on)


async def _item(session: AsyncSession, on: On) -> Row:
    row = await find_item(session, check_id=on.check_id, item_id=on.item_id, actor=on.actor)
    if row is None:
        raise _no_such(on.item_id)
    return row


def _check_state(row: Row, on: On, wanted: ItemState) -> None:
    on.expected.check(row["version_no"])
    if row["state"] != wanted:
        raise WrongItemState(
            f"This may be done while it is {wanted.value}; it is {row['state']}.",
            detail_zh="当前状态不允许此操作。",
            state=row["state"],
        )


def _no_such(what: UUID) -> NoSuchCheck:
    return NoSuchCheck(
        f"There is no spot check or drawn record {what} that you may work on.", detail_zh="没有此项抽查。"
    )
