"""A job and how it stands, as the API and the console show it."""

from typing import Any

from service.job_runs.rules import Standing


def job_view(found: Standing) -> dict[str, Any]:
    """Return a job as its readers see it."""
    last = found.last
    return {
        "name": found.schedule.name,
        "every_seconds": found.schedule.every_seconds,
        "words": found.schedule.words,
        "last": None
        if last is None
        else {
            "as_of": last.as_of,
            "started_at": last.started_at,
            "outcome": last.outcome,
            "duration_ms": last.duration_ms,
            "count": last.count,
            "missed_count": last.missed_count,
            "problem": last.problem,
        },
        "done_at": found.done_at,
        "next_at": found.next_at,
        "asked_at": found.asked_at,
        "overdue": found.is_overdue,
        "why": found.why,
    }
