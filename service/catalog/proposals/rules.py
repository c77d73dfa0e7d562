"""What a proposed row of the rulebook must be, held to the rows that are there."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from service.catalog.rules import AlreadyInCatalog, Catalog, KnownRule, check_period
from service.errors import Conflict, Invalid, NotFound
from service.rulebook.rules import Parameter


class ImpossibleRow(Invalid):
    """The row is malformed: a period, a day, a condition, a grade or a term of it cannot be read, or it lacks a citation."""

    code = "impossible_row"


class NoSuchRow(NotFound):
    """The rulebook has no present row of this kind and id that could be superseded."""

    code = "no_such_rulebook_row"


class ThresholdTwice(Conflict):
    """Another threshold of the same name, place, system and party is in force on some of the same days; supersede it."""

    code = "threshold_twice"


class NoSuchProposal(NotFound):
    """There is no proposal of this id."""

    code = "no_such_proposal"


class AlreadyProposed(Conflict):
    """A proposal for a row of this id waits for a decision."""

    code = "already_proposed"


class ProposalDecided(Conflict):
    """The proposal was approved or rejected before."""

    code = "proposal_decided"


def proposed_rule(kind: str, body: Mapping[str, Any], supersedes: str | None, catalog: Catalog) -> KnownRule:
    """Return the row as it would be entered, after the rulebook that it would make has been read.

    Raises:
        ImpossibleRow: the rulebook cannot be read with it.
        AlreadyInCatalog: its id is taken.
        NoSuchRow: what it supersedes is no present row of its kind.
        ThresholdTwice: it overlaps another threshold.
        ImpossiblePeriod: it would end before it begins.
    """
    rule = _known(kind, body, supersedes)
    if any(one.id == rule.id for one in catalog.rules):
        raise AlreadyInCatalog(
            f"The rulebook has a row {rule.id!r} already; a correction is a new row with an id of its own.",
            detail_zh="目录中已有此编号；更正须另立新行。",
        )
    present = {one.id for one in catalog.present_rules if one.kind == kind}
    if supersedes is not None and supersedes not in present:
        raise NoSuchRow(
            f"There is no present {kind} row {supersedes!r} to supersede.", detail_zh="没有可被取代的现行规定。"
        )
    check_period(rule.effective_from, rule.effective_to)
    with_it = replace(catalog, rules=(*catalog.rules, rule))
    try:
        parameters, _ = with_it.rulebook.parameters, with_it.deadlines  # both are read for their errors
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ImpossibleRow(f"The row cannot be read: {error}.", detail_zh="该行内容无法识别。") from error
    if kind == "parameter":
        _check_overlap(next(one for one in parameters if one.id == rule.id), parameters)
    return rule


def _known(kind: str, body: Mapping[str, Any], supersedes: str | None) -> KnownRule:
    try:
        rule = KnownRule(
            id=str(body["id"]),
            kind=kind,
            citation=str(body["citation"]),
            grade=str(body["grade"]),
            effective_from=_day(body.get("effective_from")),
            effective_to=_day(body.get("effective_to")),
            body=dict(body),
            origin="entered",
            supersedes=supersedes,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ImpossibleRow(f"The row cannot be read: {error}.", detail_zh="该行内容无法识别。") from error
    if not rule.citation.strip() or not rule.id.strip():
        raise ImpossibleRow("A row has an id and a citation.", detail_zh="须注明编号和依据。")
    return rule


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(str(value))


def _check_overlap(new: Parameter, parameters: tuple[Parameter, ...]) -> None:
    def place(one: Parameter) -> tuple[object, ...]:
        return one.name, one.province, one.system, one.party

    for one in parameters:
        ends = min(new.effective_to or date.max, one.effective_to or date.max)
        if one.id != new.id and place(one) == place(new) and max(new.effective_from, one.effective_from) <= ends:
            raise ThresholdTwice(
                f"{one.id!r} is in force on some of the same days; supersede it, or end one before the other begins.",
                detail_zh="同一地区、系统和对象在同一时期已有数额标准。",
            )
