"""The wire form of feeds."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson

from service.feeds.queries import Row, Standing
from service.working_days.rules import Calendar, working_days_left

View = dict[str, Any]


def feed_view(feed: Standing, counts: Mapping[str, int], held: tuple[int, date, bool] | None = None) -> View:
    """Return a feed with its counts by state, and the files of it that wait for a person (see `count_held`)."""
    row, definition = feed.row, feed.definition
    names = (
        *("id", "name", "direction", "state", "version_no", "position", "failures", "retry_at", "worked_at"),
        *("answered_at", "reconciled_at", "is_equal"),
    )
    return {name: row[name] for name in names} | {
        "target": definition.target,
        "connected": definition.connected,
        "transport": definition.transport.get("type"),
        "shape": definition.shape or None,
        "counts": dict(counts),
        "trouble": _json(row["trouble"]),
        "held": None if held is None else dict(zip(("count", "decide_by", "overdue"), held, strict=True)),
    }


def item_view(row: Row) -> View:
    """Return a record on a feed."""
    return dict(row)


def batch_view(row: Row) -> View:
    """Return a batch."""
    return dict(row) | {"problem": _json(row["problem"])}


def delivery_view(row: Row) -> View:
    """Return a file that came in."""
    return dict(row) | {"brake": _json(row["brake"]), "problem": _json(row["problem"])}


def held_view(row: Row, calendar: Calendar, *, today: date) -> View:
    """Return a file that waits for a person, with the working days that remain."""
    last = row["decide_by"]
    return dict(row) | {
        "brake": _json(row["brake"]),
        "days_left": None if last is None else working_days_left(today, last, calendar),
        "overdue": last is not None and today > last,
    }


def _json(value: object) -> Any:  # noqa: ANN401 - any JSON
    """The driver gives JSON as text, or read already, by who opened the connection."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value
