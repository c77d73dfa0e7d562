"""The texts of a report on an enterprise, for paper and PDF."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from service.web.rules import Language, say, say_citation, say_day, say_instant, say_money


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
