from datetime import date
from typing import Any
from uuid import UUID

from service.access.rules import Actor
from service.catalog.rules import Catalog
from service.db import ReadSession
from service.deadlines.answers import deadline_view, skipped_view
from service.deadlines.lists import Sight, list_of_record
from service.explaining.queries import Row, find_version
from service.explaining.rules import CHANNELS, facts_of, flags_of, inputs_of, say_entry, window_of
from service.models import BlacklistEntryVersion, PenaltyVersion
from service.records.queries import no_such_record
from service.rulebook.explanation import Clock, WindowExplained, explain_window, told
from service.rulebook.rules import Channel, PenaltyFacts
from service.rulebook.windows import Window, penalty_windows

View = dict[str, Any]


async def explain_penalty_record(
    session: ReadSession, catalog: Catalog, *, uscc: str, record_id: UUID, actor: Actor, today: date
) -> View:
    """Return why a penalty is shown from when to when on every channel, and what is due for it.

    The channels of the feeds and the deadlines are for those who see the record in full; everybody else gets the public window.

    Raises:
        NoSuchRecord: there is none that the actor may see.
    """
    row = await find_version(session, PenaltyVersion, uscc=uscc, record_id=record_id, actor=actor)
    if row is None:
        raise no_such_record(record_id)
    own = actor.audits_everything or row["authority_code"] in actor.sees_records_of
    facts = facts_of(row, catalog)
    public_from = row["public_from"] or row["published_on"] or today
    present = penalty_windows(catalog.rulebook, facts, public_from)
    now = {Channel.GSXT: present.gsxt, Channel.CREDIT_CHINA: present.credit_china, Channel.PUBLIC: present.public}
    channels = CHANNELS if own else (Channel.PUBLIC,)
    tier = told("tier", row["tier"])
    return {
        "id": record_id,
        "uscc": uscc,
        "version_no": row["version_no"],
        "inputs": inputs_of(facts),
        "tier": {"code": tier.code, "words": tier.words.en, "words_zh": tier.words.zh},
        "tier_basis": row["tier_basis"],
        "windows": [_window(catalog, facts, window_of(row, channel), now[channel]) for channel in channels],
        "deadlines": await _deadlines(session, catalog, uscc=uscc, record_id=record_id, today=today) if own else None,
    }


def _window(catalog: Catalog, facts: PenaltyFacts, stored: Window, present: Window) -> View:
    told_window = explain_window(catalog.rulebook, facts, stored)
    return {
        "channel": stored.channel.value,
        "publish_from": stored.starts_on,
        "publish_until": stored.ends_on,
        "reason": stored.reason,
        "rule": stored.rule_id,
        "instrument": told_window.rule.instrument if told_window.rule else None,
        "citation": told_window.rule.citation if told_window.rule else None,
        "grade": stored.grade,
        "early_stop": told_window.rule.early_stop if told_window.rule else None,
        "clock": _clock(told_window.clock),
        "other_clock": _clock(told_window.other_clock),
        "flags": flags_of(stored.flags),
        "words": told_window.words.en,
        "words_zh": told_window.words.zh,
        "by_present_law": _present(told_window, present),
    }


def _clock(clock: Clock | None) -> View | None:
    return None if clock is None else {"event": clock.event, "day": clock.day, "publish_until": clock.ends_on}


def _present(stored: WindowExplained, present: Window) -> View | None:
    """What the rulebook gives today, where it differs: nothing is moved before its authority decides (`/v1/redatings`)."""
    was = stored.window
    if (was.ends_on, was.rule_id, was.reason) == (present.ends_on, present.rule_id, present.reason):
        return None
    return {
        "publish_from": present.starts_on,
        "publish_until": present.ends_on,
        "rule": present.rule_id,
        "reason": present.reason,
    }


async def _deadlines(session: ReadSession, catalog: Catalog, *, uscc: str, record_id: UUID, today: date) -> list[View]:
    sight = Sight(everything=True, authorities=frozenset(), in_full=frozenset())
    rows = await list_of_record(session, uscc=uscc, record_id=record_id)
    return [{**deadline_view(row, catalog, sight, today=today), "skipped": skipped_view(row, catalog)} for row in rows]


async def explain_entry_record(
    session: ReadSession, catalog: Catalog, *, uscc: str, record_id: UUID, actor: Actor
) -> View:
    """Return why a blacklist entry is shown from when to when.

    Raises:
        NoSuchRecord: there is none that the actor may see.
    """
    row = await find_version(session, BlacklistEntryVersion, uscc=uscc, record_id=record_id, actor=actor)
    if row is None:
        raise no_such_record(record_id)
    known = catalog.list_by_id[row["list_id"]]
    words = say_entry(
        starts_on=row["public_from"],
        ends_on=row["public_until"],
        reason=row["public_reason"],
        listed_on=row["listed_on"],
        months=known.period_months,
        basis=known.legal_basis,
    )
    return {
        "id": record_id,
        "uscc": uscc,
        "version_no": row["version_no"],
        "inputs": _entry_inputs(row, own=actor.audits_everything or row["authority_code"] in actor.sees_records_of),
        "list_id": known.id,
        "list_name": known.name,
        "legal_basis": known.legal_basis,
        "basis_level": known.basis_level,
        "period_months": known.period_months,
        "grade": known.grade,
        "note": known.note,
        "publish_from": row["public_from"],
        "publish_until": row["public_until"],
        "reason": row["public_reason"],
        "flags": flags_of(tuple(row["window_flags"])),
        "words": words.en,
        "words_zh": words.zh,
    }


def _entry_inputs(row: Row, *, own: bool) -> View:
    return {
        "listed_on": row["listed_on"],
        "listed_on_grade": row["listed_on_grade"],
        "removed_on": row["removed_on"] if own else None,
        "stated_until": row["stated_until"],
    }
