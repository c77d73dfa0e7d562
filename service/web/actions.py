"""What each page says, put together from the same answers that the API gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

import orjson

from service.catalog.rules import Catalog, KnownList
from service.clock import legal_day
from service.db import ReadSession, driver
from service.errors import Refusal
from service.exports.queries import list_releases
from service.exports.views import release_view
from service.reading.kinds import PenaltyKind
from service.reading.names import is_sole_trader_without_trade_name
from service.rulebook.rules import PenaltyFacts, Rule
from service.rulebook.windows import Windows, penalty_windows
from service.status.actions import Question, answer_question
from service.status.queries import Log, read_log
from service.subjects.search import find_by_identifier, search_names, show_found
from service.uscc.rules import check
from service.web.queries import (
    EntryFilter,
    count_by_list,
    count_facets,
    count_public,
    find_details,
    list_entries,
    list_latest_penalties,
)
from service.web.rules import Language, NoSuchPage, Term, say, say_citation, say_day, say_instant, say_money

#: Rows of one page of a table.
PAGE: Final = 50
#: How long counts of the home page are used before they are taken again.
COUNTS_FOR: Final = timedelta(seconds=60)
LATEST: Final = 8
SUGGESTIONS: Final = 8
RELEASES: Final = 200

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found; `malformed` says why a code was none, `suggestion` the code that may be meant."""

    items: Sequence[Mapping[str, Any]]
    truncated: bool = False
    is_short: bool = False
    malformed: Refusal | None = None
    suggestion: str | None = None


class Counts:
    """The counts of the home page, taken at most once a minute in each process; each answer says when."""

    def __init__(self) -> None:
        self._taken: tuple[datetime, Facts] | None = None

    async def get(self, session: ReadSession, now: datetime) -> Facts:
        """Return the counts, and `at`, the instant they were taken; never those of another day."""
        if self._taken is not None:
            at, counts = self._taken
            if at <= now < at + COUNTS_FOR and legal_day(at) == legal_day(now):
                return counts
        counts = {**await count_public(await driver(session), legal_day(now)), "at": now}
        self._taken = (now, counts)
        return counts


def _state(log: Log, today: date) -> str:
    """Return what a page of public facts depends on: the log, the legal day, the catalogues."""
    return f"{log.log_id[:8]}-{log.position}-{today:%Y%m%d}-{log.catalog_version}"


async def see_home(session: ReadSession, catalog: Catalog, counts: Counts, now: datetime) -> Facts:
    """Return counts, the latest penalties and the sources with their last delivery."""
    today = legal_day(now)
    connection = await driver(session)
    taken = await counts.get(session, now)
    latest = [
        _named(row) for row in await list_latest_penalties(connection, today, limit=LATEST * 2) if not _is_nameless(row)
    ][:LATEST]
    log = await read_log(connection, [], delivered_by=now)
    delivered = {code: at for code, _, _, at in orjson.loads(log.sources)}
    sources = [
        (source, legal_day(datetime.fromisoformat(at)) if (at := delivered.get(source.code)) else None)
        for source in catalog.sources
    ]
    return {
        "counts": taken,
        "latest": latest,
        "sources": sources,
        "position": log.position,
        "now": now,
        "etag": f"{_state(log, today)}-{taken['at']:%H%M%S}",
    }


def _public_name(row: Mapping[str, Any]) -> str | None:
    if row["registered_name"]:
        return cast("str", row["registered_name"])
    return None if "party_name" in row["held_texts"] else cast("str | None", row["party_name"])


def _is_nameless(row: Mapping[str, Any]) -> bool:
    # A sole trader without a trade name is found by the exact code only (DESIGN decision 16): it is in no table.
    return is_sole_trader_without_trade_name(_public_name(row) or "", row["uscc"])


def _named(row: Mapping[str, Any]) -> Facts:
    return dict(row) | {"name": _public_name(row)}


async def search(session: ReadSession, term: Term, now: datetime, *, limit: int = PAGE) -> Hits:
    """Return the enterprises that a search finds, best first: by code, by old number, or by name."""
    if term.is_number:
        found = check(term.text)
        if found.code is not None:
            return Hits([{"uscc": found.code, "name": None, "registration_status": None, "match": "exact"}])
        by_number = await find_by_identifier(session, identifier=term.text) if 4 <= len(term.text) <= 40 else []
        if by_number or len(term.text) != 18:
            return Hits(by_number[:limit])
        return Hits([], malformed=_Malformed(found.detail, detail_zh=found.detail_zh), suggestion=found.suggestion)
    try:
        result = await search_names(session, name=term.text, today=legal_day(now))
    except Refusal:
        return Hits([], is_short=True)
    return Hits(await show_found(session, result.found[:limit]), truncated=result.truncated)


class _Malformed(NoSuchPage):
    code = "malformed_uscc"


async def see_firm(session: ReadSession, catalog: Catalog, uscc: str, now: datetime) -> Facts:
    """Return everything the page of an enterprise says: the status answer, and for each record why it is shown until when.

    Raises:
        MalformedUscc: the code is none.
    """
    answer = await answer_question(session, Question(uscc), divisions=catalog.known_divisions, now=now)
    body: Facts = dict(answer.body)
    connection = await driver(session)
    details = await find_details(
        connection,
        body["uscc"],
        penalties=[UUID(item["id"]) for item in body["penalties"]],
        entries=[UUID(item["id"]) for item in body["blacklist_entries"]],
    )
    penalties = [_detailed(item, details, catalog) for item in body["penalties"]]
    entries = [_detailed(item, details, catalog) for item in body["blacklist_entries"]]
    return {
        "answer": body,
        "penalties": penalties,
        "entries": entries,
        "events": timeline(body),
        "now": now,
        "etag": answer.etag.removeprefix('W/"').removesuffix('"'),
    }


def _detailed(item: Facts, details: Mapping[UUID, Mapping[str, Any]], catalog: Catalog) -> Facts:
    detail = dict(details[UUID(item["id"])])
    rule = next((rule for rule in catalog.rules if rule.id == detail["public_rule"]), None)
    listed = catalog.list_by_id.get(item.get("list", ""))
    citation = rule.citation if rule is not None else listed.legal_basis if listed is not None else None
    return item | {"detail": detail, "citation": citation, "grade": detail["public_grade"]}


def timeline(answer: Mapping[str, Any]) -> list[tuple[date, str, str]]:
    """Return what is publicly known of a subject by day: (day, kind of event, what), oldest first."""
    events: list[tuple[date, str, str]] = []
    registration = answer["registration"]
    if registration and registration["since"]:
        events.append((registration["since"], "registered", ""))
    for penalty in answer["penalties"]:
        what = penalty["document_no"] or ""
        if penalty["decided_on"]:
            events.append((penalty["decided_on"], "decided", what))
        if penalty["publish_until"]:
            events.append((penalty["publish_until"], "until", what))
    for entry in answer["blacklist_entries"]:
        if entry["listed_on"]:
            events.append((entry["listed_on"], "listed", entry["list_name"]))
        if entry["publish_until"]:
            events.append((entry["publish_until"], "until", entry["list_name"]))
    return sorted(events)


async def see_lists(session: ReadSession, catalog: Catalog, now: datetime) -> Facts:
    """Return all lists with the number of their published entries."""
    connection = await driver(session)
    today = legal_day(now)
    log = await read_log(connection, [], delivered_by=now)
    counts = await count_by_list(connection, today)
    in_force_first = sorted(catalog.lists, key=lambda one: (one.effective_to is not None, one.id))
    return {
        "lists": [(one, counts.get(one.id, 0)) for one in in_force_first],
        "position": log.position,
        "now": now,
        "etag": _state(log, today),
    }


@dataclass(frozen=True, slots=True)
class Facets:
    """The authorities and provinces that a list has entries of, for its filter, with how many."""

    authorities: list[tuple[str, int]]
    provinces: list[tuple[str, str, int]]


async def see_list(
    session: ReadSession, catalog: Catalog, wanted: EntryFilter, *, after: tuple[date, UUID] | None, now: datetime
) -> Facts:
    """Return one page of a list's published entries, newest first.

    Raises:
        NoSuchPage: there is no such list.
    """
    known: KnownList | None = catalog.list_by_id.get(wanted.list_id)
    if known is None:
        raise NoSuchPage(f"There is no list {wanted.list_id!r}.", detail_zh="没有这份名单。")
    connection = await driver(session)
    today = legal_day(now)
    log = await read_log(connection, [], delivered_by=now)
    rows = await list_entries(connection, wanted, today, after=after, limit=PAGE + 1)
    facets = _facets(await count_facets(connection, wanted.list_id, today), catalog)
    shown = rows[:PAGE]
    more = (shown[-1]["listed_on"], str(shown[-1]["id"])) if len(rows) > PAGE else None
    return {
        "list": known,
        "entries": [_named(row) for row in shown if not _is_nameless(row)],
        "facets": facets,
        "more": more,
        "position": log.position,
        "now": now,
        "etag": _state(log, today),
    }


def _facets(rows: Sequence[Mapping[str, Any]], catalog: Catalog) -> Facets:
    authorities: dict[str, int] = {}
    provinces: dict[str, int] = {}
    for row in rows:
        authorities[row["authority_name"]] = authorities.get(row["authority_name"], 0) + row["entries"]
        provinces[row["province"]] = provinces.get(row["province"], 0) + row["entries"]
    names = province_names(catalog)
    return Facets(
        sorted(authorities.items(), key=lambda one: (-one[1], one[0])),
        sorted((code, names.get(code, code), count) for code, count in provinces.items()),
    )


def province_names(catalog: Catalog) -> dict[str, str]:
    """Return the present names of the provinces by their two digits."""
    named: dict[str, tuple[str, str]] = {}
    for region in catalog.regions:
        if region.code.endswith("0000"):
            code = region.code[:2]
            named[code] = max(named.get(code, ("", "")), (region.last_edition, region.name))
    return {code: name for code, (_, name) in sorted(named.items())}


@dataclass(frozen=True, slots=True)
class Case:
    """A case for the calculator; `kinds` empty or no day: nothing is computed."""

    kinds: frozenset[str]
    decided_on: date | None
    published_on: date | None
    fine_fen: int | None
    province: str | None
    system: str


def see_rules(catalog: Catalog, case: Case) -> Facts:
    """Return the rows on periods, and the windows of the case where it is complete."""
    book = catalog.rulebook
    known = frozenset(kind.value for kind in PenaltyKind)
    windows: Windows | None = None
    if case.decided_on is not None and case.kinds and case.kinds <= known:
        facts = PenaltyFacts(
            authority_system=case.system,
            procedure="ordinary",
            kinds=case.kinds,
            fine_fen=case.fine_fen,
            confiscation_fen=None,
            field=None,
            party_type="organization",
            province=case.province,
            decided_on=case.decided_on,
            published_on=case.published_on,
        )
        windows = penalty_windows(book, facts, case.published_on or case.decided_on)
    rules: list[Rule] = sorted(book.rules, key=lambda rule: (rule.domain, rule.effective_from, rule.id))
    return {
        "case": case,
        "windows": windows,
        "rules": rules,
        "rule_by_id": {rule.id: rule for rule in rules},
        "lists": catalog.list_by_id,
        "kinds": [kind.value for kind in PenaltyKind],
        "provinces": province_names(catalog),
        "systems": sorted({authority.system for authority in catalog.authorities}),
    }


def report_sections(page: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    """Return the parts of a report on an enterprise: a title, and rows of label and text."""

    def t(key: str, **parts: object) -> str:
        return say(key, language, **parts)

    sections = [
        {
            "title": f"{t('firm.entries')} · {entry['list_name']}",
            "rows": _filled(
                (t("firm.listed_on"), say_day(entry["listed_on"], language)),
                (t("firm.authority"), entry["authority"]),
                (t("firm.document"), entry["document_no"]),
                (t("firm.grounds"), entry["grounds"]),
                (t("firm.shown"), _say_shown(entry, entry["detail"]["public_from"], language)),
            ),
        }
        for entry in page["entries"]
    ]
    sections += [
        {
            "title": f"{t('firm.penalties')} · {penalty['document_no'] or t('firm.record')}",
            "rows": _filled(
                (t("firm.kinds"), "、".join(t(f"kind.{kind}") for kind in penalty["kinds"])),
                (t("firm.decided_on"), say_day(penalty["decided_on"], language)),
                (t("firm.authority"), penalty["authority"]),
                (t("firm.fine"), None if penalty["fine_fen"] is None else say_money(penalty["fine_fen"], language)),
                *(
                    (t(label), penalty["detail"][field])
                    for label, field in (("firm.violation", "violation_type"), ("firm.content", "penalty_content"))
                    if field not in penalty["detail"]["held_texts"]
                ),
                (t("firm.shown"), _say_shown(penalty, penalty["publish_from"], language)),
            ),
        }
        for penalty in page["penalties"]
    ]
    return sections or [{"title": t("report.result"), "rows": [("", t("report.none"))]}]


def _filled(*rows: tuple[str, str | None]) -> list[tuple[str, str]]:
    return [(label, text) for label, text in rows if text]


def _say_shown(record: Mapping[str, Any], start: date, language: Language) -> str:
    until = record["publish_until"]
    shown = (
        say("firm.shown_until", language, start=say_day(start, language), end=say_day(until, language))
        if until
        else say("firm.shown_open", language, start=say_day(start, language))
    )
    if record["citation"]:
        shown += "；" if language is Language.ZH else "; "
        shown += say("firm.why", language, citation=say_citation(record["citation"], language))
    return shown


def report_facts(page: Mapping[str, Any], language: Language) -> dict[str, str]:
    """Return the texts of a report's head and foot."""
    answer = page["answer"]
    reason = f" {say('outcome.' + answer['reason'], language)}" if answer["reason"] else ""
    return {
        "title": say("report.title", language),
        "lang": language.value,
        "site": f"{say('site.name', language)} · {say('report.title', language)}",
        "name": answer["name"] or say("firm.nameless", language),
        "code_label": say("firm.code", language),
        "code": answer["uscc"],
        "outcome": say(f"outcome.{answer['outcome']}", language),
        "outcome_words": say(f"outcome.{answer['outcome']}_words", language) + reason,
        "scan": say("report.scan", language),
        "asof": say(
            "site.asof", language, instant=say_instant(page["now"], language), position=f"{answer['position']:,}"
        ),
        "footer": say("site.footer", language),
    }


async def see_releases(session: ReadSession, now: datetime) -> Facts:
    """Return the newest release of each series, full ones first."""
    newest: dict[str, Facts] = {}
    for release in await list_releases(session, limit=RELEASES, before=None):
        newest.setdefault(release.slot, release_view(release, now=now))
    order = {"full": 0, "delta": 1, "statistics": 2}
    releases = sorted(newest.values(), key=lambda one: (order[one["kind"]], one["span"] or ""))
    return {"releases": releases, "now": now}
