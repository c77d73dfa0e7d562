"""Official documents from templates: which there are, what each needs, and the text that facts make of one.

The templates are data (`data/templates.toml`), each with the articles that name its contents. A fact that is needed and missing
is a refusal that names it: no document says less than the law asks.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from service.access.rules import Actor, Role
from service.errors import Conflict, Forbidden, Invalid
from service.repair.rules import ConditionSet
from service.rulebook.periods import Term
from service.rulebook.rules import Rule


class NoSuchTemplate(Invalid):
    """There is no template of this id for a record of this kind; `templates` are those that there are."""

    code = "no_such_template"


class FactsMissing(Conflict):
    """The document must say what neither the record nor you state; `missing` names each fact, and `citation` the law."""

    code = "facts_missing"


class FactsNotAsked(Invalid):
    """You stated what the template takes from the record, or does not ask for; `facts` names it."""

    code = "facts_not_asked"


class NotItsState(Conflict):
    """The record is in a state in which this document is not made; `states` are those in which it is."""

    code = "not_its_state"


class MayNotMake(Forbidden):
    """Documents are made by the people of the record's authority; a consent also by the authority above it."""

    code = "may_not_make"


@dataclass(frozen=True, slots=True)
class Fact:
    """What a template may say: its words, and whether whoever makes the document may state it (as a day)."""

    id: str
    zh: str
    en: str
    stated: bool = False
    day: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the text: its heading, and its lines with facts in braces."""

    lines: tuple[str, ...]
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A template: for which records in which states, by whom, which facts it needs, and its text."""

    id: str
    kind: str
    record: str
    title: str
    roles: frozenset[Role]
    states: frozenset[str]
    citation: str
    facts: tuple[str, ...]
    optional: tuple[str, ...]
    parts: tuple[Part, ...]
    higher: frozenset[Role] = frozenset()
    blanks: tuple[str, ...] = ()
    laws: str | None = None
    signed_by: str = "authority"


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((files("service.letters") / "data" / "templates.toml").read_text("utf-8"))


@cache
def facts() -> Mapping[str, Fact]:
    """Return all facts that templates may name, by id."""
    return {name: Fact(name, **row) for name, row in _data()["fact"].items()}


@cache
def templates() -> Mapping[str, Template]:
    """Return all templates, by id.

    Raises:
        ValueError: a text names a fact that its template does not have, or a fact is not known.
    """
    found = {}
    for row in _data()["template"]:
        parts = tuple(Part(tuple(part["lines"]), part.get("heading")) for part in row["part"])
        made = Template(
            id=row["id"],
            kind=row["kind"],
            record=row["record"],
            title=row["title"],
            roles=frozenset(map(Role, row["roles"])),
            states=frozenset(row["states"]),
            citation=row["citation"],
            facts=tuple(row["facts"]),
            optional=tuple(row["optional"]),
            parts=parts,
            higher=frozenset(map(Role, row.get("higher", ()))),
            blanks=tuple(row.get("blanks", ())),
            laws=row.get("laws"),
            signed_by=row.get("signed_by", "authority"),
        )
        named = {name for part in parts for line in part.lines for name in _named(line)}
        wrong = (named - {*made.facts, *made.optional}) | ({*made.facts, *made.optional} - facts().keys())
        if wrong:
            raise ValueError(f"{made.id}: {', '.join(sorted(wrong))} are no facts of the template")
        found[made.id] = made
    return found


_FACT: Final = re.compile(r"\{([a-z_]+)\}")


def _named(line: str) -> set[str]:
    return set(_FACT.findall(line))


def template_of(template_id: str, record: str) -> Template:
    """Return a template for records of a kind.

    Raises:
        NoSuchTemplate: there is none.
    """
    found = templates().get(template_id)
    if found is None or found.record != record:
        own = sorted(one.id for one in templates().values() if one.record == record)
        raise NoSuchTemplate(
            f"There is no template {template_id!r} for a {record.replace('_', ' ')}.",
            detail_zh="没有适用于该记录的此种文书模板。",
            templates=own,
        )
    return found


def may_make(template: Template, authority_code: str, actor: Actor) -> bool:
    """Return whether the actor makes such documents for records of an authority: its own people, or those above it."""
    above = bool(template.higher) and actor.oversees(authority_code, *template.higher)
    return above or actor.acts_for(authority_code, *template.roles)


def offered(record: str, state: str, authority_code: str, actor: Actor) -> list[Template]:
    """Return the templates from which the actor makes documents of a record of this kind as it stands."""
    return [
        one
        for one in templates().values()
        if one.record == record and state in one.states and may_make(one, authority_code, actor)
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a document needs: `stated` are facts that its maker states, `said` those of the record, `lacking` what it lacks."""

    template: Template
    stated: tuple[Fact, ...]
    said: tuple[tuple[Fact, str], ...]
    lacking: tuple[Fact, ...]


def asked_of(template: Template, known: Mapping[str, str | None]) -> Asked:
    """Return what has to be stated for a document of which `known` is known."""
    named = [facts()[name] for name in (*template.facts, *template.optional)]
    open_ones = [one for one in named if not known.get(one.id)]
    return Asked(
        template,
        stated=tuple(one for one in open_ones if one.stated),
        said=tuple((one, value) for one in named if (value := known.get(one.id))),
        lacking=tuple(one for one in open_ones if not one.stated and one.id in template.facts),
    )


def list_facts(list_id: str) -> Mapping[str, str]:
    """Return what the order of a list says beyond an entry itself; nothing where no order is known."""
    found: Mapping[str, str] = _data()["list"].get(list_id, {})
    return found


def record_kind_of(template_id: str) -> str:
    """Return the kind of record of a template that there is."""
    return templates()[template_id].record


_ARTICLE: Final = re.compile(r" art\. ([0-9]+)")


def citation_words(citation: str) -> str:
    """Return a citation of the rulebook as a Chinese text has it: `SAMR令45号第9条`; what is not confirmed is not named."""
    return _ARTICLE.sub(r"第\1条", citation.removesuffix(", article not confirmed"))


def periods_words(rule: Rule) -> str:
    """Return the shortest and longest time of publication by a row of the rulebook, in Chinese."""
    clock = _CLOCKS.get(rule.clock, "")
    shortest = "未规定最短公示期" if rule.shortest is None else f"最短公示期为{_length(rule.shortest)}"
    longest = "公示至限制期限届满" if rule.longest is None else f"最长公示期为{_length(rule.longest)}"
    return f"{shortest}，{longest}{clock}；期满自动停止公示。"


_CLOCKS: Final = {
    "publication_date": "，自公示之日起计算",
    "decision_date": "，自处罚决定作出之日起计算",
    "listing_date": "，自列入之日起计算",
}


def _length(term: Term) -> str:
    years, months = divmod(term.months, 12)
    parts = [f"{years}年" if years else "", f"{months}个月" if months else "", f"{term.days}日" if term.days else ""]
    return "".join(parts)


def conditions_words(rule: Rule, known: ConditionSet | None) -> str:
    """Return the conditions of an early stop, one a line, with where they stand."""
    if known is None:
        return f"所依规则（{rule.id}）未规定提前终止公示的条件。"
    lines = [f"{at}．{one.words_zh}；" for at, one in enumerate(known.conditions, 1)]
    return "\n".join([*lines, f"以上条件见{citation_words(known.citation)}。"])


_OUTCOMES: Final = {"holds": "符合", "fails": "不符合", "person": "由经办人员认定"}


def findings_words(conditions: Collection[Mapping[str, str]]) -> str | None:
    """Return how each condition of a repair was found, one a line; None: none was judged."""
    lines = [
        f"{at}．{one['words_zh']}：{_OUTCOMES[one['outcome']]}（{citation_words(one['citation']) or '规则未载明'}）。"
        for at, one in enumerate(conditions, 1)
    ]
    return "\n".join(lines) or None


def day_words(day: date) -> str:
    """Return a day as official documents write it: 2026年11月24日."""
    return f"{day.year}年{day.month}月{day.day}日"


def gather(template: Template, known: Mapping[str, str | None], stated: Mapping[str, str]) -> dict[str, str]:
    """Return the facts of a document: those of the record, then those stated.

    Raises:
        FactsNotAsked: something is stated that the record says, or that the template does not ask for.
        FactsMissing: a fact is missing.
    """
    found = {name: value for name in (*template.facts, *template.optional) if (value := known.get(name))}
    asked = {name for name in (*template.facts, *template.optional) if facts()[name].stated and name not in found}
    surplus = sorted(stated.keys() - asked)
    if surplus:
        raise FactsNotAsked(
            f"{', '.join(surplus)}: the template asks for {', '.join(sorted(asked)) or 'nothing more'}.",
            detail_zh="所填事项由记录给出，或者模板未要求。",
            facts=surplus,
        )
    wrong = []
    for name, value in stated.items():
        if not facts()[name].day:
            found[name] = value.strip()
            continue
        try:
            found[name] = day_words(date.fromisoformat(value))
        except ValueError:
            wrong.append(name)
    missing = [name for name in template.facts if not found.get(name)]
    if missing or wrong:
        told = [facts()[name] for name in dict.fromkeys([*missing, *wrong])]
        raise FactsMissing(
            f"{template.id} must say: {'; '.join(f'{one.id} ({one.en})' for one in told)}. {template.citation}",
            detail_zh=f"文书缺少必要事项：{'、'.join(one.zh for one in told)}。",
            missing=[one.id for one in told],
            citation=template.citation,
        )
    return found


def compose(template: Template, found: Mapping[str, str], *, signed_on: date) -> dict[str, Any]:
    """Return what the page's template reads. A line whose optional facts are missing is left out."""
    parts = [{"heading": part.heading, "lines": list(_lines(part, found)), "table": []} for part in template.parts]
    if template.laws is not None:
        parts.append({"heading": None, "lines": [template.laws], "table": []})
    return {
        "title": template.title,
        "authority": found[template.signed_by],
        "number": found.get("letter_no") or found.get("consent_no"),
        "addressee": found["authority"] if template.signed_by != "authority" else found["party"],
        "parts": parts,
        "signed_by": found[template.signed_by],
        "signed_on": day_words(signed_on),
        "blanks": list(template.blanks),
        "footer": f"信用（Xinyong） {template.id}",
    }


def _lines(part: Part, found: Mapping[str, str]) -> Iterator[str]:
    for line in part.lines:
        if _named(line) <= found.keys():
            yield from _FACT.sub(lambda name: found[name[1]], line).split("\n")
