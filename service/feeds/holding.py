"""The brake: which file waits for a person, and until when; and the list of those that wait."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final, Self
from uuid import UUID

from asyncpg import Connection

from service.clock import legal_day
from service.feeds.queries import Row
from service.imports.shapes import SHAPES
from service.working_days.rules import Calendar, Limit, Unit, due_day

#: A person decides about what is held within this many working days. Own parameter.
DECIDE_WITHIN: Final = Limit(1, Unit.WORKING_DAYS)


@dataclass(frozen=True, slots=True)
class Brake:
    """What a file would do to what its source has, as counts, and the most that it may do by itself.

    `rows` are those of the file; fewer than `least` or more than `most` (None: no matter) are not what was expected.
    """

    has: int
    new: int
    changed: int
    dropped: int
    rows: int
    share: float
    few: int
    least: int | None
    most: int | None

    @classmethod
    def of(
        cls,
        incoming: Mapping[str, Any],
        outcomes: Mapping[str, int],
        *,
        has: int,
        rows: int | None = None,
        dropped: int | None = None,
    ) -> Self:
        """Return the brake of a file from its feed's definition and the outcomes of its rows.

        `dropped` is counted from the outcomes where it is not given; without `rows` the volume does not matter.
        """
        known = sum(outcomes.get(name, 0) for name in ("changed", "duplicate", "disputed"))
        volume = incoming.get("volume", {}) if rows is not None else {}
        if dropped is None:
            dropped = max(0, has - known) if incoming.get("complete", False) else 0
        return cls(
            has=has,
            new=outcomes.get("new", 0) if has else 0,  # the first delivery of a source changes nothing that there is
            changed=outcomes.get("changed", 0) + outcomes.get("disputed", 0),
            dropped=dropped,
            rows=rows or 0,
            share=float(incoming.get("share", 0.2)),
            few=int(incoming.get("few", 20)),
            least=volume.get("least"),
            most=volume.get("most"),
        )

    @property
    def why(self) -> list[str]:
        """Why a person has to look: more than `few` records and than the share of what there is, or another volume."""
        most = max(self.few, self.share * self.has)
        found = [f"many_{name}" for name in ("new", "changed", "dropped") if getattr(self, name) > most]
        if self.least is not None and self.rows < self.least:
            found.append("too_small")
        if self.most is not None and self.rows > self.most:
            found.append("too_large")
        return found

    @property
    def holds(self) -> bool:
        """Whether a person has to look."""
        return bool(self.why)


@dataclass(frozen=True, slots=True)
class Held:
    """What is told of a held file, and the last day to decide."""

    brake: dict[str, Any]
    decide_by: date


def held_facts(brake: Brake, calendar: Calendar, *, now: datetime) -> Held:
    """Return what is told of a file that the brake holds."""
    told = {name: value for name, value in asdict(brake).items() if name not in {"share", "few"} and value is not None}
    return Held(told | {"why": brake.why}, due_day(legal_day(now), DECIDE_WITHIN, calendar).on)


async def count_of_source(connection: Connection, incoming: Mapping[str, Any]) -> int:
    """Return how many records the source of a feed has that have not ended."""
    shape = SHAPES[str(incoming["kind"])]
    source = incoming.get("source") or f"own:{incoming['authority']}"
    count: int = await connection.fetchval(
        f"""SELECT count(*) FROM {shape.version}
        WHERE source_code = $1 AND superseded_at IS NULL AND state NOT IN ('void', 'ended')""",  # noqa: S608 - a constant
        source,
    )
    return count


async def list_held(
    connection: Connection, *, authorities: Collection[str] | None, after: UUID | None, limit: int
) -> list[Row]:
    """Return a page of the files that wait for a person, oldest first; of these authorities, or of all (None)."""
    rows: list[Row] = await connection.fetch(
        """SELECT d.*, f.name AS feed_name FROM feed_delivery d JOIN feed f ON f.id = d.feed_id
        WHERE d.state = 'held' AND ($1::text[] IS NULL OR d.authority_code = ANY ($1))
        AND ($2::uuid IS NULL OR d.id > $2) ORDER BY d.id LIMIT $3""",
        None if authorities is None else sorted(authorities),
        after,
        limit,
    )
    return rows


async def count_held(connection: Connection, *, today: date) -> dict[str, tuple[int, date, bool]]:
    """Return by feed how many files wait for a person, the first last day to decide, and whether it has passed."""
    rows = await connection.fetch(
        """SELECT feed_id, count(*) AS n, min(decide_by) AS decide_by FROM feed_delivery
        WHERE state = 'held' AND decide_by IS NOT NULL GROUP BY 1"""
    )
    return {row["feed_id"]: (row["n"], row["decide_by"], row["decide_by"] < today) for row in rows}
