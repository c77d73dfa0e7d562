"""All jobs, in one table, read top to bottom. Names live on in rows and dashboards: treat them like column names."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jobs import (
    check_invariants,
    clock_edges,
    deliver_mail,
    exports,
    feeds,
    fetch_feeds,
    find_redatings,
    forget_idempotency_keys,
    forget_job_runs,
    forget_webhook_deliveries,
    notify_deadlines,
    open_missed_revocations,
    reconcile_feeds,
    take_in_waiting_rows,
    tell_alerts,
    tend_reports,
    track_deadlines,
    watch_screenings,
    write_quality_sheets,
    write_reminder_letters,
)
from service.db import Database


@dataclass(frozen=True, slots=True)
class Job:
    """One job: its name, how often it wakes (in seconds), and what it runs; `as_of` is the instant it works for."""

    name: str
    every_seconds: int
    words: str
    run: Callable[[Database, datetime], Awaitable[int]]


JOBS: Final = (
    Job(
        "log_clock_edges",
        20,
        "Log what opened or ended by the clock, and take a horizon of the log.",
        clock_edges.run,
    ),
    Job(
        "take_in_waiting_rows",
        60,
        "Take in quarantined rows whose older number a subject holds, or whose authority is known, by now.",
        take_in_waiting_rows.run,
    ),
    Job(
        "build_releases",
        30,
        "Withhold releases that show what has ended, build what is due, and deliver selections.",
        exports.run,
    ),
    Job("forget_idempotency_keys", 3600, "Delete idempotency keys older than 24 hours.", forget_idempotency_keys.run),
    Job("forget_job_runs", 3600, "Delete runs of jobs that were kept long enough.", forget_job_runs.run),
    Job(
        "forget_webhook_deliveries",
        3600,
        "Delete messages of webhooks that were done 30 days ago or earlier.",
        forget_webhook_deliveries.run,
    ),
    Job(
        "watch_screenings",
        60,
        "Take away results of screenings that name what has ended, or were kept long enough.",
        watch_screenings.run,
    ),
    Job(
        "track_deadlines",
        20,
        "Bring deadlines up to the change log, the calendar and the rulebook.",
        track_deadlines.run,
    ),
    Job(
        "notify_deadlines",
        600,
        "Remind of deadlines before long holidays, and escalate overdue ones to the supervisor.",
        notify_deadlines.run,
    ),
    Job(
        "work_feeds",
        20,
        "Fill the ledger of every feed from the change log, send what is due and take in what came back.",
        feeds.run,
    ),
    Job(
        "open_missed_revocations",
        60,
        "Open revocations of entries whose supporting penalty fell by an import or otherwise unseen.",
        open_missed_revocations.run,
    ),
    Job(
        tell_alerts.NAME,
        60,
        "Tell operators what is overdue, failed or stopped, and what is over: log, webhook, mail.",
        tell_alerts.run,
    ),
    Job("deliver_mail", 30, "Send notices by mail, where a mail server is named.", deliver_mail.run),
    Job(
        "fetch_feeds",
        20,
        "Pick up what other systems deliver, hold what would change too much, and take the rest in.",
        fetch_feeds.run,
    ),
    Job(
        "reconcile_feeds",
        600,
        "Compare what other systems show with the ledger, once a day for each feed, and queue what can be mended.",
        reconcile_feeds.run,
    ),
    Job(
        "write_reminder_letters",
        3600,
        "Write to authorities about overdue deadlines, once in a week.",
        write_reminder_letters.run,
    ),
    Job(
        "write_quality_sheets",
        3600,
        "Write each supplier's sheet of data quality for the months that have ended.",
        write_quality_sheets.run,
    ),
    Job(
        "check_invariants",
        21600,
        "Look whether the tables of record hold what they always hold; a run that finds anything fails and says what.",
        check_invariants.run,
    ),
    Job(
        "tend_reports",
        600,
        "Remind platforms of requests for reports, tell authorities of overdue ones, erase what was kept long enough.",
        tend_reports.run,
    ),
    Job("find_redatings", 60, "List records whose dates the present rulebook would change.", find_redatings.run),
)
