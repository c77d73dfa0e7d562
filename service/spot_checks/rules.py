"""Spot checks (抽查考评): a sample that anybody can draw again, a form with points, and findings that go back to their authority.

The population is frozen when a check is announced: one key a record, and a digest of all keys. The seed is stated afterwards, from
a source named in the announcement, so that whoever announces cannot choose whom it hits. The form is data (`data/form.toml`).
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from service.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchCheck(NotFound):
    """There is no spot check, or no record drawn by one, of this id that you may see or work on."""

    code = "no_such_check"


class NotYourCheck(Forbidden):
    """Only those who supervise for an authority check in its name."""

    code = "not_your_check"


class NothingToCheck(Conflict):
    """The authorities that you supervise first published nothing in this period that is public today."""

    code = "nothing_to_check"


class AlreadyDrawn(Conflict):
    """The check was drawn already; its seed does not change."""

    code = "already_drawn"


class BadPeriod(Invalid):
    """The period of the check runs backwards, or ends in the future."""

    code = "bad_period"


class NotScored(Invalid):
    """The form is not filled in: points are missing, unknown, or above what they may get; `points` says which."""

    code = "not_scored"


class WrongItemState(Conflict):
    """The drawn record does not stand where this may be done; `state` is how it stands."""

    code = "wrong_item_state"


class NotCorrectedYet(Conflict):
    """The authority says that the record was corrected, and no correction, withdrawal or recall of it came after the finding."""

    code = "not_corrected_yet"


class ItemState(StrEnum):
    """Where a drawn record stands."""

    DRAWN = "drawn"
    PASSED = "passed"
    RETURNED = "returned"
    ANSWERED = "answered"
    CLOSED = "closed"


#: Acts by which a finding is mended.
MENDING: Final = frozenset({"correct", "correct_recalled", "withdraw", "recall", "move", "repair"})


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the form, and the most it may get."""

    id: str
    most: int
    words: str
    words_zh: str
    citation: str


@dataclass(frozen=True, slots=True)
class Form:
    """The form of an edition."""

    edition: str
    points: tuple[Point, ...]


@cache
def form() -> Form:
    """Return the present form."""
    data = tomllib.loads(files("service.spot_checks").joinpath("data/form.toml").read_text("utf-8"))
    return Form(data["edition"], tuple(Point(**row) for row in data["point"]))


@dataclass(frozen=True, slots=True)
class Member:
    """A record of the population."""

    authority_code: str
    uscc: str
    record_id: UUID
    record_version: int

    @property
    def key(self) -> str:
        """What others are told of it: the SHA-256 of authority, code, id and version, by which nobody finds a firm."""
        told = f"{self.authority_code}|{self.uscc}|{self.record_id}|{self.record_version}"
        return sha256(told.encode()).hexdigest()


def population_digest(keys: Iterable[str]) -> str:
    """Return the SHA-256 over the keys of a population, sorted, one a line."""
    return sha256("".join(f"{key}\n" for key in sorted(keys)).encode()).hexdigest()


def draw(members: Iterable[Member], *, seed: str, per_authority: int) -> list[Member]:
    """Return the sample: of each authority the members with the lowest SHA-256 of `seed:key`, at most `per_authority`."""
    ranked = sorted(members, key=lambda one: sha256(f"{seed}:{one.key}".encode()).digest())
    taken: dict[str, int] = {}
    sample = []
    for one in ranked:
        if taken.get(one.authority_code, 0) < per_authority:
            taken[one.authority_code] = taken.get(one.authority_code, 0) + 1
            sample.append(one)
    return sample


def check_period(first: date, last: date, *, today: date) -> None:
    """Refuse a period that runs backwards or is not over.

    Raises:
        BadPeriod: it does.
    """
    if not first <= last <= today:
        raise BadPeriod(
            f"The period {first} to {last} must run forward and end by today ({today}).", detail_zh="抽查期间无效。"
        )


def check_scores(scores: Mapping[str, int], findings: Sequence[Mapping[str, str]]) -> None:
    """Refuse a form that is not filled in, or a finding about a point that got all it may get.

    Raises:
        NotScored: it is so.
    """
    most = {point.id: point.most for point in form().points}
    wrong = sorted(
        {name for name in most if name not in scores}
        | {name for name, given in scores.items() if name not in most or not 0 <= given <= most[name]}
        | {one["point"] for one in findings if scores.get(one["point"]) == most.get(one["point"])}
    )
    if wrong:
        told = ", ".join(f"{name} (0 to {most.get(name, 'unknown')})" for name in wrong)
        raise NotScored(
            f"Score every point, and name as a finding only what lost points: {told}.",
            detail_zh="请按评分表逐项打分。",
            points=wrong,
        )


def compare(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of drawn records by check and authority: how many were looked at, mean share of each point, findings.

    Shares are per cent of what a point may get, rounded to one decimal. Nothing in it counts fines (行政处罚法 art. 74).
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for item in items:
        key = (item["period_from"], item["period_until"], item["check_id"], item["authority_code"])
        groups.setdefault(key, []).append(item)
    return [_compared(key, part) for key, part in sorted(groups.items(), key=lambda one: tuple(map(str, one[0])))]


def _compared(key: tuple[Any, ...], items: list[Mapping[str, Any]]) -> dict[str, Any]:
    period_from, period_until, check_id, authority_code = key
    scored = [item["scores"] for item in items if item["scores"] is not None]
    points = form().points
    shares = {
        point.id: round(100 * sum(one[point.id] for one in scored) / (point.most * len(scored)), 1)
        for point in points
        if scored and all(point.id in one for one in scored)
    }
    most = sum(point.most for point in points)
    return {
        "check_id": check_id,
        "period_from": period_from,
        "period_until": period_until,
        "authority_code": authority_code,
        "drawn": len(items),
        "scored": len(scored),
        "share": round(100 * sum(sum(one.values()) for one in scored) / (most * len(scored)), 1) if scored else None,
        "shares": shares,
        "findings": sum(len(item["findings"] or ()) for item in items),
        "open": sum(item["state"] in {ItemState.RETURNED, ItemState.ANSWERED} for item in items),
        "corrected": sum((item["answer"] or {}).get("outcome") == "corrected" for item in items),
    }
