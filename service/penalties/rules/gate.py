"""The gate before publication: every point of the internal review, judged as far as a program can, signed by a person.

The points are data (`data/checklist.toml`), each with its article. A point that fails bars approval; one to `look` at needs
a note beside the signature; one that does not apply needs nothing.
"""

import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

from service.penalties.rules import TEXTS, Content, GateFailed, NeedsALook, NotSigned, TierDiffers
from service.penalties.rules.windows import Place
from service.personal_data.rules import Finding, blank, scan
from service.reading.amounts import read_amount
from service.reading.document_numbers import read_document_no
from service.reading.names import fold_name
from service.rulebook.rules import Tier
from service.rulebook.windows import Windows


class Outcome(StrEnum):
    """How a point stands before anybody signs it."""

    PASSED = "passed"
    FAILED = "failed"
    LOOK = "look"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the checklist as the data file has it: where it applies, and the article it rests on."""

    id: str
    words: str
    words_zh: str
    citation: str
    grade: str
    systems: frozenset[str] | None
    decided_from: date | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A point judged for one record: `found` says what was found and, where it fails, what to do."""

    point: Point
    outcome: Outcome
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextPlace:
    """A place in a text: field, kind of personal data, characters `start` to `end` (exclusive)."""

    field: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Checklist:
    """All points of one record, and what the system proposes: tier, its basis, window, redactions with their places."""

    judgements: tuple[Judgement, ...]
    tier: str
    tier_basis: str
    publish_from: date | None
    publish_until: date | None
    rule: str | None
    places: tuple[TextPlace, ...]
    redactions: Mapping[str, str]

    @property
    def failed(self) -> tuple[Judgement, ...]:
        """The points that bar approval."""
        return tuple(one for one in self.judgements if one.outcome is Outcome.FAILED)


@dataclass(frozen=True, slots=True)
class Case:
    """What the gate looks at.

    `documents` are the kinds of the attached files, `today` the legal day of the review, `registered_names` the party's
    registered name and, behind it, former ones; none where no registration is known.
    """

    content: Content
    windows: Windows
    place: Place
    documents: Collection[str]
    today: date
    registered_names: Sequence[str] = ()


Answer = tuple[Outcome, tuple[str, ...]]
_PASSED: Final[Answer] = (Outcome.PASSED, ())


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((files("service.penalties") / "data" / "checklist.toml").read_text("utf-8"))


@cache
def checklist_points() -> tuple[Point, ...]:
    """Return the points of the checklist, in the order of the file."""
    return tuple(
        Point(
            id=row["id"],
            words=row["words"],
            words_zh=row["words_zh"],
            citation=row["citation"],
            grade=row["grade"],
            systems=frozenset(row["systems"]) if "systems" in row else None,
            decided_from=row.get("decided_from"),
        )
        for row in _data()["point"]
    )


def public_text(content: Content, name: str) -> str | None:
    """Return a text as the public may be shown it: the redaction where there is one."""
    return content.redactions.get(name) or getattr(content, name)


def places_in(content: Content) -> Iterator[TextPlace]:
    """Yield every place in the unredacted texts that the personal-data scan finds."""
    for name in TEXTS:
        for finding in scan(getattr(content, name) or ""):
            yield _place(name, finding)


def _place(name: str, finding: Finding) -> TextPlace:
    return TextPlace(name, finding.kind.value, finding.start, finding.end)


def with_redactions(content: Content) -> Content:
    """Return the content with a redaction for every text in which the scan finds something and that has none yet."""
    proposed = {
        name: blank(text)
        for name in TEXTS
        if (text := getattr(content, name)) and name not in content.redactions and scan(text)
    }
    return replace(content, redactions={**content.redactions, **proposed})


def judge(case: Case) -> Checklist:
    """Return the checklist of a record, with what the system proposes."""
    windows = case.windows
    judged = []
    for point in checklist_points():
        outcome, found = _JUDGES[point.id](case) if _applies(point, case) else (Outcome.NOT_APPLICABLE, ())
        judged.append(Judgement(point, outcome, found))
    return Checklist(
        judgements=tuple(judged),
        tier=windows.tier.value,
        tier_basis=windows.tier_basis,
        publish_from=windows.public.starts_on,
        publish_until=windows.public.ends_on,
        rule=windows.public.rule_id,
        places=tuple(places_in(case.content)),
        redactions=dict(case.content.redactions),
    )


def check_signed(checklist: Checklist, *, tier: str, signed: Mapping[str, str | None]) -> None:
    """Refuse an approval that a hard check bars, that leaves a point unsigned, or that states another tier.

    `signed` are the points that the reviewer signs, each with a note or None.

    Raises:
        GateFailed: a point fails.
        NotSigned: a point that applies is not signed, or one to look at has no note.
        TierDiffers: the tier is not the proposed one.
    """
    if checklist.failed:
        raise GateFailed(
            "The internal review bars this: " + "; ".join(_told(one) for one in checklist.failed),
            detail_zh="内部审核未通过，以下各项不符合："
            + "；".join(one.point.words_zh.rstrip("。") for one in checklist.failed)
            + "。",
            checklist=checklist_view(checklist),
        )
    unsigned = [
        one.point.id
        for one in checklist.judgements
        if one.outcome is not Outcome.NOT_APPLICABLE
        and (one.point.id not in signed or (one.outcome is Outcome.LOOK and not signed[one.point.id]))
    ]
    if unsigned:
        raise NotSigned(
            f"Sign every point; missing, or without the note it needs: {', '.join(unsigned)}.",
            detail_zh=f"请逐项签核，待核对的须附说明；尚缺：{'、'.join(unsigned)}。",
            unsigned=unsigned,
        )
    if tier != checklist.tier:
        raise TierDiffers(
            f"You state the tier {tier}; the rulebook gives {checklist.tier} ({checklist.tier_basis}). Correct the facts, or"
            " have a rule keeper enter the threshold.",
            detail_zh="所填档次与规则不一致，请核对事实或请规则管理员录入标准。",
            proposal=checklist.tier,
        )


def _told(judgement: Judgement) -> str:
    return f"{judgement.point.id}: {', '.join(judgement.found)} ({judgement.point.citation})"


def eye_points() -> tuple[Point, ...]:
    """Return the points that no program can tick: a person signs each, for whatever record."""
    return tuple(point for point in checklist_points() if _JUDGES[point.id] is _for_the_eye)


def check_eyes(signed: Collection[str]) -> None:
    """Refuse approvals in bulk for which a point that only a person can judge is not signed.

    Raises:
        NotSigned: one is missing.
    """
    missing = [point.id for point in eye_points() if point.id not in signed]
    if missing:
        raise NotSigned(
            f"Look at every record and sign what no program can tick; missing: {', '.join(missing)}.",
            detail_zh="请查看每一条记录，并签核只能由人判断的各项。",
            unsigned=missing,
        )


def left_to_people(checklist: Checklist) -> tuple[Judgement, ...]:
    """Return the points because of which a record is approved by itself and not with others: they fail, or are to be looked at."""
    return tuple(one for one in checklist.judgements if one.outcome in {Outcome.FAILED, Outcome.LOOK})


def check_plain(checklist: Checklist) -> None:
    """Refuse to approve with others a record in which there is anything to look at.

    Raises:
        NeedsALook: there is.
    """
    left = left_to_people(checklist)
    if left:
        raise NeedsALook(
            "It is approved by itself: " + "; ".join(_told(one) for one in left),
            detail_zh="须单独审核：" + "；".join(one.point.words_zh for one in left),
            points=[one for one in checklist_view(checklist)["points"] if one["outcome"] in {"failed", "look"}],
        )


def checklist_view(checklist: Checklist) -> dict[str, Any]:
    """Return the checklist as the API shows and a version keeps it."""
    return {
        "points": [
            {
                "id": one.point.id,
                "outcome": one.outcome.value,
                "found": list(one.found),
                "words": one.point.words,
                "words_zh": one.point.words_zh,
                "citation": one.point.citation,
                "grade": one.point.grade,
            }
            for one in checklist.judgements
        ],
        "tier": checklist.tier,
        "tier_basis": checklist.tier_basis,
        "publish_from": None if checklist.publish_from is None else checklist.publish_from.isoformat(),
        "publish_until": None if checklist.publish_until is None else checklist.publish_until.isoformat(),
        "rule": checklist.rule,
        "places": [
            {"field": one.field, "kind": one.kind, "start": one.start, "end": one.end} for one in checklist.places
        ],
        "redactions": dict(checklist.redactions),
    }


def _applies(point: Point, case: Case) -> bool:
    decided = case.content.decided_on
    of_system = point.systems is None or case.place.system in point.systems
    return of_system and (point.decided_from is None or decided is None or decided >= point.decided_from)


def _fails(found: Iterable[str]) -> Answer:
    told = tuple(found)
    return (Outcome.FAILED, told) if told else _PASSED


def _personal_data(case: Case) -> Answer:
    left = [
        f"{name}: {len(found)} place(s) that the scan marks; redact it"
        for name in TEXTS
        if (found := scan(public_text(case.content, name) or ""))
    ]
    if left:
        return Outcome.FAILED, tuple(left)
    changed = [f"{name} is shown redacted" for name in case.content.redactions]
    return (Outcome.LOOK, tuple(changed)) if changed else _PASSED


def _required_fields(case: Case) -> Answer:
    missing: dict[str, list[str]] = {}
    for window in (case.windows.gsxt, case.windows.credit_china):
        if window.reason == "other_channel":
            continue
        for name in _data()["required"][window.channel.value]:
            if not getattr(case.content, name):
                missing.setdefault(name, []).append(window.channel.value)
    return _fails(f"{name} is missing (for {', '.join(channels)})" for name, channels in missing.items())


def _document_number(case: Case) -> Answer:
    read = read_document_no(case.content.document_no)
    if read.normalised is None:
        return Outcome.FAILED, (f"no number can be read in {case.content.document_no!r} ({read.problem})",)
    return (Outcome.LOOK, (f"read as {read.normalised} ({read.problem})",)) if read.problem else _PASSED


def _kinds_amounts(case: Case) -> Answer:
    content = case.content
    wrong = [
        f"{kind} without {name}"
        for kind, name in _data()["states"].items()
        if kind in content.kinds and not getattr(content, name)
    ]
    if content.fine_fen and "fine" not in content.kinds:
        wrong.append(f"a fine of {content.fine_fen} fen without the kind fine")
    if content.confiscation_fen and not {"confiscation_gains", "confiscation_property"} & set(content.kinds):
        wrong.append("an amount confiscated without a kind of confiscation")
    if wrong:
        return Outcome.FAILED, tuple(wrong)
    read = read_amount(content.penalty_content).fine_fen
    if read is not None and content.fine_fen is not None and read != content.fine_fen:
        return Outcome.LOOK, (f"the text reads as a fine of {read} fen, the field says {content.fine_fen}",)
    return _PASSED


def _tier(case: Case) -> Answer:
    if case.windows.tier is not Tier.UNDECIDED:
        return Outcome.PASSED, (f"{case.windows.tier.value}: {case.windows.tier_basis}",)
    flags = ", ".join(case.windows.public.flags) or "no flag"
    told = f"undecided: {case.windows.tier_basis} ({flags}); until that is known it is not public and its deadline runs"
    return Outcome.FAILED, (told,)


def _display(case: Case) -> Answer:
    window, content = case.windows.public, case.content
    if content.display_exception and content.display_exception_until is None:
        return Outcome.FAILED, ("the exception by law does not say until when it is shown",)
    if window.reason is not None:
        return Outcome.LOOK, (
            f"not shown: {window.reason} (rule {window.rule_id or 'none'}); it can be approved, not published",
        )
    if window.ends_on is not None and window.ends_on < case.today:
        return Outcome.FAILED, (f"its time was over on {window.ends_on}",)
    flags = [f"flag {flag}" for flag in window.flags]
    shown = f"from {window.starts_on} to {window.ends_on or 'its removal'} by {window.rule_id} ({window.grade})"
    return (Outcome.LOOK if flags else Outcome.PASSED), (shown, *flags)


def _served(name: str, *, after_decision: bool = True) -> Callable[[Case], Answer]:
    def _judge(case: Case) -> Answer:
        day: date | None = getattr(case.content, name)
        if day is None:
            return Outcome.FAILED, (f"{name} is not recorded",)
        if day > case.today:
            return Outcome.FAILED, (f"{name} {day} lies in the future",)
        if after_decision and case.content.decided_on is not None and day < case.content.decided_on:
            return Outcome.FAILED, (f"{name} {day} lies before the decision",)
        return Outcome.PASSED, (f"on {day}",)

    return _judge


def _decision_document(case: Case) -> Answer:
    if "decision_redacted" in case.documents or ("decision" in case.documents and not case.content.redactions):
        return _PASSED
    return Outcome.LOOK, ("no decision in a form that may be shown is attached",)


def _for_the_eye(_case: Case) -> Answer:
    return _PASSED


def _subject(case: Case) -> Answer:
    if not case.registered_names or case.content.party_name is None:
        return _PASSED
    borne = {fold_name(name) for name in case.registered_names}
    if fold_name(case.content.party_name) in borne:
        return _PASSED
    return Outcome.LOOK, (f"the decision names {case.content.party_name}; registered as {case.registered_names[0]}",)


_JUDGES: Final[Mapping[str, Callable[[Case], Answer]]] = {
    "secrecy": _for_the_eye,
    "personal_data": _personal_data,
    "trade_secrets": _for_the_eye,
    "identical": _for_the_eye,
    "subject": _subject,
    "required_fields": _required_fields,
    "document_number": _document_number,
    "kinds_amounts": _kinds_amounts,
    "tier": _tier,
    "display": _display,
    "service": _served("served_on"),
    "told_of_publication": _served("publication_told_on", after_decision=False),
    "repair_notice": _served("repair_notice_served_on"),
    "decision_document": _decision_document,
}
