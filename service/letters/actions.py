"""Making official documents from templates: the record's facts, the text, the PDF, and the document kept by its digest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.catalog.rules import Catalog
from service.changes.rules import ChangeKind
from service.clock import day_start, legal_day
from service.db import ReadSession
from service.documents.actions import get_record, keep
from service.documents.rules import DocumentKind, RecordKind
from service.letters.queries import find_same, list_support_numbers
from service.letters.rules import (
    Asked,
    MayNotMake,
    NotItsState,
    Template,
    asked_of,
    citation_words,
    compose,
    conditions_words,
    day_words,
    findings_words,
    gather,
    list_facts,
    may_make,
    periods_words,
    record_kind_of,
    template_of,
)
from service.models import Document
from service.records.queries import Row
from service.repair.actions import governing_rule, record_of
from service.repair.rules import conditions_of, review_routes
from service.rulebook.rules import GSXT_SYSTEMS
from service.typesetting import Press, set_by

PAGE: Final = Path(__file__).parent / "letter.typ"
_NO_RULE: Final = "无适用规则，由人工决定"
_DOORS: Final = {
    True: "市场监督管理领域的信用修复，通过国家企业信用信息公示系统提出申请。",
    False: "通过“信用中国”网站提出申请，也可以到政务服务大厅窗口办理。",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which document is asked for of which record, and what its maker states."""

    uscc: str
    kind: RecordKind
    record_id: UUID
    template: str
    stated: Mapping[str, str]


async def make_document(
    session: AsyncSession, catalog: Catalog, press: Press, *, wanted: Wanted, actor: Actor, now: datetime
) -> Document:
    """Make a document from its template and keep it with the record; the same facts on the same day give the one made before.

    Raises:
        NoSuchRecord, NoSuchCase: there is no such record that the actor may see.
        NoSuchTemplate: no template of this id is for such records.
        MayNotMake: the actor makes none for this record.
        NotItsState: it is not made in the record's state.
        FactsNotAsked, FactsMissing: see `gather`.
    """
    template, record, known = await _ready(session, catalog, wanted=wanted, actor=actor, now=now)
    found = gather(template, known, wanted.stated)
    signed_on = legal_day(now)
    made_from: dict[str, Any] = {
        "template": template.id,
        "facts": found,
        "signed_on": signed_on.isoformat(),
        "set_by": set_by(PAGE),
    }
    same = await find_same(session, uscc=wanted.uscc, record_id=wanted.record_id, made_from=made_from)
    if same is not None:
        return same
    content = await set_again(press, made_from)
    number = found.get("letter_no")
    return await keep(
        session,
        record,
        kind=wanted.kind,
        document_kind=DocumentKind(template.kind),
        file_name=f"{template.title}{f'（{number}）' if number else ''}.pdf",
        content=content,
        actor=actor,
        now=now,
        made_from=made_from,
    )


async def _ready(
    session: AsyncSession | ReadSession, catalog: Catalog, *, wanted: Wanted, actor: Actor, now: datetime
) -> tuple[Template, Row, dict[str, str | None]]:
    template = template_of(wanted.template, wanted.kind.value)
    record = await get_record(session, uscc=wanted.uscc, kind=wanted.kind, record_id=wanted.record_id, actor=actor)
    _check(template, record, actor)
    return template, record, await _known(session, catalog, wanted.kind, record, today=legal_day(now))


async def ask_facts(
    session: AsyncSession | ReadSession, catalog: Catalog, *, wanted: Wanted, actor: Actor, now: datetime
) -> Asked:
    """Return what has to be stated for a document, and what the record says already or lacks.

    Raises:
        NoSuchRecord, NoSuchCase, NoSuchTemplate, MayNotMake, NotItsState: as `make_document`.
    """
    template, _, known = await _ready(session, catalog, wanted=wanted, actor=actor, now=now)
    return asked_of(template, known)


async def set_again(press: Press, made_from: Mapping[str, Any]) -> bytes:
    """Return the PDF that a document was made as, byte for byte, from what is kept of its making.

    It bears the beginning of its day: the instant of the request changes nothing.
    """
    signed_on = date.fromisoformat(made_from["signed_on"])
    template = template_of(made_from["template"], record_kind_of(made_from["template"]))
    page = compose(template, made_from["facts"], signed_on=signed_on)
    return await press.set_pdf(PAGE, page, now=day_start(signed_on))


def _check(template: Template, record: Row, actor: Actor) -> None:
    owner = record["authority_code"]
    if not may_make(template, owner, actor):
        raise MayNotMake(
            f"A {template.id} of {owner} is made by its {', '.join(sorted(template.roles))}.",
            detail_zh="该文书由作出机关的经办人员制作。",
        )
    if record["state"] not in template.states:
        raise NotItsState(
            f"A {template.id} is made while the record is {', '.join(sorted(template.states))}; it is {record['state']}.",
            detail_zh="记录当前状态不能制作此文书。",
            states=sorted(template.states),
        )


async def _known(
    session: AsyncSession | ReadSession, catalog: Catalog, kind: RecordKind, row: Row, *, today: date
) -> dict[str, str | None]:
    if kind is RecordKind.REPAIR:
        record = await record_of(session, row)
        change_kind = ChangeKind(row["record_kind"])
    else:
        record, change_kind = row, ChangeKind(kind.value)
    known = _of_record(catalog, record, change_kind)
    if kind is RecordKind.REPAIR:
        return known | _of_case(catalog, row)
    if change_kind is ChangeKind.BLACKLIST_ENTRY:
        numbers = await list_support_numbers(session, uscc=record["uscc"], entry_id=record["id"])
        known["penalties"] = "、".join(numbers)
    rule = governing_rule(catalog, record, change_kind, on=today)
    if rule is not None:
        known |= {
            "repair_rule": f"{citation_words(rule.citation)}（{rule.id}）",
            "repair_periods": periods_words(rule),
            "repair_conditions": conditions_words(rule, conditions_of(rule)),
        }
    return known


def _of_record(catalog: Catalog, record: Row, kind: ChangeKind) -> dict[str, str | None]:
    authority = catalog.authority_by_code[record["authority_code"]]
    higher = catalog.authority_by_code.get(authority.parent_code or "")
    originals = record["originals"] or {}
    known: dict[str, str | None] = {
        "authority": authority.name,
        "higher_authority": None if higher is None else higher.name,
        "party": record["party_name"],
        "uscc": record["uscc"],
        "document_no": record["document_no"],
        "repair_door": _DOORS[authority.system in GSXT_SYSTEMS],
    }
    if kind is ChangeKind.PENALTY:
        channels = [
            name
            for name, column in (("国家企业信用信息公示系统", "gsxt_from"), ("信用中国", "credit_china_from"))
            if record[column] is not None
        ]
        return known | {
            "decided_on": _day(record["decided_on"]),
            "served_on": _day(record["served_on"]),
            "channels": "、".join(channels),
            "record_words": f"行政处罚决定（文号：{record['document_no'] or '无'}）",
        }
    listed = catalog.list_by_id[record["list_id"]]
    known.update(list_facts(listed.id))
    known.update(
        {
            "list_name": listed.name,
            "grounds": originals.get("grounds") or record["grounds"],
            "legal_basis": record["legal_basis"] or record["listed_on_basis"],
            "listed_on": _day(record["listed_on"]),
            "served_on": _day(record["repair_notice_served_on"]),
            "notified_on": _day(record["notified_on"]),
            "statement_until": _day(record["statement_until"]),
            "consented_on": _day(record["consented_on"]),
            "consent_no": record["consent_document_no"],
            "record_words": f"列入{listed.name}的记录（列入日期：{_day(record['listed_on']) or '未载明'}）",
        }
    )
    return known


def _of_case(catalog: Catalog, case: Row) -> dict[str, str | None]:
    rule = next((one for one in catalog.rulebook.rules if one.id == case["rule_id"]), None)
    return {
        "filed_on": _day(legal_day(case["filed_at"])),
        "accepted_on": _day(case["accepted_on"]),
        "decided_on": _day(case["decided_on"]),
        "repair_rule": _NO_RULE if rule is None else f"{citation_words(rule.citation)}（{rule.id}）",
        "repair_findings": findings_words(case["conditions"] or ()),
        "reason": case["decision_reason"],
        "basis": case["decision_basis"],
        "letter_no": case["decision_document_no"],
        "decision_no": case["decision_document_no"],
        "routes": "\n".join(f"{route['words_zh']}。" for route in review_routes()),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day_words(day)
