"""What the lives of penalties and blacklist entries share: moves as data, and one door that decides about them.

A move says from which states a command leads where, who may give it in the name of the record's authority, and what else
must hold. The tables of moves are in the rooms of the two kinds.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from service.access.rules import Actor, OwnWork, Role, is_own_work
from service.errors import Conflict, Forbidden, Invalid, NotFound
from service.versions import ExpectedVersion


class NoSuchRecord(NotFound):
    """The subject has no record of this id that the key may see."""

    code = "no_such_record"


class WrongState(Conflict):
    """The record's state does not allow this; `state` is the present one, `possible` are the commands it allows."""

    code = "wrong_state"


class OtherAuthority(Forbidden):
    """The record belongs to another authority; only that one's people may do this."""

    code = "other_authority"


class MayNot(Forbidden):
    """The key has no role that may do this for the record's authority."""

    code = "may_not"


class ImpossibleDay(Invalid):
    """A day of the act lies in the future, or before the decision it follows."""

    code = "impossible_day"


class Guard(StrEnum):
    """What a move demands beside state, role and authority."""

    FOUR_EYES = "four_eyes"
    REASON = "reason"
    BASIS = "basis"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class Move:
    """One command: the states it leads from, the state it leads to (None: it stays where it is), and who may give it.

    `event` is what the change log says of it; a reader sees it only while the record is public.
    """

    command: str
    sources: frozenset[str]
    target: str | None
    roles: frozenset[Role]
    guards: frozenset[Guard] = frozenset()
    event: str = "recorded"
    citation: str | None = None
    words: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a record decides about a move: its state and version, its authority, and who wrote its content."""

    state: str
    version_no: int
    authority_code: str
    recorders: frozenset[str] = frozenset()


Moves = Mapping[str, Move]


def table(moves: Iterable[Move]) -> Moves:
    """Return the moves by command.

    Raises:
        ValueError: a command stands twice.
    """
    found: dict[str, Move] = {}
    for move in moves:
        if move.command in found:
            raise ValueError(f"the command {move.command} stands twice")
        found[move.command] = move
    return found


def possible_moves(moves: Moves, standing: Standing, actor: Actor) -> list[str]:
    """Return the commands that this actor may give now, in the order of the table."""
    return [move.command for move in moves.values() if refusal(moves, standing, move.command, actor) is None]


def refusal(moves: Moves, standing: Standing, command: str, actor: Actor) -> Conflict | Forbidden | None:
    """Return why the actor may not give the command now, or None. Rights are looked at before the state."""
    move = moves[command]
    if not actor.acts_for(standing.authority_code, *move.roles):
        if actor.may(*move.roles):
            return OtherAuthority(
                f"This record is of the authority {standing.authority_code}; your key acts for {', '.join(sorted(actor.authorities(*move.roles)))}.",
                detail_zh="该记录属于其他机关，本机关不能办理。",
            )
        return MayNot(
            f"To {command} needs the role {' or '.join(sorted(move.roles))} for {standing.authority_code}.",
            detail_zh="该密钥没有办理此项所需的角色。",
        )
    if standing.state not in move.sources:
        possible = [other.command for other in moves.values() if standing.state in other.sources]
        return WrongState(
            f"To {command} the record must be {' or '.join(sorted(move.sources))}; it is {standing.state}."
            f" Possible now: {', '.join(possible) or 'nothing'}.",
            detail_zh="记录当前状态不允许此操作。",
            state=standing.state,
            possible=possible,
        )
    if Guard.FOUR_EYES in move.guards and is_own_work(actor, standing.recorders):
        return OwnWork(
            "You wrote or handed in this content; somebody else has to check it.",
            detail_zh="录入人与审核人不得为同一人。",
        )
    return None


def decide(moves: Moves, standing: Standing, command: str, actor: Actor, *, expected: ExpectedVersion) -> Move:
    """Return the move that a command makes.

    Raises:
        OtherAuthority, MayNot: the actor may not give it for this record.
        VersionRequired, VersionMismatch: the present version is not the expected one.
        WrongState: the state does not allow it.
        OwnWork: the actor wrote the content that the command checks.
    """
    refused = refusal(moves, standing, command, actor)
    if refused is not None and not isinstance(refused, WrongState):
        raise refused
    expected.check(standing.version_no)
    if refused is not None:
        raise refused
    return moves[command]


def check_day(
    name: str, day: date | None, *, today: date, not_before: date | None = None, of: str = "decision"
) -> None:
    """Refuse a day of an act that lies in the future, or before the day it must follow.

    Raises:
        ImpossibleDay: it does.
    """
    if day is None:
        return
    if day > today:
        raise ImpossibleDay(f"{name} {day} lies in the future (today is {today}).", detail_zh="日期不得晚于今日。")
    if not_before is not None and day < not_before:
        raise ImpossibleDay(f"{name} {day} lies before the {of} ({not_before}).", detail_zh="日期不得早于决定日期。")


ENDINGS: Final[Collection[str]] = ("withdrawn", "repaired", "moved", "followed", "removed", "revoked")
"""How a record ends before its time; the end of its window is no ending (house decision 1)."""

#: Endings after which a decision stands all the same: the firm was repaired, or the record followed its successor.
STILL_DECIDED: Final = ("repaired", "followed")
