"""The lives as state machines: any people, any order, any ETag. What must always hold is written beside them, not read from the moves."""

from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from service.access.rules import Actor, Grant, Role
from service.blacklist.rules import MOVES as ENTRY_MOVES
from service.catalog.hierarchy import Hierarchy
from service.errors import Refusal
from service.penalties.rules import MOVES as PENALTY_MOVES
from service.records.rules import Moves, Standing, decide, possible_moves
from service.repair.rules import OBJECTION_MOVES, REPAIR_MOVES
from service.versions import ExpectedVersion

TREE = Hierarchy({"own": None, "other": None}, {"own": "500000", "other": "500000"})
#: Who may touch a record at all: two people a role, one with two roles, one from elsewhere, and a platform.
ROLES = (Role.RECORDER, Role.REVIEWER, Role.LISTER, Role.REPAIR_OFFICER)
PEOPLE = [
    *(Actor(UUID(int=10 * n + m), "x", frozenset({Grant(role, "own")}), TREE) for n, role in enumerate(ROLES, 1) for m in (1, 2)),
    Actor(UUID(int=91), "x", frozenset({Grant(role, "own") for role in ROLES}), TREE),
    Actor(UUID(int=92), "x", frozenset({Grant(role, "other") for role in ROLES}), TREE),
    Actor(UUID(int=93), "x", frozenset({Grant(Role.PLATFORM, None)}), TREE),
]  # fmt: skip
#: Commands that write content, whoever gives them becomes one of its authors.
WRITES = {"edit", "submit", "propose", "notify", "record-statement"}


@dataclass
class Step:
    """An act that went: who did it, from where to where, and who had written the content by then."""

    command: str
    by: Actor
    before: str
    after: str
    authors: frozenset[str]


@dataclass
class Life:
    """A record as its acts made it."""

    state: str
    authors: frozenset[str]
    version_no: int = 1
    steps: list[Step] = field(default_factory=list)


class Machine(RuleBasedStateMachine):
    """A record, people who give it any command with any ETag, and what must hold after each."""

    moves: ClassVar[Moves]
    first: ClassVar[str]
    writer: ClassVar[Role]

    @initialize(writer=st.sampled_from(PEOPLE))
    def begin(self, writer: Actor) -> None:
        self.life = Life(self.first, frozenset({str(writer.id)}))

    @rule(person=st.sampled_from(PEOPLE), place=st.integers(0, 40), known=st.sampled_from((0, 0, 0, -1, 1)))
    def anybody_tries_anything(self, person: Actor, place: int, known: int) -> None:
        command = sorted(self.moves)[place % len(self.moves)]
        self.act(person, command, ExpectedVersion(frozenset({self.life.version_no + known})), stale=known != 0)

    @rule(person=st.sampled_from(PEOPLE), place=st.integers(0, 40))
    def somebody_does_what_is_offered(self, person: Actor, place: int) -> None:
        offered = possible_moves(self.moves, self.standing(), person)
        if offered:
            assert self.act(person, offered[place % len(offered)], ExpectedVersion(frozenset({self.life.version_no})))

    def standing(self) -> Standing:
        return Standing(self.life.state, self.life.version_no, "own", self.life.authors)

    def act(self, person: Actor, command: str, expected: ExpectedVersion, *, stale: bool = False) -> bool:
        life = self.life
        try:
            move = decide(self.moves, self.standing(), command, person, expected=expected)
        except Refusal:
            return False
        assert not stale, f"{command} went by a version that is not the present one"
        step = Step(command, person, life.state, move.target or life.state, life.authors)
        life.steps.append(step)
        life.state, life.version_no = step.after, life.version_no + 1
        if command in WRITES:
            life.authors |= {str(person.id)}
        return True

    @invariant()
    def nobody_from_elsewhere_did_anything(self) -> None:
        for step in self.life.steps[-1:]:
            assert {grant.authority_code for grant in step.by.grants} == {"own"}


class PublishedLives(Machine):
    """What holds for records that the public is shown."""

    #: What makes a record visible for the first time, and the states that may stand before it.
    shows: ClassVar[str]

    @invariant()
    def nobody_shows_what_he_wrote(self) -> None:
        for step in self.life.steps[-1:]:
            if step.after == "published" and step.command in {self.shows, "approve", "republish"}:
                assert str(step.by.id) not in step.authors

    @invariant()
    def what_is_shown_was_checked_and_what_ended_stays_so(self) -> None:
        commands = [step.command for step in self.life.steps]
        if self.life.state in {"published", "suspended", "recalled"}:
            assert self.shows in commands
            assert commands.count(self.shows) == 1, "a first day of publication is given once"
        for step in self.life.steps[-1:]:
            assert step.before not in {"ended", "void", "not_listed"}
            once = {"published", "suspended", "recalled"}
            if step.before in once:
                assert step.after in {*once, "ended"}, "what was shown is never a draft again"
            if step.before == "suspended":
                assert step.command != "publish", "an order of suspension is lifted, not overlooked"


class PenaltyMachine(PublishedLives):
    moves, first, shows = PENALTY_MOVES, "draft", "publish"

    @invariant()
    def what_is_published_was_approved_as_it_was_handed_in(self) -> None:
        for place, step in enumerate(self.life.steps):
            if step.command == "publish":
                before = [one.command for one in self.life.steps[:place]]
                assert before[-1] == "approve"
                assert before[-2] in {"submit", "reopen"}


class EntryMachine(PublishedLives):
    moves, first, shows = ENTRY_MOVES, "draft", "list"

    @invariant()
    def nobody_is_listed_without_a_proposal(self) -> None:
        """Whether he must be told first is said by the test of the list, which the action asks."""
        commands = [step.command for step in self.life.steps]
        if "list" in commands:
            assert "propose" in commands[: commands.index("list")]


class _Case(Machine):
    ends: ClassVar[frozenset[str]]

    @invariant()
    def a_case_is_decided_once(self) -> None:
        for step in self.life.steps[-1:]:
            assert step.before not in self.ends


class RepairMachine(_Case):
    moves, first, ends = REPAIR_MOVES, "filed", frozenset({"granted", "refused", "not_accepted"})

    @invariant()
    def nothing_is_granted_or_refused_that_was_not_accepted(self) -> None:
        commands = [step.command for step in self.life.steps]
        if self.life.state in {"granted", "refused"}:
            assert "accept" in commands


class ObjectionMachine(_Case):
    moves, first, ends = OBJECTION_MOVES, "open", frozenset({"upheld", "rejected"})


MACHINES = (PenaltyMachine, EntryMachine, RepairMachine, ObjectionMachine)


def run(machine: type[Machine], examples: int, steps: int, *, shrink: bool = True) -> None:
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
def test_what_must_hold_holds_after_any_sequence_of_acts(machine: type[Machine]) -> None:
    run(machine, 25, 30)


@pytest.mark.proof
@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
def test_what_must_hold_holds_after_very_many_sequences_of_acts(machine: type[Machine]) -> None:
    run(machine, 3_000, 60)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.__name__)
def test_a_move_too_many_is_found(machine: type[Machine]) -> None:
    """A table in which every command may go from everywhere breaks at least one of the rules above."""
    states = frozenset(state for move in machine.moves.values() for state in (*move.sources, move.target or ""))
    loose: dict[str, Any] = {
        name: type(move)(command=name, sources=states, target=move.target, roles=move.roles)
        for name, move in machine.moves.items()
    }
    broken = type(f"Loose{machine.__name__}", (machine,), {"moves": loose})
    with pytest.raises(AssertionError):
        run(broken, 100, 30, shrink=False)
