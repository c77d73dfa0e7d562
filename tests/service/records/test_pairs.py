"""Every pair of state and command of every life: what the table of moves names goes, everything else is `wrong_state`.

And beside the state: a stranger's key, another authority's, and the hand that wrote it are told apart, in that order.
"""

from collections.abc import Iterator
from uuid import UUID

import pytest

from service.access.rules import Actor, Grant, OwnWork, Role
from service.blacklist.rules import MOVES as ENTRY_MOVES
from service.blacklist.rules import EntryState
from service.catalog.hierarchy import Hierarchy
from service.penalties.rules import MOVES as PENALTY_MOVES
from service.penalties.rules import State
from service.records.rules import Guard, MayNot, Moves, OtherAuthority, Standing, WrongState, decide, refusal
from service.repair.rules import OBJECTION_MOVES, REPAIR_MOVES, ObjectionState, RepairState
from service.versions import ExpectedVersion, VersionMismatch

LIVES: dict[str, tuple[Moves, tuple[str, ...]]] = {
    "penalty": (PENALTY_MOVES, tuple(State)),
    "entry": (ENTRY_MOVES, tuple(EntryState)),
    "repair": (REPAIR_MOVES, tuple(RepairState)),
    "objection": (OBJECTION_MOVES, tuple(ObjectionState)),
}
#: Where a life ends: no command leads on from here.
ENDS = {"penalty": {"ended", "void"}, "entry": {"ended", "void", "not_listed"},
        "repair": {"granted", "refused", "not_accepted", "taken_back"}, "objection": {"upheld", "rejected", "taken_back"}}  # fmt: skip


def actor(*roles: Role, authority: str = "a") -> Actor:
    tree = Hierarchy({"a": None, "b": None}, {"a": "500000", "b": "500000"})
    return Actor(UUID(int=1), "x", frozenset(Grant(role, authority) for role in roles), tree)


def pairs() -> Iterator[tuple[str, str, str]]:
    for life, (moves, states) in LIVES.items():
        for command in moves:
            for state in states:
                yield life, command, state


@pytest.mark.parametrize(("life", "command", "state"), list(pairs()))
def test_a_command_goes_from_the_states_that_its_move_names_and_from_no_other(
    life: str, command: str, state: str
) -> None:
    moves, _ = LIVES[life]
    move, standing = moves[command], Standing(state, 3, "a", frozenset({"somebody"}))
    entitled = actor(*move.roles)
    found = refusal(moves, standing, command, entitled)
    if state in move.sources:
        assert found is None
        assert decide(moves, standing, command, entitled, expected=ExpectedVersion(frozenset({3}))) is move
        with pytest.raises(VersionMismatch):
            decide(moves, standing, command, entitled, expected=ExpectedVersion(frozenset({2})))
    else:
        assert isinstance(found, WrongState)
        assert found.extra["state"] == state
        possible = found.extra["possible"]
        assert isinstance(possible, list)
        assert command not in possible
    stranger = actor(*(set(Role) - move.roles))
    assert isinstance(refusal(moves, standing, command, stranger), MayNot)
    elsewhere = actor(*move.roles, authority="b")
    assert isinstance(refusal(moves, standing, command, elsewhere), OtherAuthority)
    own = refusal(moves, Standing(state, 3, "a", frozenset({str(UUID(int=1))})), command, entitled)
    if state in move.sources and Guard.FOUR_EYES in move.guards:
        assert isinstance(own, OwnWork)


@pytest.mark.parametrize("life", LIVES)
def test_a_life_can_come_from_its_beginning_to_every_state_and_ends_where_it_ends(life: str) -> None:
    moves, states = LIVES[life]
    leading = {state for move in moves.values() for state in move.sources}
    assert set(states) - leading == ENDS[life]
    reached = {states[0]}
    for _ in states:
        reached |= {move.target for move in moves.values() if move.target and move.sources & reached}
    # Taking back, consent and its refusal are given by others than the authority, outside these tables.
    assert set(states) - reached <= {"taken_back", "consented"}
