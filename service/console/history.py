"""What happened to a record, step by step, as its pages tell it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.principals.queries import find_names
from service.records.queries import Row


@dataclass(frozen=True, slots=True)
class Step:
    """One version in a record's history: who did what when, why, and which fields changed."""

    version_no: int
    command: str
    who: str | None
    at: Any
    reason: str | None
    state: str
    changed: list[str]


async def steps_of(
    session: AsyncSession, rows: Sequence[Row], views: Sequence[Mapping[str, Any]], *, noun: str, after: int = 0
) -> list[Step]:
    """Return the steps behind the version `after`, newest first; `views` are those of `rows`, each with a record under `noun`.

    To who does not see the record in full they are none.
    """
    if not rows or not views or views[-1][noun]["own"] is None:
        return []
    names = await find_names(session, ids=[row["actor"] for row in rows])
    steps = [
        Step(
            row["version_no"], row["command"], names.get(row["actor"]) or row["actor"], row["recorded_at"], row["reason"],
            row["state"], [name for name in view["changed"] if name != "state"],
        )
        for row, view in zip(rows, views, strict=True)
    ]  # fmt: skip
    return [step for step in reversed(steps) if step.version_no > after]
