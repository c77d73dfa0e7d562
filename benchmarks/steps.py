"""Time and memory of each step, said while a benchmark runs."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from rich.console import Console

Figure = dict[str, str | float | None]
console = Console(stderr=True, highlight=False)


@contextmanager
def step(words: str, *others: int) -> Iterator[None]:
    """Print how long the block took, and the peak memory of this process and of those with the ids `others`, in MB."""
    began = perf_counter()
    yield
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peaks = " + ".join(f"{peak:,.0f}" for peak in (own, *map(peak_of, others)))
    console.print(f"  {words:<58} {perf_counter() - began:8.1f} s   peak {peaks} MB", soft_wrap=True)


def peak_of(pid: int) -> float:
    """Return the peak memory of a running process in MB; 0 where the system does not tell it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0.0
    told = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(told[0]) / 1024 if told else 0.0


def figure(name: str, value: float, unit: str, *, yardstick: float | None, goal: float | None = None) -> Figure:
    """Return a figure with its ratio to the yardstick: how many times better it is, whichever way the unit counts."""
    more_is_better = unit.endswith("/s")
    ratio = None
    if yardstick:
        ratio = value / yardstick if more_is_better else yardstick / value
    return {
        "name": name,
        "value": round(value, 2 if value < 100 else None),
        "unit": unit,
        "yardstick": None if yardstick is None else round(yardstick, 2 if yardstick < 100 else None),
        "ratio": None if ratio is None else round(ratio, 2),
        "goal": goal,
    }
