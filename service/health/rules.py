"""What the readiness of a process is made of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service.errors import Unavailable

#: A change that waits longer than this for its number means that the sequencer stands still or cannot keep up, in seconds.
LONGEST_LAG: Final = 60.0


class OtherSchema(Unavailable):
    """The schema of the database is not the one that this version of the service needs."""

    code = "other_schema"


@dataclass(frozen=True, slots=True)
class Schema:
    """The migrations: what the database has, and what this version of the code expects."""

    present: tuple[str, ...]
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Backlog:
    """Changes that the sequencer has not numbered yet, and since when the oldest of them waits."""

    head_position: int
    pending_count: int
    oldest_at: datetime | None

    def lag_seconds(self, *, now: datetime) -> float:
        """Return how long the oldest change has waited, 0 without one."""
        return 0.0 if self.oldest_at is None else max(0.0, (now - self.oldest_at).total_seconds())

    def is_late(self, *, now: datetime) -> bool:
        """Return whether the sequencer needs somebody to look at it. Answers stay exact meanwhile, they only stand still."""
        return self.lag_seconds(now=now) > LONGEST_LAG


def check_schema(schema: Schema) -> None:
    """Refuse to work on a schema of another version.

    Raises:
        OtherSchema: the database has other migrations than this version needs.
    """
    if schema.present != schema.expected:
        raise OtherSchema(
            f"The database has the migrations {', '.join(schema.present) or 'none'}; this version needs"
            f" {', '.join(schema.expected)}. Run `xinyong migrate`, or start the version that made the database.",
            detail_zh="数据库结构与本版本不符，请先运行 xinyong migrate。",
            present=list(schema.present),
            expected=list(schema.expected),
        )
