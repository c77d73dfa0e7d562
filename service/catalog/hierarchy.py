"""Which authorities stand above, below and behind one another: parents and successions, as a value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final


@dataclass(frozen=True, slots=True)
class Succession:
    """From the legal day `effective_on`, `successor_code` is what `predecessor_code` was; its records are the successor's."""

    predecessor_code: str
    successor_code: str
    effective_on: date


@dataclass(frozen=True)
class Hierarchy:
    """The authorities of the catalogue as (code: next higher one) and (code: division), with their successions.

    Answers are remembered, so one value serves all requests of a catalogue's version. "Higher" means by the `parent` row,
    never by region; a circle of parents ends where it closes.
    """

    parents: Mapping[str, str | None] = field(default_factory=dict)
    divisions: Mapping[str, str] = field(default_factory=dict)
    successions: tuple[Succession, ...] = ()
    _owned: dict[tuple[str, date], frozenset[str]] = field(default_factory=dict, compare=False, repr=False)
    _below: dict[tuple[str, date], frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        children: dict[str, list[str]] = {}
        for code, parent in self.parents.items():
            if parent is not None:
                children.setdefault(parent, []).append(code)
        return {code: tuple(found) for code, found in children.items()}

    @cached_property
    def _before(self) -> Mapping[str, tuple[Succession, ...]]:
        before: dict[str, list[Succession]] = {}
        for one in self.successions:
            before.setdefault(one.successor_code, []).append(one)
        return {code: tuple(found) for code, found in before.items()}

    @cached_property
    def _ended(self) -> Mapping[str, date]:
        ended: dict[str, date] = {}
        for one in self.successions:
            ended[one.predecessor_code] = min(one.effective_on, ended.get(one.predecessor_code, one.effective_on))
        return ended

    def is_succeeded(self, code: str, *, on: date) -> bool:
        """Return whether another authority has taken the place of this one by the day `on`."""
        ended = self._ended.get(code)
        return ended is not None and ended <= on

    def owned(self, code: str, *, on: date) -> frozenset[str]:
        """Return the authorities whose records are this one's on the day `on`: itself, and all it succeeded by then.

        An authority that was itself succeeded by then owns nothing.
        """
        found = self._owned.get((code, on))
        if found is None:
            found = frozenset() if self.is_succeeded(code, on=on) else self._with_predecessors([code], on)
            self._owned[code, on] = found
        return found

    def _with_predecessors(self, codes: Iterable[str], on: date) -> frozenset[str]:
        seen: set[str] = set()
        waiting = list(codes)
        while waiting:
            code = waiting.pop()
            if code not in seen:
                seen.add(code)
                waiting.extend(one.predecessor_code for one in self._before.get(code, ()) if one.effective_on <= on)
        return frozenset(seen)

    def below(self, code: str, *, on: date) -> frozenset[str]:
        """Return the authorities under this one by their `parent` rows, at any depth, with all that these succeeded.

        The authorities under one that it succeeded are under it. What it owns itself is not among them.
        """
        found = self._below.get((code, on))
        if found is None:
            own = self.owned(code, on=on)
            seen: set[str] = set(own)
            waiting = [child for owned in own for child in self._children.get(owned, ())]
            while waiting:
                one = waiting.pop()
                if one not in seen:
                    whole = self._with_predecessors([one], on) - seen
                    seen |= whole
                    waiting.extend(child for part in whole for child in self._children.get(part, ()))
            found = frozenset(seen - own)
            self._below[code, on] = found
        return found

    def parent(self, code: str) -> str | None:
        """Return the next higher authority, or None where there is none."""
        return self.parents.get(code)

    def shares_region(self, code: str, *, of: str) -> bool:
        """Return whether the division of `code` is the division of the authority `of` or a part of it (GB/T 2260)."""
        division, whole = self.divisions.get(code), self.divisions.get(of)
        if division is None or whole is None:
            return False
        prefix = whole
        while prefix.endswith("00"):
            prefix = prefix[:-2]
        return division.startswith(prefix)


NOBODY: Final = Hierarchy()
