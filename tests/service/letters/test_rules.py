from datetime import date

import pytest

from service.documents.rules import DocumentKind, RecordKind
from service.letters.actions import PAGE, set_again
from service.letters.rules import (
    FactsMissing,
    FactsNotAsked,
    NoSuchTemplate,
    Template,
    compose,
    facts,
    gather,
    template_of,
    templates,
)
from service.typesetting import Press, set_by

ALL = tuple(templates().values())


def words(template: Template, *, without: str | None = None) -> tuple[dict[str, str], dict[str, str]]:
    """What the record says and what is stated for a template."""
    named = [facts()[name] for name in (*template.facts, *template.optional) if name != without]
    known = {one.id: f"{one.zh}之值" for one in named if not one.stated}
    stated = {one.id: "2026-11-20" if one.day else f"{one.zh}之值" for one in named if one.stated}
    return known, stated


@pytest.mark.parametrize("template", ALL, ids=lambda one: one.id)
def test_every_fact_that_the_law_asks_for_is_in_the_text_and_named_when_it_is_missing(template: Template) -> None:
    assert RecordKind(template.record)
    assert DocumentKind(template.kind)
    known, stated = words(template)
    found = gather(template, known, stated)
    page = compose(template, found, signed_on=date(2026, 11, 24))
    told = [page["title"], page["authority"], page["number"], page["addressee"], page["signed_on"]]
    text = "\n".join([*filter(None, told), *(line for part in page["parts"] for line in part["lines"])])
    assert [name for name in template.facts if found[name] not in text] == []
    assert "{" not in text
    assert page["signed_on"] == "2026年11月24日"
    for name in template.facts:
        with pytest.raises(FactsMissing) as refused:
            gather(template, *words(template, without=name))
        assert refused.value.extra["missing"] == [name]
        assert facts()[name].zh in str(refused.value.detail_zh)
    for name in template.optional:
        sparse = compose(template, gather(template, *words(template, without=name)), signed_on=date(2026, 11, 24))
        assert all("{" not in line for part in sparse["parts"] for line in part["lines"])


def test_what_the_record_says_is_not_stated_by_hand_and_a_day_is_a_day() -> None:
    template = templates()["listing_notice"]
    known, stated = words(template)
    for name, value in (("grounds", "别的事由"), ("channels", "信用中国")):
        with pytest.raises(FactsNotAsked) as refused:
            gather(template, known, stated | {name: value})
        assert refused.value.extra["facts"] == [name]
    with pytest.raises(FactsMissing) as missing:
        gather(template, known, stated | {"statement_until": "十一月底"})
    assert missing.value.extra["missing"] == ["statement_until"]
    with pytest.raises(FactsNotAsked):
        gather(template, known | {"notified_on": "2026年11月10日"}, stated)
    with pytest.raises(NoSuchTemplate) as unknown:
        template_of("listing_notice", "penalty")
    assert unknown.value.extra["templates"] == ["publication_notice", "repair_notice", "service_receipt"]


async def test_the_same_facts_make_the_same_bytes_and_another_fact_makes_others() -> None:
    template = templates()["termination_certificate"]
    made_from = {
        "template": template.id,
        "facts": gather(template, *words(template)),
        "signed_on": "2026-11-24",
        "set_by": set_by(PAGE),
    }
    first = await set_again(Press(), made_from)
    assert first.startswith(b"%PDF-")
    assert await set_again(Press(), dict(reversed(made_from.items()))) == first
    known, stated = words(template)
    other = made_from | {"facts": gather(template, known | {"party": "另一家"}, stated)}
    assert await set_again(Press(), other) != first
