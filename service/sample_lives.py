"""Penalties of the sample authority that stand at a draft, in review, and published, as its own people would bring them there."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Grant, Role
from service.catalog.rules import Catalog
from service.clock import legal_day
from service.penalties.actions import content_of, review
from service.penalties.actions.drafts import Draft, record_draft, submit
from service.penalties.actions.reviews import Signature, approve, publish
from service.penalties.rules import Content
from service.records.actions import Order
from service.versions import ANY_VERSION

_NOTE: Final = "示例：已核对"


async def load_sample_lives(
    session: AsyncSession, catalog: Catalog, *, authority: str, firms: tuple[tuple[str, str], ...], now: datetime
) -> None:
    """Record one penalty for each of three firms (code, name): a draft, one that waits for its review, a published one."""
    recorder, reviewer = (_person(number, role, catalog, authority, now) for number, role in _PEOPLE)
    for number, (uscc, name) in enumerate(firms):
        content = _content(name, number, legal_day(now))
        row = await record_draft(
            session, catalog, draft=Draft(uscc, content), authority=authority, actor=recorder, now=now
        )
        if number == 0:
            continue
        row = await submit(session, catalog, Order(uscc, row["id"], recorder, ANY_VERSION, now))
        if number == 1:
            continue
        order = Order(uscc, row["id"], reviewer, ANY_VERSION, now)
        checklist = await review(session, catalog, row, content_of(row), today=order.today)
        signed = {one.point.id: _NOTE for one in checklist.judgements}
        await approve(session, catalog, order, signature=Signature(checklist.tier, checklist.tier_basis, signed))
        await publish(session, catalog, order)


_PEOPLE: Final = ((1, Role.RECORDER), (2, Role.REVIEWER))


def _person(number: int, role: Role, catalog: Catalog, authority: str, now: datetime) -> Actor:
    grants = frozenset({Grant(role, authority)})
    return Actor(UUID(int=number), f"sample {role}", grants, catalog.hierarchy, legal_day(now))


def _content(name: str, number: int, today: date) -> Content:
    decided, served = today - timedelta(days=12), today - timedelta(days=9)
    return Content(
        party_name=name,
        document_no=f"渝星市监罚〔{decided.year}〕{900 + number}号",
        kinds=("fine", "confiscation_gains"),
        fine_fen=500_000,
        confiscation_fen=80_000,
        violation_type="销售侵犯注册商标专用权的商品",
        violation_facts="经查，当事人销售侵犯注册商标专用权的商品",
        legal_basis="《中华人民共和国商标法》第六十条",
        penalty_content="罚款人民币5000元，没收违法所得800元",
        decided_on=decided,
        valid_until=decided + timedelta(days=365),
        served_on=served,
        publication_told_on=served,
        repair_notice_served_on=served,
    )
