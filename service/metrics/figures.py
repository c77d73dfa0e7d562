"""The figures of one API process in the text format of Prometheus; what lies in the database is asked when they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from service.audit.middleware import Seen
from service.audit.writer import AuditWriter
from service.limits.limiter import Limiter
from service.metrics.rules import asker_class, status_class
from service.store.reader import StoreReader

#: Combinations of operation, roles and status whose counters are found without looking them up by their labels.
MOST_REMEMBERED: Final = 10_000

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class FeedFigures:
    """A feed: records by state, failures in a row, and 1 or 0 for both sides equal (None: never compared)."""

    id: str
    records: Mapping[str, int]
    failures: int
    is_equal: bool | None


@dataclass(frozen=True, slots=True)
class JobFigures:
    """A job: when it last ended well (seconds since 1970; None: never), whether it is overdue, and whether its last run failed."""

    name: str
    done_at: float | None
    is_overdue: bool
    has_failed: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database says: the log, the queues (entries by name), by source the seconds since its last delivery, feeds and jobs."""

    head_position: int
    pending_changes: int
    sequencer_lag: float
    queues: Mapping[str, int]
    source_ages: Mapping[str, float]
    feeds: Sequence[FeedFigures] = ()
    jobs: Sequence[JobFigures] = ()


class Figures:
    """Counts and latencies of this process, and gauges that are set when they are read."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._children: dict[tuple[str, str | None, int], tuple[Counter, Histogram]] = {}
        labels = ("operation", "asker")
        self._requests = Counter(
            "xinyong_requests",
            "Answers, by operation, class of asker and of status.",
            (*labels, "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "xinyong_request_seconds",
            "From the request to the end of its answer.",
            labels,
            buckets=BUCKETS,
            registry=registry,
        )
        self._head = Gauge("xinyong_log_head_position", "Last position of the change log.", registry=registry)
        self._pending = Gauge("xinyong_pending_changes", "Changes that wait for their position.", registry=registry)
        self._lag = Gauge("xinyong_sequencer_lag_seconds", "How long the oldest of them has waited.", registry=registry)
        self._queue = Gauge("xinyong_queue_depth", "What waits, by queue.", ("queue",), registry=registry)
        self._age = Gauge("xinyong_source_age_seconds", "Since the last delivery.", ("source",), registry=registry)
        self._feed_equal = Gauge(
            "xinyong_feed_equal", "1: the last comparison found both sides equal.", ("feed",), registry=registry
        )
        self._feed_records = Gauge("xinyong_feed_records", "Records of feeds.", ("feed", "state"), registry=registry)
        self._feed_failures = Gauge("xinyong_feed_failures", "Failures in a row.", ("feed",), registry=registry)
        self._job_done = Gauge(
            "xinyong_job_last_success_timestamp_seconds", "When the job last ended well.", ("job",), registry=registry
        )
        self._job_overdue = Gauge(
            "xinyong_job_overdue", "1: it should have ended well by now.", ("job",), registry=registry
        )
        self._job_failed = Gauge(
            "xinyong_job_failed", "1: its last run failed or was killed.", ("job",), registry=registry
        )
        self._pool = Gauge("xinyong_pool_connections", "Connections of this process.", ("state",), registry=registry)
        self._unwritten = Gauge(
            "xinyong_audit_waiting", "Entries of this process not committed yet.", registry=registry
        )
        self._lost = Gauge("xinyong_audit_lost", "Entries that this process could not write.", registry=registry)
        self._refusals = Gauge(
            "xinyong_limiter_refusals_total", "Requests refused because they were too many.", registry=registry
        )
        self._failures = Gauge(
            "xinyong_limiter_failures_total", "Times the limits' counters failed.", registry=registry
        )

        self._status = Gauge(
            "xinyong_status_answers_total",
            "Status answers, by where they were read; `database` where the store was behind or missing.",
            ("source",),
            registry=registry,
        )
        self._store_position = Gauge(
            "xinyong_store_position", "Position of the status store when it was last read.", registry=registry
        )

    def observe(self, seen: Seen) -> None:
        """Count an answer."""
        known = self._children.get((seen.operation, seen.roles, seen.status))
        if known is None:
            asker = asker_class(seen.roles)
            counter = self._requests.labels(seen.operation, asker, status_class(seen.status))
            known = counter, self._seconds.labels(seen.operation, asker)
            if len(self._children) < MOST_REMEMBERED:
                self._children[seen.operation, seen.roles, seen.status] = known
        known[0].inc()
        known[1].observe(seen.seconds)

    def text(
        self,
        stored: Stored,
        *,
        engine: AsyncEngine,
        writer: AuditWriter,
        limiter: Limiter | None,
        store: StoreReader,
    ) -> str:
        """Return all figures as text."""
        for source in ("store", "database"):
            self._status.labels(source).set(store.counts[source])
        self._store_position.set(store.position)
        self._head.set(stored.head_position)
        self._pending.set(stored.pending_changes)
        self._lag.set(stored.sequencer_lag)
        for name, depth in stored.queues.items():
            self._queue.labels(name).set(depth)
        for source, age in stored.source_ages.items():
            self._age.labels(source).set(age)
        self._feed_records.clear()
        for feed in stored.feeds:
            if feed.is_equal is not None:
                self._feed_equal.labels(feed.id).set(feed.is_equal)
            self._feed_failures.labels(feed.id).set(feed.failures)
            for state, count in feed.records.items():
                self._feed_records.labels(feed.id, state).set(count)
        for job in stored.jobs:
            if job.done_at is not None:
                self._job_done.labels(job.name).set(job.done_at)
            self._job_overdue.labels(job.name).set(job.is_overdue)
            self._job_failed.labels(job.name).set(job.has_failed)
        if isinstance(engine.pool, QueuePool):
            self._pool.labels("in_use").set(engine.pool.checkedout())
            self._pool.labels("idle").set(engine.pool.checkedin())
        self._unwritten.set(writer.queue_depth)
        self._lost.set(writer.lost)
        if limiter is not None:
            self._refusals.set(limiter.refusals)
            self._failures.set(limiter.failures)
        return generate_latest(self.registry).decode()
