"""The catalogues as one frozen value: authorities, lists, sources, regions, and what a source covers."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from json import dumps
from typing import Final

from service.catalog.calendar.rules import KnownYear
from service.catalog.hierarchy import Hierarchy, Succession
from service.catalog.trust import check_trust
from service.errors import Conflict, Invalid, NotFound
from service.reading.names import normalise_name
from service.rulebook.deadlines import Deadlines, load_deadlines
from service.rulebook.load import load_rulebook
from service.rulebook.selection import Rulebook
from service.working_days.rules import Calendar, calendar_of


class Coverage(StrEnum):
    """What a source can be complete for."""

    REGISTRATIONS = "registrations"
    PENALTIES = "penalties"
    LISTS = "lists"


class NoLegalBasis(Invalid):
    """A list needs a legal basis: law, regulation, central policy document, department rule or local regulation."""

    code = "no_legal_basis"


class BadCoverage(Invalid):
    """A `covers` entry is not `registrations:`, `penalties:` or `lists:` with 0, 2, 4 or 6 digits of a division code."""

    code = "bad_coverage"


class PublishedNowhere(Invalid):
    """A source that has published its rows must say where, and one that has not must not."""

    code = "published_nowhere"


class NotInCatalog(NotFound):
    """The catalogue has no entry of this code."""

    code = "not_in_catalog"


class AlreadyInCatalog(Conflict):
    """The catalogue has an entry of this id or code already."""

    code = "already_in_catalog"


class NoSuchAuthority(NotFound):
    """The catalogue has no authority of this code."""

    code = "no_such_authority"


class UnknownList(Invalid):
    """The catalogue has no list of this id."""

    code = "unknown_list"


class ImpossiblePeriod(Invalid):
    """The last day in force lies before the first."""

    code = "impossible_period"


@dataclass(frozen=True, slots=True)
class KnownAuthority:
    """A body that decides. `parent_code` is the next higher one, `successor_code` the one that took over its work."""

    code: str
    name: str
    aliases: tuple[str, ...]
    uscc: str | None
    system: str
    division_code: str
    parent_code: str | None
    successor_code: str | None
    effective_from: date | None
    effective_to: date | None
    citation: str | None


@dataclass(frozen=True, slots=True)
class KnownList:
    """A named list with its legal basis. Without `period_months` an entry stays until it is removed."""

    id: str
    name: str
    name_en: str
    aliases: tuple[str, ...]
    severity: str
    legal_basis: str
    basis_level: str
    list_authority: str
    scope: str
    catalog_edition: str | None
    effective_from: date
    effective_to: date | None
    period_months: int | None
    grade: str
    note: str | None


@dataclass(frozen=True, slots=True)
class KnownSource:
    """Where rows come from. `covers` holds entries such as `penalties:50`; see `source_covers`. `trust`: see `trust.py`."""

    code: str
    name: str
    owner: str
    published: bool
    published_where: str | None
    covers: tuple[str, ...]
    importing_authorities: tuple[str, ...]
    stale_after_days: int
    licence: str | None
    trust: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownRegion:
    """A GB/T 2260 code under one name, with the first and last edition (YYYYMM) that has the pair."""

    code: str
    name: str
    level: str
    parent_code: str | None
    first_edition: str
    last_edition: str


@dataclass(frozen=True, slots=True)
class KnownRule:
    """One dated row of the rulebook as it is stored: `body` is the row, with a citation and a grade of its own.

    `supersedes` is the row that this one corrects, which then decides nothing any more.
    """

    id: str
    kind: str
    citation: str
    grade: str
    effective_from: date | None
    effective_to: date | None
    body: Mapping[str, object] = field(hash=False)
    origin: str = "seed"
    supersedes: str | None = None
    entered_at: datetime | None = None


@dataclass(frozen=True)
class Seed:
    """The catalogue data that this version of the service brings, each part in any order."""

    authorities: tuple[KnownAuthority, ...]
    lists: tuple[KnownList, ...]
    sources: tuple[KnownSource, ...]
    regions: tuple[KnownRegion, ...]
    rules: tuple[KnownRule, ...]
    years: tuple[KnownYear, ...] = ()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content, the same for the same rows in another order."""
        content = [
            sorted(dumps(asdict(row), default=str, sort_keys=True) for row in part)
            for part in (self.authorities, self.lists, self.sources, self.regions, self.rules, self.years)
        ]
        return sha256(dumps(content).encode()).hexdigest()


@dataclass(frozen=True)
class Catalog:
    """All catalogues at one `version`, each sorted by its key. Names are compared in their normalised form."""

    version: int
    authorities: tuple[KnownAuthority, ...]
    lists: tuple[KnownList, ...]
    sources: tuple[KnownSource, ...]
    regions: tuple[KnownRegion, ...]
    rules: tuple[KnownRule, ...]
    years: tuple[KnownYear, ...] = ()
    successions: tuple[Succession, ...] = ()

    @cached_property
    def deadlines(self) -> Deadlines:
        """The deadlines that the stored rules make."""
        return load_deadlines(rule.body for rule in self.present_rules if rule.kind == "deadline")

    @cached_property
    def calendar(self) -> Calendar:
        """The official calendar; a notice that names days of the December before counts for these."""
        return calendar_of((year.year for year in self.years), (day for year in self.years for day in year.days))

    @cached_property
    def authority_by_code(self) -> Mapping[str, KnownAuthority]:
        """Authorities by code."""
        return {authority.code: authority for authority in self.authorities}

    @cached_property
    def list_by_id(self) -> Mapping[str, KnownList]:
        """Lists by id."""
        return {entry.id: entry for entry in self.lists}

    @cached_property
    def source_by_code(self) -> Mapping[str, KnownSource]:
        """Sources by code."""
        return {source.code: source for source in self.sources}

    @cached_property
    def present_rules(self) -> tuple[KnownRule, ...]:
        """The stored rules without those that a later one supersedes."""
        superseded = {rule.supersedes for rule in self.rules}
        return tuple(rule for rule in self.rules if rule.id not in superseded)

    @cached_property
    def rulebook(self) -> Rulebook:
        """The rulebook that the stored rules make."""
        present = self.present_rules
        return load_rulebook(
            (rule.body for rule in present if rule.kind == "period"),
            (rule.body for rule in present if rule.kind == "parameter"),
            (rule.body for rule in self.rules if rule.kind == "period" and rule not in present),
        )

    @cached_property
    def known_divisions(self) -> frozenset[str]:
        """All division codes that any edition had."""
        return frozenset(region.code for region in self.regions)

    @cached_property
    def region_names(self) -> Mapping[str, str]:
        """The newest name of every division code."""
        latest = sorted(self.regions, key=lambda region: region.last_edition)
        return {region.code: region.name for region in latest}

    @cached_property
    def _authorities_by_name(self) -> Mapping[str, tuple[KnownAuthority, ...]]:
        named: dict[str, dict[str, KnownAuthority]] = {}
        for authority in self.authorities:
            usccs = (authority.uscc,) if authority.uscc else ()
            for name in (authority.code, authority.name, *authority.aliases, *usccs):
                named.setdefault(normalise_name(name), {})[authority.code] = authority
        return {name: tuple(found.values()) for name, found in named.items()}

    @cached_property
    def _lists_by_name(self) -> Mapping[str, tuple[KnownList, ...]]:
        named: dict[str, dict[str, KnownList]] = {}
        for entry in self.lists:
            for name in (entry.id, entry.name, entry.name_en, *entry.aliases):
                named.setdefault(normalise_name(name), {})[entry.id] = entry
        return {name: tuple(found.values()) for name, found in named.items()}

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """Which authorities stand above, below and behind one another."""
        return Hierarchy(
            parents={authority.code: authority.parent_code for authority in self.authorities},
            divisions={authority.code: authority.division_code for authority in self.authorities},
            successions=self.successions,
        )

    def region_name(self, division_code: str) -> str | None:
        """Return the name of a division in the last edition that has its code."""
        return self.region_names.get(division_code)

    def authorities_named(self, text: str) -> tuple[KnownAuthority, ...]:
        """Return every authority that has `text` as its code, name, alias or credit code; several may share an alias."""
        return self._authorities_by_name.get(normalise_name(text), ())

    def find_authority(self, text: str) -> KnownAuthority | None:
        """Return the one authority that `text` names, or None where none or more than one does."""
        found = self.authorities_named(text)
        return found[0] if len(found) == 1 else None

    def find_list(self, text: str) -> KnownList | None:
        """Return the one list that `text` names by id, name or alias, or None where none or more than one does."""
        found = self._lists_by_name.get(normalise_name(text), ())
        return found[0] if len(found) == 1 else None

    def covering_sources(self, what: Coverage, division_code: str | None) -> tuple[KnownSource, ...]:
        """Return the sources that are complete for `what` in the division."""
        return tuple(source for source in self.sources if source_covers(source, what, division_code))


_SELECTOR_LENGTHS: Final = frozenset({0, 2, 4, 6})


def parse_cover(entry: str) -> tuple[Coverage, str]:
    """Return what an entry of `covers` names: `penalties:5001` is penalties of all divisions that begin with 5001.

    Trailing pairs of zeros are left out, so that `500000` is the whole of 50 and `000000` the whole country, as in GB/T 2260.

    Raises:
        BadCoverage: the entry has another form.
    """
    what, colon, digits = entry.partition(":")
    well_formed = digits.isascii() and (digits.isdigit() or not digits) and len(digits) in _SELECTOR_LENGTHS
    if not colon or what not in set(Coverage) or not well_formed:
        raise BadCoverage(
            f"{entry!r} is not registrations:, penalties: or lists: with 0, 2, 4 or 6 digits of a division code.",
            detail_zh="覆盖范围应写作“penalties:50”之类：类别加冒号加行政区划代码前 0、2、4 或 6 位。",
        )
    while digits.endswith("00"):
        digits = digits[:-2]
    return Coverage(what), digits


def source_covers(source: KnownSource, what: Coverage, division_code: str | None) -> bool:
    """Return whether the source is complete for `what` in a division (six digits of GB/T 2260).

    Where the division is not known (None), only a source for the whole country covers it.
    """
    return any(
        kind is what and (division_code or "").startswith(prefix) for kind, prefix in map(parse_cover, source.covers)
    )


def check_source(source: KnownSource) -> None:
    """Refuse a source that contradicts itself.

    Raises:
        BadCoverage: an entry of `covers` has not the documented form.
        BadTrust: an entry of `trust` has not the documented form.
        PublishedNowhere: `published` and `published_where` do not fit together.
    """
    for entry in source.covers:
        parse_cover(entry)
    check_trust(source.trust)
    if source.published != bool((source.published_where or "").strip()):
        raise PublishedNowhere(
            "A source that has published its rows says where, and one that has not leaves it out.",
            detail_zh="已公示的来源须注明公示处；未公示的不填。",
        )


def check_list(entry: KnownList) -> None:
    """Refuse a list without a legal basis, or one that ends before it begins.

    Raises:
        NoLegalBasis: the basis is empty or blank.
        ImpossiblePeriod: `effective_to` lies before `effective_from`.
    """
    if not entry.legal_basis.strip():
        raise NoLegalBasis(
            f"The list {entry.name!r} has no legal basis; without one no list may exist.",
            detail_zh="没有法律、法规或者党中央、国务院政策文件依据，不得设列名单。",
        )
    check_period(entry.effective_from, entry.effective_to)


def check_authority(authority: KnownAuthority, known_codes: Iterable[str]) -> None:
    """Refuse an authority that names another one which does not exist, or that ends before it begins.

    Raises:
        NoSuchAuthority: parent or successor is not among `known_codes`.
        ImpossiblePeriod: `effective_to` lies before `effective_from`.
    """
    known = set(known_codes)
    for other in (authority.parent_code, authority.successor_code):
        if other is not None and other not in known:
            raise NoSuchAuthority(
                f"The catalogue has no authority {other!r}; add it first.", detail_zh="目录中没有所指的上级或承继机关。"
            )
    check_period(authority.effective_from, authority.effective_to)


def check_seed(seed: Seed) -> None:
    """Hold the data that the service brings to the rules that everybody else's entries are held to.

    Raises:
        NoLegalBasis: a list states none.
        BadCoverage: a source's coverage has not the documented form.
        PublishedNowhere: a source's `published` and `published_where` do not fit together.
        NoSuchAuthority: an authority or a source names one that the seed does not bring.
        ImpossiblePeriod: a list or an authority ends before it begins.
    """
    codes = {authority.code for authority in seed.authorities}
    for authority in seed.authorities:
        check_authority(authority, codes)
    for entry in seed.lists:
        check_list(entry)
    for source in seed.sources:
        check_source(source)
        check_importers(source, codes)


def check_importers(source: KnownSource, known_codes: Iterable[str]) -> None:
    """Refuse a source that an unknown authority would import.

    Raises:
        NoSuchAuthority: an importing authority is not among `known_codes`.
    """
    missing = sorted(set(source.importing_authorities).difference(known_codes))
    if missing:
        raise NoSuchAuthority(
            f"The catalogue has no authority {', '.join(missing)}; add it first.", detail_zh="目录中没有所指的机关。"
        )


def check_period(first: date | None, last: date | None) -> None:
    """Refuse days in force that end before they begin.

    Raises:
        ImpossiblePeriod: `last` lies before `first`.
    """
    if first is not None and last is not None and last < first:
        raise ImpossiblePeriod(
            f"In force from {first} to {last}: it would end before it begins.", detail_zh="起止日期颠倒。"
        )
