"""What is done to applications for repair and to objections: each act one version and one event, in the caller's transaction."""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, OwnWork, Role
from service.catalog.rules import Catalog
from service.changes.rules import ChangeKind
from service.db import ReadSession
from service.penalties.rules.windows import Place, place_of
from service.records.actions import Order, get_visible
from service.records.queries import Row, get_current
from service.records.rules import Move, Moves, Standing, WrongState, decide
from service.repair.queries import count_repeated, find_case, list_materials, list_present_lists, lock_case
from service.repair.rules import Judged, NoSuchCase, RepairFacts, judge
from service.rulebook.rules import GSXT_SYSTEMS, Channel, PenaltyFacts, Rule, Tier


async def get_case(session: AsyncSession | ReadSession, kind: str, *, uscc: str, case_id: UUID, actor: Actor) -> Row:
    """Return an application or objection.

    Raises:
        NoSuchCase: there is none that the actor may see.
    """
    row = await find_case(session, kind, uscc=uscc, case_id=case_id, actor=actor)
    if row is None:
        raise NoSuchCase(f"There is no {kind} {case_id} here that you may see.", detail_zh="没有可供查看的此项申请。")
    return row


async def begin(session: AsyncSession, kind: str, moves: Moves, order: Order, command: str) -> Row:
    """Return the locked case on which the order's actor may give the command; its filer checks nothing of his own.

    Raises:
        NoSuchCase: there is none that the actor may see.
        Refusal: `decide` says which.
    """
    await get_case(session, kind, uscc=order.uscc, case_id=order.record_id, actor=order.actor)
    row = await lock_case(session, kind, uscc=order.uscc, case_id=order.record_id)
    standing = Standing(row["state"], row["version_no"], row["authority_code"], frozenset({row["filed_by"]}))
    decide(moves, standing, command, order.actor, expected=order.expected)
    return row


async def begin_own(session: AsyncSession, kind: str, move: Move, order: Order) -> Row:
    """Return the locked case that its filer, or the firm's agent, takes back.

    Raises:
        NoSuchCase: there is none that the actor may see.
        OwnWork: it is not the actor's own.
        VersionMismatch, WrongState: as everywhere.
    """
    await get_case(session, kind, uscc=order.uscc, case_id=order.record_id, actor=order.actor)
    row = await lock_case(session, kind, uscc=order.uscc, case_id=order.record_id)
    if row["filed_by"] != str(order.actor.id) and row["uscc"] not in order.actor.subjects:
        raise OwnWork("Only who filed it, or the firm's agent, takes it back.", detail_zh="仅申请人可以撤回。")
    order.expected.check(row["version_no"])
    if row["state"] not in move.sources:
        raise WrongState(
            f"To take it back it must be {' or '.join(sorted(move.sources))}; it is {row['state']}.",
            detail_zh="当前状态不允许撤回。",
            state=row["state"],
            possible=[],
        )
    return row


async def record_of(session: AsyncSession | ReadSession, case: Row) -> Row:
    """Return the current version of the record that a case is about."""
    return await get_current(session, ChangeKind(case["record_kind"]), uscc=case["uscc"], record_id=case["record_id"])


async def get_record(
    session: AsyncSession | ReadSession, kind: ChangeKind, *, uscc: str, record_id: UUID, actor: Actor
) -> Row:
    """Return the record that somebody complains about or wants repaired.

    Raises:
        NoSuchRecord: there is none that the actor may see.
    """
    return await get_visible(session, kind, uscc=uscc, record_id=record_id, actor=actor)


def may_file(actor: Actor, *, uscc: str, authority: str) -> bool:
    """Return whether the actor may apply for a firm: as its agent, or for it as the authority's repair officer."""
    return (actor.may(Role.SUBJECT_AGENT) and uscc in actor.subjects) or actor.acts_for(authority, Role.REPAIR_OFFICER)


async def conditions(session: AsyncSession | ReadSession, catalog: Catalog, case: Row, order: Order) -> list[Judged]:
    """Return the conditions of an application one by one, by the row in force on the day of acceptance (else today)."""
    record = await record_of(session, case)
    on = case["accepted_on"] or order.today
    rule = governing_rule(catalog, record, case["record_kind"], on=on)
    place = place_of(catalog.authority_by_code[record["authority_code"]], case["uscc"])
    decided_on = record.get("decided_on")
    return judge(
        RepairFacts(
            rule=rule,
            today=order.today,
            clock_on=_clock(record, rule),
            kinds=frozenset(record.get("kinds") or ()),
            materials=await list_materials(session, uscc=case["uscc"], case_id=case["id"]),
            listed=await list_present_lists(session, uscc=case["uscc"], today=order.today)
            - ({record["list_id"]} if "list_id" in record else set()),
            repeated=await count_repeated(
                session,
                uscc=case["uscc"],
                violation_type=record.get("violation_type"),
                after=decided_on,
                system=place.system,
            ),
            has_commitment=bool(case["commitment"]),
            court_document_no=case["court_document_no"],
        ),
        ground=case["ground"],
    )


def governing_rule(catalog: Catalog, record: Row, kind: str, *, on: date) -> Rule | None:
    """Return the row of the rulebook that governs the repair of a record on the day `on`, or None."""
    rules = catalog.rulebook.rules
    if kind == ChangeKind.BLACKLIST_ENTRY:
        known = catalog.list_by_id[record["list_id"]]
        tier = Tier.SERIOUS if known.severity == "serious" else Tier.MINOR
        own = [r for r in rules if r.domain == "SAMR_LIST" and r.shortest is not None and r.in_force(on)]
        others = [r for r in rules if r.domain == "CREDIT_CHINA" and r.tier is tier and r.in_force(on)]
        found = own if known.id == "samr-serious" else others
        return max(found, key=lambda rule: rule.effective_from, default=None)
    place: Place = place_of(catalog.authority_by_code[record["authority_code"]], record["uscc"])
    facts = PenaltyFacts(
        authority_system=place.system,
        procedure=record["procedure"],
        kinds=frozenset(record["kinds"]),
        fine_fen=record["fine_fen"],
        confiscation_fen=record["confiscation_fen"],
        field=record["field"],
        party_type=place.party_type,
        province=place.province,
        decided_on=on,
        published_on=on,
        restriction_until=record["restriction_until"],
    )
    channel = Channel.GSXT if place.system in GSXT_SYSTEMS else Channel.CREDIT_CHINA
    return catalog.rulebook.select(channel, facts).rule


def _clock(record: Row, rule: Rule | None) -> date | None:
    if rule is None:
        return None
    days = {
        "publication_date": record.get("published_on") or record["public_from"],
        "decision_date": record.get("decided_on") or record.get("listed_on"),
        "listing_date": record.get("listed_on"),
    }
    return days.get(rule.clock, record.get("decided_on") or record.get("listed_on"))
