import os
import signal
import subprocess
import sys
from pathlib import Path

import lmdb
import pytest

from service.limits.limiter import Limiter, LimiterFailed
from service.limits.rules import Kind
from service.limits.storage import SharedStorage
from tests.conftest import ROOT

RATES = {Kind.KEY: "100/10 seconds; 150/minute", Kind.ADDRESS: "10/second", Kind.REFUSED: "off"}


class Clock:
    """A clock that stands until it is set on."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def granted(limiter: Limiter, kind: Kind, who: str, times: int) -> int:
    return sum(not limiter.ask(kind, who).wait for _ in range(times))


def test_both_windows_hold(tmp_path: Path) -> None:
    clock = Clock()
    limiter = Limiter(tmp_path, RATES, clock=clock)
    assert granted(limiter, Kind.KEY, "a", 120) == 100
    assert granted(limiter, Kind.KEY, "b", 1) == 1
    clock.at += 20
    assert granted(limiter, Kind.KEY, "a", 120) == 50
    assert limiter.refusals == 20 + 70
    waits = []
    while wait := limiter.ask(Kind.KEY, "a").wait:
        waits.append(wait)
        clock.at += wait
    assert 1 <= len(waits) <= 2
    assert sum(waits) <= 70
    limiter.close()


def test_a_cost_is_counted_and_never_more_than_a_whole_quota(tmp_path: Path) -> None:
    clock = Clock()
    limiter = Limiter(tmp_path, RATES, clock=clock)
    assert not limiter.ask(Kind.KEY, "a", cost=99).wait
    assert limiter.ask(Kind.KEY, "a", cost=2).wait
    assert not limiter.ask(Kind.KEY, "a", cost=1).wait
    assert not limiter.ask(Kind.KEY, "b", cost=10_000).wait
    assert limiter.ask(Kind.KEY, "b").wait
    limiter.close()


def test_nobody_is_refused_where_it_is_switched_off(tmp_path: Path) -> None:
    limiter = Limiter(tmp_path, RATES, clock=Clock())
    assert granted(limiter, Kind.REFUSED, "a", 5000) == 5000
    limiter.close()


PROCESS = """
import sys
from pathlib import Path
from service.limits.limiter import Limiter
from service.limits.rules import Kind
limiter = Limiter(Path(sys.argv[1]), {Kind.KEY: "1000/minute"}, clock=lambda: 1_800_000_007.0)
sys.stdin.readline()
print(sum(not limiter.ask(Kind.KEY, "a").wait for _ in range(800)), flush=True)
sys.stdin.read()
"""


def test_all_processes_of_a_machine_keep_one_limit_also_when_one_is_killed(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(3)
    ]
    try:
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        total = sum(int(process.stdout.readline()) for process in processes if process.stdout is not None)
    finally:
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
    assert 900 <= total <= 1100
    after = Limiter(tmp_path, {Kind.KEY: "1000/minute"}, clock=Clock(1_800_000_007.0))
    assert after.ask(Kind.KEY, "a").wait
    after.close()


def test_a_file_that_is_spoilt_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"\x17" * 8192)
    limiter = Limiter(tmp_path, RATES, clock=Clock())
    assert not limiter.ask(Kind.KEY, "a").wait
    limiter.close()


def test_a_limiter_without_its_file_fails_and_counts_it(tmp_path: Path) -> None:
    limiter = Limiter(tmp_path, RATES, clock=Clock())
    limiter.close()
    for _ in range(2):
        with pytest.raises(LimiterFailed):
            limiter.ask(Kind.KEY, "a")
    assert limiter.failures == 2


def test_what_counts_no_more_is_swept_out(tmp_path: Path) -> None:
    clock = Clock()
    storage = SharedStorage(tmp_path, clock=clock, size=1024**2)
    for number in range(20_000):  # a hundred times what the file could hold at once
        clock.at += 1
        assert storage.acquire_sliding_window_entry(f"key {number:06} {'x' * 100}", 10, 2)
    assert 0 < (storage.reset() or 0) < 4000
    storage.close()


def test_a_full_file_is_a_failure_once_and_then_begins_anew(tmp_path: Path) -> None:
    limiter = Limiter(tmp_path, {Kind.KEY: "10/hour"}, clock=Clock())
    limiter.close()
    limiter._storage = SharedStorage(tmp_path, clock=Clock(), size=256 * 1024)  # noqa: SLF001 - a file that is soon full
    limiter._strategy.storage = limiter._storage  # noqa: SLF001
    failures = 0
    for number in range(3000):
        try:
            limiter.ask(Kind.KEY, f"{number} {'x' * 200}")
        except LimiterFailed:
            failures += 1
    assert 0 < failures < 30
    assert limiter.failures == failures
    limiter.close()


def test_the_storage_keeps_the_interface_of_the_library(tmp_path: Path) -> None:
    clock = Clock()
    storage = SharedStorage(tmp_path, clock=clock)
    assert [storage.incr("a", 10), storage.incr("a", 10, 4), storage.get("a"), storage.get("b")] == [1, 5, 5, 0]
    assert (storage.get_expiry("a"), storage.get_expiry("b")) == (clock.at + 10, clock.at)
    clock.at += 10
    assert (storage.get("a"), storage.incr("a", 10)) == (0, 1)
    storage.clear("a")
    assert storage.get("a") == 0
    assert storage.acquire_sliding_window_entry("w", 2, 10, 2)
    assert not storage.acquire_sliding_window_entry("w", 2, 10)
    storage.clear_sliding_window("w", 10)
    assert storage.acquire_sliding_window_entry("w", 2, 10)
    assert (storage.check(), storage.reset()) == (True, 1)
    storage.close()
    assert not storage.check()
    assert storage.base_exceptions is lmdb.Error
