"""The slow model: what everybody was told when, as a plain list of events, and what may be answered from it."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
DAY = timedelta(days=1)


def day_of(instant: datetime) -> date:
    return instant.astimezone(SHANGHAI).date()


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=SHANGHAI)


@dataclass
class Version:
    """What was true of a record from an event on. `known_at` is set when everybody was told of it."""

    shown: bool
    first: date | None
    last: date | None
    name: str | None
    known_at: datetime | None = None
    wipes: bool = False
    is_void: bool = False

    def covers(self, day: date) -> bool:
        return self.first is not None and self.first <= day and (self.last is None or day <= self.last)

    def is_public(self, day: date) -> bool:
        return self.shown and self.covers(day)


@dataclass
class Record:
    """A penalty or an entry: its versions, oldest first."""

    id: str
    kind: str
    owner: str
    subject: str
    number: str = ""
    stands: bool = False
    versions: list[Version] = field(default_factory=list)

    def told(self, by: datetime) -> Version | None:
        """The last version that everybody had been told of by an instant."""
        known = [one for one in self.versions if one.known_at is not None and one.known_at <= by]
        return known[-1] if known else None

    def is_public(self, at: datetime) -> bool:
        version = self.told(at)
        return version is not None and version.is_public(day_of(at))

    def was_public(self, at: datetime, *, as_of: datetime, known_at: datetime | None = None) -> bool:
        """Whether an answer given at `at` shows it for a day in the past, as it was known then: silence reaches back."""
        if not self.is_public(at):
            return False
        if known_at is None:
            now = self.told(at)
            return now is not None and now.covers(day_of(as_of))
        then = self.told(known_at)
        if then is None:
            return False
        later = self.versions[self.versions.index(then) + 1 :]
        if any(one.wipes and one.known_at is not None and one.known_at <= at for one in later):
            return False
        return then.is_public(day_of(as_of))

    def edges(self) -> set[datetime]:
        """The midnights at which it appears or disappears by its last version."""
        last = self.versions[-1]
        if not last.shown or last.first is None:
            return set()
        return {midnight(last.first)} | ({midnight(last.last + DAY)} if last.last else set())

    def ended_on(self, at: datetime) -> date | None:
        """The day on which it was last seen to disappear; None where it is public, or never was."""
        if self.is_public(at):
            return None
        instants = {one.known_at for one in self.versions if one.known_at is not None and one.known_at <= at}
        for one in self.versions:
            if one.first is not None:
                instants.add(midnight(one.first))
            if one.last is not None:
                instants.add(midnight(one.last + DAY))
        before = False
        found = None
        for instant in sorted(one for one in instants if one <= at):
            after = self.is_public(instant)
            if before and not after:
                found = day_of(instant)
            before = after
        return found


@dataclass
class Subject:
    """A firm: the names that a registry stated and when they were told, and its records."""

    code: str
    names: list[tuple[datetime, str]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def registered(self, at: datetime) -> bool:
        return any(told <= at for told, _ in self.names)

    def public(self, at: datetime, kind: str) -> set[str]:
        return {one.id for one in self.records if one.kind == kind and one.is_public(at)}

    def past(self, at: datetime, kind: str, *, as_of: datetime, known_at: datetime | None = None) -> set[str]:
        return {
            one.id for one in self.records if one.kind == kind and one.was_public(at, as_of=as_of, known_at=known_at)
        }

    def outcome(self, at: datetime, *, covered: bool) -> tuple[str, str | None]:
        if self.public(at, "blacklist_entry"):
            return "listed", None
        if self.public(at, "penalty"):
            return "penalised", None
        if not self.registered(at):
            return "not_covered", "no_registration"
        return ("clear", None) if covered else ("not_covered", "no_source")

    def found_by(self, name: str, at: datetime) -> bool:
        """Whether the public finds it by exactly this name: a registered or former one, or one on a public record."""
        if any(told <= at and stated == name for told, stated in self.names):
            return True
        return any((v := one.told(at)) is not None and v.name == name and one.is_public(at) for one in self.records)

    def found_then(self, name: str, at: datetime, *, as_of: datetime, known_at: datetime) -> bool:
        """Whether the public finds it by exactly this name in a past: stated by then, or on a record that may still be told."""
        if any(told <= known_at and stated == name for told, stated in self.names):
            return True
        return any(
            (v := one.told(known_at)) is not None
            and v.name == name
            and one.was_public(at, as_of=as_of, known_at=known_at)
            for one in self.records
        )

    def file_then(self, at: datetime, authority: str, *, known_at: datetime) -> set[str]:
        """What an authority finds in the file of a past: of its own what was known then, of others what may still be told."""
        seen = set()
        for one in self.records:
            version = one.told(known_at)
            if version is None:
                continue
            own = one.owner == authority and not version.is_void
            if own or one.was_public(at, as_of=at, known_at=known_at):
                seen.add(one.id)
        return seen

    def file(self, at: datetime, authority: str) -> set[str]:
        """What an authority finds in the credit file: all of its own that is no mistake, of others what is public."""
        seen = set()
        for one in self.records:
            version = one.told(at)
            if (
                version is not None
                and not version.is_void
                and (one.owner == authority or version.is_public(day_of(at)))
            ):
                seen.add(one.id)
        return seen


@dataclass
class World:
    """All subjects, and what nobody has been told of yet."""

    subjects: dict[str, Subject] = field(default_factory=dict)
    waiting: list[Version] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    bearers: dict[str, set[str]] = field(default_factory=dict)

    def bears(self, name: str, code: str) -> None:
        """Remember which firms ever bore a name, so that not all are asked about it."""
        self.bearers.setdefault(name, set()).add(code)

    def happens(self, record: Record, version: Version) -> None:
        """Add what is true of a record from now on; nobody knows of it yet."""
        record.versions.append(version)
        self.touched.add(record.subject)
        if version.name:
            self.bears(version.name, record.subject)
        self.waiting.append(version)

    def number(self, at: datetime) -> None:
        """Everybody is told, at this instant, of what has happened since."""
        for version in self.waiting:
            version.known_at = at
        self.waiting.clear()

    def public(self, at: datetime) -> set[str]:
        return {one.id for subject in self.subjects.values() for one in subject.records if one.is_public(at)}
