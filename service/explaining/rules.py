"""From the versions of record to what is explained: the facts a window was worked out from, and the window as it stands."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from service.catalog.rules import Catalog
from service.rulebook.explanation import Words, say_term, told, words_of
from service.rulebook.periods import Term
from service.rulebook.rules import Channel, PenaltyFacts
from service.rulebook.windows import Window

Row = Mapping[str, Any]

CHANNELS: Final = (Channel.GSXT, Channel.CREDIT_CHINA, Channel.PUBLIC)


def facts_of(row: Row, catalog: Catalog) -> PenaltyFacts:
    """Return what of a penalty's version decides its windows."""
    authority = catalog.authority_by_code.get(row["authority_code"])
    default = "sole_trader" if row["uscc"].startswith("92") else "organization"
    return PenaltyFacts(
        authority_system=authority.system if authority else "",
        procedure=row["procedure"],
        kinds=frozenset(row["kinds"]),
        fine_fen=row["fine_fen"],
        confiscation_fen=row["confiscation_fen"],
        field=row["field"],
        party_type=row["party_type"] or default,
        province=authority.division_code[:2] if authority else None,
        decided_on=row["decided_on"],
        published_on=row["published_on"],
        stated_until=row["stated_until"],
        restriction_until=row["restriction_until"],
        gsxt_published_on=row.get("gsxt_published_on"),
    )


def window_of(row: Row, channel: Channel) -> Window:
    """Return a window of a version as it is stored; flags belong to the public one."""
    name = channel.value
    return Window(
        channel,
        row[f"{name}_from"],
        row[f"{name}_until"],
        row[f"{name}_rule"],
        row[f"{name}_grade"],
        tuple(row["window_flags"]) if channel is Channel.PUBLIC else (),
        row[f"{name}_reason"],
    )


def inputs_of(facts: PenaltyFacts) -> dict[str, Any]:
    """Return the facts by name, as they are told."""
    return {
        "authority_system": facts.authority_system,
        "province": facts.province,
        "procedure": facts.procedure,
        "kinds": sorted(facts.kinds),
        "fine_fen": facts.fine_fen,
        "confiscation_fen": facts.confiscation_fen,
        "field": facts.field,
        "party_type": facts.party_type,
        "decided_on": facts.decided_on,
        "published_on": facts.published_on,
        "stated_until": facts.stated_until,
        "restriction_until": facts.restriction_until,
    }


def say_entry(
    *,
    starts_on: date | None,
    ends_on: date | None,
    reason: str | None,
    listed_on: date | None,
    months: int | None,
    basis: str,
) -> Words:
    """Return why a blacklist entry is shown from when to when; its list's row is the rule."""
    if reason is not None:
        why = words_of("reason", reason)
        return Words(f"Not shown: {why.en} ({basis}).", f"不展示：{why.zh}（{basis}）。")
    if months is None:
        term = Words("Until it is removed", "直至移出")
    else:
        length = say_term(Term(months=months))
        term = Words(f"{length.en} from the listing on {listed_on}", f"自列入之日（{listed_on}）起{length.zh}")
    until = (
        Words(f"to {ends_on}, both days included", f"至 {ends_on}，首尾两日均展示")
        if ends_on is not None
        else Words("until it is removed", "直至移出")
    )
    return Words(
        f"Shown from {starts_on} {until.en}. {term.en}: {basis}.",
        f"自 {starts_on} {until.zh}。{term.zh}，依据{basis}。",
    )


def flags_of(codes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return flags with their words."""
    return [_told_view("flag", code) for code in codes]


def _told_view(part: str, code: str) -> dict[str, Any]:
    found = told(part, code)
    return {"code": code, "words": found.words.en, "words_zh": found.words.zh}
