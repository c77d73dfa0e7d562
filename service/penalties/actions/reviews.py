from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog.queries import Catalog
from service.errors import Conflict, Refusal
from service.penalties.actions import (
    KIND,
    Order,
    begin,
    content_of,
    finish,
    first_days,
    public_columns,
    review,
    work_out,
)
from service.penalties.rules import MOVES, GateFailed, NotDisplayed, TierDiffers, WindowOver
from service.penalties.rules.gate import Checklist, Outcome, check_eyes, check_plain, check_signed, checklist_view
from service.penalties.rules.windows import window_columns
from service.records.outbox import queue_publication
from service.records.queries import Row, put_record_name
from service.records.rules import ImpossibleDay


class BulkRefused(Conflict):
    """One of several approvals is refused, and so none is made; `refused` says which record and why."""

    code = "bulk_refused"


@dataclass(frozen=True, slots=True)
class Signature:
    """What a reviewer puts down: the tier with its basis, and every point of the checklist, each with a note or None."""

    tier: str
    tier_basis: str
    signed: Mapping[str, str | None]


def kept(checklist: Checklist, signature: Signature) -> dict[str, Any]:
    """Return the signed checklist as the version of the act keeps it."""
    return {
        "checklist": checklist_view(checklist),
        "signed": dict(signature.signed),
        "tier": signature.tier,
        "tier_basis": signature.tier_basis,
    }


async def approve(session: AsyncSession, catalog: Catalog, order: Order, *, signature: Signature) -> Row:
    """Sign the checklist of a submitted penalty.

    Raises:
        GateFailed, NotSigned, TierDiffers: the review does not pass.
        Refusal: `begin` says which others.
    """
    move = MOVES["approve"]
    row = await begin(session, order, move)
    checklist = await review(session, catalog, row, content_of(row), today=order.today)
    check_signed(checklist, tier=signature.tier, signed=signature.signed)
    return await _approve(session, catalog, order, row, checklist, signature)


async def approve_plain(session: AsyncSession, catalog: Catalog, order: Order) -> Row:
    """Approve a submitted penalty in which there is nothing to look at: the system ticks its points, and proposes the tier.

    Whoever calls has had the points for people signed.

    Raises:
        NeedsALook: there is something to look at, or a point fails.
        Refusal: `begin` says which others.
    """
    row = await begin(session, order, MOVES["approve"])
    checklist = await review(session, catalog, row, content_of(row), today=order.today)
    check_plain(checklist)
    signed = {one.point.id: None for one in checklist.judgements if one.outcome is not Outcome.NOT_APPLICABLE}
    signature = Signature(checklist.tier, checklist.tier_basis, signed)
    return await _approve(session, catalog, order, row, checklist, signature, in_bulk=True)


async def _approve(
    session: AsyncSession,
    catalog: Catalog,
    order: Order,
    row: Row,
    checklist: Checklist,
    signature: Signature,
    *,
    in_bulk: bool = False,
) -> Row:
    content = content_of(row)
    # What is signed is the law of today, and no longer that of the day on which it was handed in.
    published_on, public_from = first_days(row, today=order.today)
    windows = work_out(catalog, row, content, published_on=published_on, public_from=public_from)
    changes = dict(window_columns(windows)) | {
        "reviewer": str(order.actor.id),
        "tier_basis": signature.tier_basis,
    }
    act = kept(checklist, signature) | ({"in_bulk": True} if in_bulk else {})
    return await finish(session, order, MOVES["approve"], row, changes=changes, act=act)


@dataclass(frozen=True, slots=True)
class Approved:
    """What became of one record of several: the new version, or why it stays as it was."""

    order: Order
    row: Row | None
    refusal: Refusal | None


async def approve_each(
    session: AsyncSession, catalog: Catalog, orders: Sequence[Order], *, signed: Collection[str]
) -> list[Approved]:
    """Approve those of several penalties in which there is nothing to look at, each by itself, in the order of their codes.

    `signed` are the points that only a person can judge, signed for all of them. A record that is refused is left
    untouched, and the others go on.

    Raises:
        NotSigned: one of those points is missing.
    """
    check_eyes(signed)
    made: dict[int, Approved] = {}
    for place in sorted(range(len(orders)), key=lambda place: orders[place].uscc):
        order = orders[place]
        try:
            async with session.begin_nested():
                made[place] = Approved(order, await approve_plain(session, catalog, order), None)
        except Refusal as refusal:
            made[place] = Approved(order, None, refusal)
    return [made[place] for place in range(len(orders))]


async def approve_several(
    session: AsyncSession, catalog: Catalog, approvals: Sequence[tuple[Order, Signature]]
) -> list[Row]:
    """Sign the checklists of several penalties, all of them or none, in the order of their codes.

    Raises:
        BulkRefused: at least one is refused.
    """
    made: dict[int, Row] = {}
    refused = []
    for place in sorted(range(len(approvals)), key=lambda place: approvals[place][0].uscc):
        order, signature = approvals[place]
        try:
            made[place] = await approve(session, catalog, order, signature=signature)
        except Refusal as refusal:
            refused.append(
                {"id": str(order.record_id), "uscc": order.uscc, "code": refusal.code, "detail": refusal.detail}
            )
    if refused:
        raise BulkRefused(
            f"{len(refused)} of {len(approvals)} approvals are refused, and so none is made.",
            detail_zh="部分审核未通过，全部未办理。",
            refused=refused,
        )
    return [made[place] for place in range(len(approvals))]


async def publish(session: AsyncSession, catalog: Catalog, order: Order) -> Row:
    """Show an approved penalty from today on; texts appear in their public form.

    Rules may have changed since the approval, so the review is asked again.

    Raises:
        GateFailed, TierDiffers: it would not pass any more; return or withhold it.
        NotDisplayed: by the rules in force it is not shown.
        WindowOver: its time is over.
        Refusal: `begin` says which others.
    """
    move = MOVES["publish"]
    row = await begin(session, order, move)
    content = content_of(row)
    checklist = await review(session, catalog, row, content, today=order.today)
    if checklist.failed:
        raise GateFailed(
            "Since its approval the penalty no longer passes: " + ", ".join(one.point.id for one in checklist.failed),
            detail_zh="批准后情况有变，审核未通过。",
            checklist=checklist_view(checklist),
        )
    if checklist.tier != row["tier"]:
        raise TierDiffers(
            f"It was approved as {row['tier']}; the rulebook now gives {checklist.tier}.",
            detail_zh="批准后档次已变，请重新审核。",
            proposal=checklist.tier,
        )
    published_on, public_from = first_days(row, today=order.today)
    windows = work_out(catalog, row, content, published_on=published_on, public_from=public_from)
    if windows.public.reason is not None:
        raise NotDisplayed(
            f"By {windows.public.rule_id or 'the rules in force'} it is not shown: {windows.public.reason}.",
            detail_zh="按现行规则不予公示。",
            why=windows.public.reason,
            rule=windows.public.rule_id,
        )
    check_window(windows.public.ends_on, today=order.today)
    changes = public_columns(content, windows) | {
        "tier_basis": row["tier_basis"],
        "published_on": published_on,
        "reviewer": str(order.actor.id),
    }
    made = await finish(session, order, move, row, changes=changes)
    await put_record_name(session, uscc=made["uscc"], name=made["party_name"])
    await queue_publication(session, KIND, made, now=order.now)
    return made


def check_window(ends_on: date | None, *, today: date) -> None:
    """Refuse to show what may not be shown any more.

    Raises:
        WindowOver: the last day lies before today.
    """
    if ends_on is not None and ends_on < today:
        raise WindowOver(f"It could be shown until {ends_on}; today is {today}.", detail_zh="公示期已届满。")


async def withhold(session: AsyncSession, order: Order, *, reason: str, basis: str, until: date) -> Row:
    """Decide that a penalty is not published (不予公开), until a day on which that is looked at again.

    Raises:
        ImpossibleDay: `until` does not lie in the future.
        Refusal: `begin` says which others.
    """
    move = MOVES["withhold"]
    row = await begin(session, order, move)
    if until <= order.today:
        raise ImpossibleDay(
            f"until {until} is not after today ({order.today}).", detail_zh="不予公开的期限应晚于今日。"
        )
    changes = {"reviewer": str(order.actor.id), "withheld_until": until}
    return await finish(session, order, move, row, changes=changes, reason=reason, basis=basis)


async def give_back(session: AsyncSession, order: Order, *, reason: str) -> Row:
    """Return a submitted penalty to its recorder.

    Raises:
        Refusal: `begin` says which.
    """
    move = MOVES["return"]
    row = await begin(session, order, move)
    return await finish(session, order, move, row, changes={"reviewer": str(order.actor.id)}, reason=reason)
