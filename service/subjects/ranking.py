"""Ranking of names that were found for a search term: pure, on folded names (see `service.reading.names.fold_name`)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from service.errors import Invalid
from service.reading.names import bigrams, fold_name, is_sole_trader_without_trade_name

#: Most names that one search ranks. A term that fits more of them says so (`truncated`).
MOST_CANDIDATES: Final = 1_000

#: Fewer finds than this by containment, and names that share only some of the term's pieces are looked at too.
FEW: Final = 10

#: Names that a search by rare pieces may fetch and compare, as estimated from the planner's statistics.
OVERLAP_BUDGET: Final = 1_500

#: The least likeness of a name that is found by some of its pieces only.
LEAST_LIKENESS: Final = 0.4

_FORM_WORDS: Final = (
    "股份有限责任公司",
    "股份有限公司",
    "有限责任公司",
    "普通合伙企业",
    "有限合伙企业",
    "个人独资企业",
    "个体工商户",
)
_FORM_PIECES: Final = frozenset(
    word[start:end] for word in _FORM_WORDS for start in range(len(word)) for end in range(start + 2, len(word) + 1)
)


class TermTooShort(Invalid):
    """A search for a name needs two characters or more, brackets, blanks and punctuation not counted."""

    code = "term_too_short"


class Match(StrEnum):
    """How a name fits the term, best first. `former` is any fit of a name that is not the registered one."""

    EXACT = "exact"
    PREFIX = "prefix"
    FORMER = "former"
    OVERLAP = "overlap"


_ORDER: Final = {match: str(place) for place, match in enumerate(Match)}


@dataclass(frozen=True, slots=True)
class Term:
    """A search term: folded, its bigrams, and whether it is nothing but a piece of a legal form (有限, 公司 …)."""

    folded: str
    pieces: tuple[str, ...]
    is_legal_form: bool

    @property
    def turned_pieces(self) -> tuple[str, ...]:
        """The bigrams and each of them turned round, which finds names of which two characters were swapped."""
        return tuple(dict.fromkeys((*self.pieces, *(piece[::-1] for piece in self.pieces))))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name of a subject: `kind` is `registered`, `former` or `record`."""

    uscc: str
    name: str
    kind: str
    folded: str


@dataclass(frozen=True, slots=True)
class Found:
    """A subject with the name by which it was found best. `key` sorts finds, best first."""

    candidate: Candidate
    match: Match
    key: tuple[str, ...]


def read_term(text: str) -> Term:
    """Return the term that is searched for `text`.

    Raises:
        TermTooShort: fewer than two characters count.
    """
    folded = fold_name(text)
    if len(folded) < 2:
        raise TermTooShort(
            "A search for a name needs two characters or more.", detail_zh="按名称查询至少需要两个字。", shortest=2
        )
    return Term(folded, tuple(bigrams(folded)), folded in _FORM_PIECES)


def is_findable(candidate: Candidate) -> bool:
    """Tell whether a name may be found: a sole trader without a trade name bears its owner's (house decision 16)."""
    return not is_sole_trader_without_trade_name(candidate.name, candidate.uscc)


def rank(term: Term, candidates: Iterable[Candidate]) -> list[Found]:
    """Return one find a subject, best first; names that are not alike enough are left out."""
    best: dict[str, Found] = {}
    likeness = likeness_to(term.folded)
    for candidate in candidates:
        found = _judge(term, candidate, 1.0 if term.is_legal_form else likeness(candidate.folded))
        if found is None:
            continue
        known = best.get(candidate.uscc)
        if known is None or found.key < known.key:
            best[candidate.uscc] = found
    return sorted(best.values(), key=lambda found: found.key)


def keep_alike(term: Term, candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates that are alike enough to be found."""
    likeness = likeness_to(term.folded)
    return [candidate for candidate in candidates if likeness(candidate.folded) >= LEAST_LIKENESS]


def _judge(term: Term, candidate: Candidate, likeness: float) -> Found | None:
    if likeness < LEAST_LIKENESS:
        return None
    starts = candidate.folded.startswith(term.folded)
    if candidate.kind != "registered":
        match = Match.FORMER if starts else Match.OVERLAP
    elif candidate.folded == term.folded:
        match = Match.EXACT
    else:
        match = Match.PREFIX if starts else Match.OVERLAP
    order = (_ORDER[match], f"{1 - likeness:.4f}", f"{len(candidate.folded):04d}", candidate.uscc)
    return Found(candidate, match, order)


def likeness_to(term: str) -> Callable[[str], float]:
    """Return the function that says how alike a folded name is to the folded `term`, 0 to 1.

    Mostly that is how much of the term is in the name, in pairs and in characters: pairs tell the order, characters forgive
    the two pairs that one wrong character spoils. A name that says much more than the term is a little less alike.
    """
    term_pairs, term_characters = set(bigrams(term)), set(term)

    def likeness(name: str) -> float:
        name_pairs = set(bigrams(name))
        pairs = len(term_pairs & name_pairs)
        characters = len(term_characters.intersection(name))
        inside = (pairs / len(term_pairs) + characters / len(term_characters)) / 2
        both = pairs / (len(term_pairs) + len(name_pairs)) + characters / (len(term) + len(name))
        return 0.7 * inside + 0.3 * min(both, 1.0)

    return likeness


def pick_rare(
    pieces: Sequence[str],
    frequencies: Mapping[str, float],
    *,
    least: float,
    names: float,
    budget: int = OVERLAP_BUDGET,
) -> list[str]:
    """Return the rarest pieces of a term that together fetch about `budget` names at most; at least one.

    `frequencies` are the shares of names that have a common piece; one that is not among them is rarer than the `least`
    common one.
    """
    unknown = least / 2
    ordered = sorted(pieces, key=lambda piece: (frequencies.get(piece, unknown), piece))
    picked: list[str] = []
    expected = 0.0
    for piece in ordered:
        expected += frequencies.get(piece, unknown) * names
        if picked and expected > budget:
            break
        picked.append(piece)
    return picked
