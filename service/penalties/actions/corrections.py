"""Corrections of what was shown: proposed by a recorder, put in force by a reviewer through the gate."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import check_separation
from service.catalog.queries import Catalog
from service.db import ReadSession, violated_constraint
from service.models import PenaltyCorrection
from service.penalties.actions import (
    KIND,
    Order,
    begin,
    content_of,
    finish,
    first_days,
    get_visible,
    public_columns,
    review,
    work_out,
)
from service.penalties.actions.drafts import NATURAL_KEY, already_recorded, check_days
from service.penalties.actions.reviews import Signature, kept
from service.penalties.queries import close_correction, find_open_correction, find_same_number, insert_correction
from service.penalties.rules import (
    MAY_PROPOSE,
    MAY_REJECT,
    MOVES,
    Content,
    CorrectionOpen,
    NoOpenCorrection,
    NothingChanged,
    State,
    changed_fields,
    from_json,
    natural_key,
    to_json_fields,
)
from service.penalties.rules.gate import Checklist, check_signed, with_redactions
from service.records.outbox import queue_publication, queue_withdrawal
from service.records.queries import Row, drop_record_name, lock_current, new_id, put_record_name
from service.records.rules import OtherAuthority


async def propose(session: AsyncSession, order: Order, *, nature: str, reason: str, changes: dict[str, Any]) -> UUID:
    """Propose a correction of a penalty that was shown; it changes nothing until a reviewer puts it in force.

    Raises:
        NothingChanged: every field has that value already.
        CorrectionOpen: another one waits.
        Refusal: `begin` says which others.
    """
    row = await begin(session, order, MAY_PROPOSE)
    corrected = replace(content_of(row), **changes)
    check_days(corrected, today=order.today)
    if not changed_fields(content_of(row), corrected):
        raise NothingChanged("Every field has that value already.", detail_zh="更正内容与现有内容相同。")
    correction_id = new_id()
    try:
        async with session.begin_nested():
            await insert_correction(
                session,
                {
                    "uscc": row["uscc"],
                    "id": correction_id,
                    "penalty_id": row["id"],
                    "state": "proposed",
                    "nature": nature,
                    "reason": reason,
                    "changes": to_json_fields(changes),
                    "proposed_by": str(order.actor.id),
                    "proposed_at": order.now,
                },
            )
    except IntegrityError as error:
        if violated_constraint(error) != "uq_penalty_correction_open":
            raise
        raise CorrectionOpen(
            "A correction of it waits for its review already.", detail_zh="已有更正待审核。"
        ) from error
    return correction_id


def corrected_content(row: Row, correction: PenaltyCorrection) -> Content:
    """Return what a penalty would hold with the correction, redactions proposed where the scan finds personal data."""
    content = replace(content_of(row), **from_json(correction.changes))
    # A redaction of a text that the correction replaces is of the old text.
    stale = set(correction.changes) - {"redactions"}
    kept_redactions = (
        content.redactions
        if "redactions" in correction.changes
        else {name: text for name, text in content.redactions.items() if name not in stale}
    )
    return with_redactions(replace(content, redactions=kept_redactions))


async def correction_checklist(
    session: AsyncSession | ReadSession, catalog: Catalog, order: Order
) -> tuple[PenaltyCorrection, Row, Checklist]:
    """Return the open correction of a penalty, its current version, and the checklist that its reviewer has to sign.

    Raises:
        NoSuchRecord: there is no penalty that the actor may see.
        OtherAuthority: it is another authority's.
        NoOpenCorrection: no correction waits.
    """
    row = await get_visible(session, uscc=order.uscc, record_id=order.record_id, actor=order.actor)
    if not order.actor.acts_for(row["authority_code"], *MAY_PROPOSE.roles, *MAY_REJECT.roles):
        raise OtherAuthority("Only the record's own authority corrects it.", detail_zh="该记录属于其他机关。")
    correction = await _open_correction(session, row)
    return correction, row, await review(session, catalog, row, corrected_content(row, correction), today=order.today)


async def _open_correction(session: AsyncSession | ReadSession, row: Row) -> PenaltyCorrection:
    correction = await find_open_correction(session, uscc=row["uscc"], penalty_id=row["id"])
    if correction is None:
        raise NoOpenCorrection("No correction of it waits for a review.", detail_zh="没有待审核的更正。")
    return correction


async def _locked_correction(session: AsyncSession, order: Order) -> PenaltyCorrection:
    await get_visible(session, uscc=order.uscc, record_id=order.record_id, actor=order.actor)
    row = await lock_current(session, KIND, uscc=order.uscc, record_id=order.record_id)
    correction = await _open_correction(session, row)
    check_separation(order.actor, recorded_by=[correction.proposed_by])
    return correction


async def correct(session: AsyncSession, catalog: Catalog, order: Order, *, signature: Signature) -> Row:
    """Put the open correction in force. A recalled penalty is shown again, a suspended one stays hidden.

    Before and after stay public side by side, unless the correction is about personal data or secrets: then no earlier
    version answers anybody in public any more.

    Raises:
        NoOpenCorrection: none waits.
        GateFailed, NotSigned, TierDiffers: the review does not pass.
        OwnWork: the actor proposed it.
        AlreadyRecorded: the corrected document number is another record's.
        Refusal: `begin` says which others.

    Source: SAMR令45号 art. 12; 企业信息公示暂行条例 art. 12.
    """
    correction = await _locked_correction(session, order)
    now_recalled = (await lock_current(session, KIND, uscc=order.uscc, record_id=order.record_id))["state"]
    move = MOVES["correct_recalled" if now_recalled == State.RECALLED else "correct"]
    row = await begin(session, order, move)
    content = corrected_content(row, correction)
    checklist = await review(session, catalog, row, content, today=order.today)
    check_signed(checklist, tier=signature.tier, signed=signature.signed)
    published_on, public_from = first_days(row, today=order.today)
    windows = work_out(catalog, row, content, published_on=published_on, public_from=public_from)
    differs = changed_fields(content_of(row), content)
    changes = public_columns(content, windows) | {
        "tier_basis": signature.tier_basis,
        "reviewer": str(order.actor.id),
        "recorders": sorted({*row["recorders"], correction.proposed_by}),
    }
    key = natural_key(row["authority_code"], content, row["id"])
    try:
        async with session.begin_nested():
            made = await finish(
                session,
                order,
                move,
                row,
                changes=changes,
                natural_key=key,
                reason=correction.reason,
                silences_before=correction.nature != "content",
                act=kept(checklist, signature)
                | {"correction_id": str(correction.id), "nature": correction.nature, "differs": sorted(differs)},
            )
    except IntegrityError as error:
        if violated_constraint(error) != NATURAL_KEY:
            raise
        other = await find_same_number(session, uscc=row["uscc"], natural_key=key)
        raise already_recorded(other) from error
    await _close(session, order, correction, state="applied", reason=None, version_no=made["version_no"])
    if made["party_name"] != row["party_name"]:
        await drop_record_name(session, uscc=row["uscc"], name=row["party_name"])
    await put_record_name(session, uscc=made["uscc"], name=made["party_name"])
    queue = (
        queue_publication if made["state"] == State.PUBLISHED and made["public_reason"] is None else queue_withdrawal
    )
    await queue(session, KIND, made, now=order.now)
    return made


async def reject_correction(session: AsyncSession, order: Order, *, reason: str) -> Row:
    """Refuse the open correction; the penalty stays as it is.

    Raises:
        NoOpenCorrection: none waits.
        OwnWork: the actor proposed it.
        Refusal: `begin` says which others.
    """
    row = await begin(session, order, MAY_REJECT)
    correction = await _locked_correction(session, order)
    await _close(session, order, correction, state="rejected", reason=reason, version_no=None)
    return row


async def _close(
    session: AsyncSession,
    order: Order,
    correction: PenaltyCorrection,
    *,
    state: str,
    reason: str | None,
    version_no: int | None,
) -> None:
    closed = await close_correction(
        session,
        uscc=correction.uscc,
        correction_id=correction.id,
        state=state,
        decided_by=str(order.actor.id),
        reason=reason,
        version_no=version_no,
        now=order.now,
    )
    if not closed:
        raise NoOpenCorrection("Somebody else decided it first.", detail_zh="该更正已被他人处理。")
