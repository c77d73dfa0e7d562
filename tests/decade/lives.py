"""Random lives of penalties and entries: each step is a real action on the database, and one line in the slow model.

What the model says of a step beforehand (allowed, refused) is held against what the action does.
"""

import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Role
from service.blacklist.actions import entering, leaving
from service.blacklist.rules import EntryContent
from service.catalog.queries import Catalog
from service.db import Database
from service.errors import Refusal
from service.penalties import actions as penalty_actions
from service.penalties.actions import corrections, drafts, endings, reviews
from service.penalties.rules import Content, Fall
from service.records.actions import Order
from service.repair.actions import repairs
from service.repair.rules import Intake
from service.versions import ANY_VERSION
from tests.decade import law
from tests.decade.model import DAY, Record, Subject, Version, World, day_of
from tests.decade.people import AUTHORITIES, SIGNED, Terms, content, person

Step = Callable[[datetime], Coroutine[Any, Any, None]]
KINDS = (
    ("warning",), ("criticism",), ("fine",), ("fine",), ("warning", "fine"), ("fine", "confiscation_gains"),
    ("permit_suspension",), ("permit_revocation", "fine"), ("stop_business",), ("activity_restriction",),
)  # fmt: skip
FINES = (500_000, 5_000_000, 50_000_000)


class Disagreement(AssertionError):
    """The service did what the model did not expect."""


class Stage(Protocol):
    """What a life needs of the simulation: the database, the catalogue of the moment, the model, chance, a diary."""

    database: Database
    catalog: Catalog
    world: World
    amounts: law.Amounts
    chance: random.Random
    counts: dict[str, int]

    def later(self, at: datetime, step: Step) -> None:
        """Let a step happen at an instant."""

    def number(self) -> int:
        """Return a number not given before."""


def party(code: str) -> str:
    return "sole_trader" if code.startswith("92") else "organization"


@dataclass
class PenaltyLife:
    """One decision, from its draft to wherever chance leads it."""

    stage: Stage
    subject: Subject
    authority: str
    terms: Terms
    name: str
    record: Record = field(init=False)
    published_on: Any = None
    last: law.Display | None = None
    approved_tier: str | None = None
    came_from: Subject | None = None

    @property
    def chance(self) -> random.Random:
        return self.stage.chance

    def facts(self) -> law.Facts:
        system, province = AUTHORITIES[self.authority]
        terms = self.terms
        return law.Facts(
            system, province, party(self.subject.code), set(terms.kinds), terms.fine, terms.confiscated, terms.decided_on,
            terms.summary, terms.restricted_until,
        )  # fmt: skip

    def display(self, at: datetime) -> law.Display:
        return law.display(self.facts(), self.published_on or day_of(at), self.stage.amounts)

    def order(self, role: Role, at: datetime, *, second: bool = False) -> Order:
        actor = person(role, self.authority, at, second=second)
        return Order(self.subject.code, UUID(self.record.id), actor, ANY_VERSION, at)

    def signature(self, at: datetime) -> reviews.Signature:
        return reviews.Signature(self.display(at).tier, "依规则", SIGNED)

    def soon(self, at: datetime, step: Step, *, most: int = 6) -> None:
        self.stage.later(at + timedelta(hours=self.chance.uniform(1, 24 * most)), step)

    async def act(self, name: str, act: Callable[[AsyncSession], Any], *, expect: str | None = None) -> Any:
        """Do something, or see it refused with the code `expect`."""
        try:
            async with self.stage.database.transaction() as session:
                made = await act(session)
        except Refusal as refusal:
            if refusal.code != expect:
                raise Disagreement(f"{name} of {self.facts()}: {refusal.code} {refusal}") from refusal
            self.stage.counts[f"{name} refused"] = self.stage.counts.get(f"{name} refused", 0) + 1
            return None
        if expect is not None:
            raise Disagreement(f"{name} of {self.facts()} was not refused: expected {expect}")
        self.stage.counts[name] = self.stage.counts.get(name, 0) + 1
        return made

    def hide(self, *, wipes: bool = False, is_void: bool = False) -> None:
        version = self.record.versions[-1]
        self.stage.world.happens(
            self.record, Version(False, version.first, version.last, self.name, wipes=wipes, is_void=is_void)
        )

    def show(self, at: datetime, *, wipes: bool = False) -> None:
        shown = self.last = self.display(at)
        self.published_on = self.published_on or day_of(at)
        self.stage.world.happens(
            self.record, Version(shown.allowed, self.published_on, shown.until, self.name, wipes=wipes)
        )

    async def begin(self, at: datetime) -> None:
        number = f"示罚〔{at.year}〕{self.stage.number()}号"
        made = await self.act(
            "record",
            lambda session: drafts.record_draft(
                session,
                self.stage.catalog,
                draft=drafts.Draft(self.subject.code, Content(**content(self.terms, name=self.name, number=number))),
                authority=self.authority,
                actor=person(Role.RECORDER, self.authority, at),
                now=at,
            ),
        )
        self.record = Record(str(made["id"]), "penalty", self.authority, self.subject.code)
        self.subject.records.append(self.record)
        self.stage.world.happens(self.record, Version(False, None, None, self.name))
        self.soon(at, self.submit)

    async def submit(self, at: datetime) -> None:
        if self.chance.random() < 0.05:
            order = self.order(Role.RECORDER, at)
            await self.act(
                "discard", lambda session: penalty_actions.transition(session, order, "discard", reason="录入有误")
            )
            self.hide(is_void=True)
            return
        order = self.order(Role.RECORDER, at)
        await self.act("submit", lambda session: drafts.submit(session, self.stage.catalog, order))
        self.hide()
        self.soon(at, self.approve)

    async def approve(self, at: datetime) -> None:
        shown = self.display(at)
        expect = "gate_failed" if shown.tier == "undecided" or self.is_over(shown, at) else None
        order, signature = self.order(Role.REVIEWER, at), self.signature(at)
        made = await self.act(
            "approve",
            lambda session: reviews.approve(session, self.stage.catalog, order, signature=signature),
            expect=expect,
        )
        if made is None:
            if self.chance.random() < 0.7:  # perhaps somebody enters what is missing
                self.soon(at, self.approve, most=400)
            return
        self.approved_tier = shown.tier
        self.hide()
        self.soon(at, self.publish, most=self.chance.choice((1, 1, 20, 500)))

    async def publish(self, at: datetime) -> None:
        shown = self.display(at)
        if shown.tier == "undecided" or self.is_over(shown, at):
            expect: str | None = "gate_failed"
        elif shown.tier != self.approved_tier:
            expect = "tier_differs"
        else:
            expect = None if shown.allowed else "not_displayed"
        order = self.order(Role.REVIEWER, at)
        made = await self.act(
            "publish", lambda session: reviews.publish(session, self.stage.catalog, order), expect=expect
        )
        if made is not None:
            self.show(at)
            self.soon(at, self.live, most=700)

    @staticmethod
    def is_over(shown: law.Display, at: datetime) -> bool:
        return shown.until is not None and shown.until < day_of(at)

    async def live(self, at: datetime) -> None:
        choices = (
            (self.suspend, 2), (self.recall, 2), (self.withdraw, 1), (self.correct, 3), (self.move, 1), (self.repair, 2),
            (self.list_it, 2),
        )  # fmt: skip
        (chosen,) = self.chance.choices([one for one, _ in choices], [weight for _, weight in choices])
        await chosen(at)

    async def suspend(self, at: datetime) -> None:
        order = self.order(Role.REVIEWER, at)
        await self.act(
            "suspend",
            lambda session: endings.suspend(
                session, order, ground="order_of_court", reason="裁定停止执行", basis="示例行初1号"
            ),
        )
        self.hide()
        self.soon(at, self.resume, most=300)

    async def resume(self, at: datetime) -> None:
        if self.chance.random() < 0.2:
            await self.withdraw(at)
            return
        order = self.order(Role.REVIEWER, at)
        await self.act("resume", lambda session: endings.resume(session, order, reason="恢复执行"))
        if self.last is None:
            raise Disagreement("nothing was shown that could be resumed")
        self.stage.world.happens(self.record, Version(self.last.allowed, self.published_on, self.last.until, self.name))
        self.soon(at, self.live, most=500)

    async def recall(self, at: datetime) -> None:
        order = self.order(Role.RECORDER, at)
        await self.act("recall", lambda session: endings.recall(session, order, cause="other", reason="待核实"))
        self.hide()
        self.soon(at, self.republish, most=100)

    async def republish(self, at: datetime) -> None:
        shown = self.display(at)
        expect = "gate_failed" if shown.tier == "undecided" or self.is_over(shown, at) else None
        order, signature = self.order(Role.REVIEWER, at), self.signature(at)
        made = await self.act(
            "republish",
            lambda session: endings.republish(
                session, self.stage.catalog, order, reason="核实无误", signature=signature
            ),
            expect=expect,
        )
        if made is not None:
            self.show(at)
            self.soon(at, self.live, most=500)

    async def withdraw(self, at: datetime) -> None:
        order = self.order(Role.REVIEWER, at)
        fall = endings.Withdrawal(Fall.REVOKED, "复议撤销", "示例复1号", day_of(at), day_of(at) + 30 * DAY)
        await self.act(
            "withdraw", lambda session: endings.withdraw(session, self.stage.catalog, order, withdrawal=fall)
        )
        self.hide()

    async def correct(self, at: datetime) -> None:
        wipes = self.chance.random() < 0.4
        changes: dict[str, Any] = {"violation_facts": f"更正{self.stage.number()}"}
        before = self.terms.fine
        if not wipes and before is not None:
            changes["fine_fen"] = self.chance.choice([fine for fine in FINES if fine != before])
        order = self.order(Role.RECORDER, at)
        await self.act(
            "propose a correction",
            lambda session: corrections.propose(
                session, order, nature="personal_data" if wipes else "content", reason="更正", changes=changes
            ),
        )
        self.terms.fine = changes.get("fine_fen", before)
        shown = self.display(at)
        expect = "gate_failed" if shown.tier == "undecided" or self.is_over(shown, at) else None
        review, signature = self.order(Role.REVIEWER, at), self.signature(at)
        made = await self.act(
            "correct",
            lambda session: corrections.correct(session, self.stage.catalog, review, signature=signature),
            expect=expect,
        )
        if made is None:
            self.terms.fine = before
            await self.act(
                "reject a correction",
                lambda session: corrections.reject_correction(session, review, reason="不予更正"),
            )
        else:
            self.show(at, wipes=wipes)
        self.soon(at, self.live, most=500)

    async def move(self, at: datetime) -> None:
        other = self.chance.choice(list(self.stage.world.subjects.values()))
        if self.came_from is not None and self.chance.random() < 0.5:  # that move was the mistake
            other = self.came_from
        if other is self.subject:
            return
        order = self.order(Role.RECORDER, at)
        name = other.names[-1][1] if other.names else f"{self.name}分部"
        _, there = await self.act(
            "move",
            lambda session: endings.move_to(
                session, self.stage.catalog, order, to_uscc=other.code, party_name=name, reason="主体有误"
            ),
        )
        self.hide(wipes=True)
        self.came_from, self.subject, self.name = self.subject, other, name
        self.record = Record(str(there["id"]), "penalty", self.authority, other.code)
        other.records.append(self.record)
        self.stage.world.happens(self.record, Version(False, None, None, name))
        self.soon(at, self.move if self.chance.random() < 0.2 else self.approve)

    async def repair(self, at: datetime) -> None:
        await repair(self.stage, self.record, self.authority, at)
        self.hide()

    async def list_it(self, at: datetime) -> None:
        """A listing that rests on this penalty, when the list of order 44 is open."""
        life = EntryLife(self.stage, self.subject, self.authority, "samr-serious", self.name, (UUID(self.record.id),))
        if day_of(at) >= law.ORDER_45 and AUTHORITIES[self.authority][0] == "market_regulation":
            await life.begin(at)
        self.soon(at, self.live, most=500)


async def repair(stage: Stage, record: Record, authority: str, at: datetime) -> None:
    """A repair by reorganisation, from its filing to its grant, by two officers."""
    first = person(Role.REPAIR_OFFICER, authority, at)
    second = person(Role.REPAIR_OFFICER, authority, at, second=True)
    application = repairs.Application(
        record.kind,
        UUID(record.id),
        "bankruptcy_reorganisation",
        "已重整",
        "承诺守法",
        "示例破1号",
        Intake.GSXT,
        day_of(at),
    )
    async with stage.database.transaction() as session:
        case = await repairs.file_repair(
            session, stage.catalog, uscc=record.subject, application=application, actor=first,
            order=Order(record.subject, UUID(record.id), first, ANY_VERSION, at),
        )  # fmt: skip
    order = Order(record.subject, case["id"], second, ANY_VERSION, at)
    decision = repairs.Grant("示例修1号", "符合条件", {"court_plan": "已核", "commitment": "已核"})
    async with stage.database.transaction() as session:
        await repairs.accept(session, stage.catalog, order)
    async with stage.database.transaction() as session:
        await repairs.grant(session, stage.catalog, order, decision=decision)
    stage.counts["repair"] = stage.counts.get("repair", 0) + 1


@dataclass
class EntryLife:
    """One entry on a list, from its draft to its end."""

    stage: Stage
    subject: Subject
    authority: str
    list_id: str
    name: str
    penalties: tuple[UUID, ...] = ()
    record: Record = field(init=False)

    def order(self, role: Role, at: datetime) -> Order:
        return Order(self.subject.code, UUID(self.record.id), person(role, self.authority, at), ANY_VERSION, at)

    def later(self, at: datetime, step: Step, *, days: tuple[float, float]) -> None:
        self.stage.later(at + timedelta(days=self.stage.chance.uniform(*days)), step)

    async def act(self, name: str, act: Callable[[AsyncSession], Any]) -> Any:
        async with self.stage.database.transaction() as session:
            made = await act(session)
        self.stage.counts[f"{name} an entry"] = self.stage.counts.get(f"{name} an entry", 0) + 1
        return made

    def becomes(self, *, shown: bool) -> None:
        before = self.record.versions[-1]
        self.stage.world.happens(self.record, Version(shown, before.first, before.last, self.name))

    async def begin(self, at: datetime) -> None:
        stated = EntryContent(
            party_name=self.name, grounds="示例事由", ground_code="annual_report_missing" if not self.penalties else None,
            legal_basis="示例办法第一条", evidence="检查记录", facts={"gravity": "恶劣", "field_article": "第九条"},
            found_on=day_of(at),
        )  # fmt: skip
        draft = entering.EntryDraft(self.list_id, stated, self.penalties)
        made = await self.act(
            "draft",
            lambda session: entering.draft_entry(
                session, self.stage.catalog, uscc=self.subject.code, draft=draft, authority=self.authority,
                actor=person(Role.LISTER, self.authority, at), now=at,
            ),
        )  # fmt: skip
        self.record = Record(str(made["id"]), "blacklist_entry", self.authority, self.subject.code)
        self.subject.records.append(self.record)
        self.stage.world.happens(self.record, Version(False, None, None, self.name))
        self.later(at, self.propose, days=(0.1, 5))

    async def propose(self, at: datetime) -> None:
        order = self.order(Role.LISTER, at)
        try:
            await self.act("propose", lambda session: entering.propose(session, self.stage.catalog, order))
            self.becomes(shown=False)
            await self.act(
                "notify",
                lambda session: entering.notify(
                    session, order, notified_on=day_of(at), statement_until=day_of(at) + 5 * DAY
                ),
            )
            self.becomes(shown=False)
        except Refusal as refusal:  # the penalty that it rests on fell meanwhile
            if refusal.code != "entry_test_failed" or not self.penalties:
                raise
            return
        self.later(at, self.enter, days=(6.1, 20))

    async def enter(self, at: datetime) -> None:
        order = self.order(Role.REVIEWER, at)
        listing = entering.Listing(f"示列〔{at.year}〕{self.stage.number()}号", "第一条", day_of(at))
        try:
            await self.act(
                "list",
                lambda session: entering.list_subject(session, self.stage.catalog, order, listing=listing),
            )
        except Refusal as refusal:
            is_on = any(
                one is not self.record and one.kind == "blacklist_entry" and one.stands  # hidden ones stand too
                for one in self.subject.records
            )
            fell = refusal.code == "entry_test_failed" and bool(self.penalties)
            if not fell and not (refusal.code == "already_listed" and is_on):
                raise
            return
        today = day_of(at)
        until = law.listed_until(self.list_id, today)
        self.record.stands = True
        self.stage.world.happens(self.record, Version(True, today, until, self.name))
        self.later(at, self.live, days=(1, 900))

    async def live(self, at: datetime) -> None:
        order = self.order(Role.REVIEWER, at)
        self.record.stands = False
        chosen = self.stage.chance.choice(("suspend", "recall", "remove", "revoke", "repair"))
        match chosen:
            case "suspend":
                await self.act("suspend", lambda s: leaving.suspend(s, order, reason="裁定", basis="示例1号"))
                self.becomes(shown=False)
                self.record.stands = True
                self.later(at, self.resume, days=(1, 200))
            case "recall":
                lister = self.order(Role.LISTER, at)
                await self.act("recall", lambda s: leaving.recall(s, lister, reason="待核"))
                self.becomes(shown=False)
                self.record.stands = True
                self.later(at, self.republish, days=(1, 200))
            case "repair":
                await repair(self.stage, self.record, self.authority, at)
                self.becomes(shown=False)
            case "remove":
                since = day_of(at)
                await self.act(
                    "remove",
                    lambda s: leaving.remove(
                        s, self.stage.catalog, order, reason="已改正", basis="第二条", document_no=None, since=since
                    ),
                )
                self.becomes(shown=False)
            case _:
                await self.act(
                    "revoke", lambda s: leaving.revoke(s, order, reason="列入有误", basis="第三条", document_no=None)
                )
                self.becomes(shown=False)

    async def resume(self, at: datetime) -> None:
        order = self.order(Role.REVIEWER, at)
        await self.act("resume", lambda s: leaving.show_again(s, order, "resume", reason="恢复"))
        self.becomes(shown=True)
        self.later(at, self.live, days=(1, 400))

    async def republish(self, at: datetime) -> None:
        order = self.order(Role.REVIEWER, at)
        await self.act("republish", lambda s: leaving.show_again(s, order, "republish", reason="核实"))
        self.becomes(shown=True)
        self.later(at, self.live, days=(1, 400))
