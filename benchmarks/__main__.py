"""`make bench`: figures on the terminal and in `benchmarks/results/latest.json`; `make bench NAME=imports` picks one.

`make bench NAME="answers --million"` lets the data grow to a million subjects, which takes some minutes more; `NAME="memory
--million"` asks the API a million times.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import (
    access,
    answers,
    audit,
    exports,
    feeds,
    imports,
    memory,
    name_search,
    screenings,
    status,
    watchlists,
)
from benchmarks.steps import console, step
from service import embedded
from service.migrate import migrate

RESULTS = Path(__file__).parent / "results" / "latest.json"
BENCHMARKS: dict[str, Callable[[str], Awaitable[list[dict[str, Any]]]]] = {
    "access": access.measure,
    "audit": audit.measure,
    "imports": imports.measure,
    "memory": memory.measure,
    "answers": answers.measure,
    "status": status.measure,
    "exports": exports.measure,
    "feeds": feeds.measure,
    "name_search": name_search.measure,
    "screenings": screenings.measure,
    "watchlists": watchlists.measure,
}
MILLION = "--million"
MILLIONS: dict[str, Callable[[str], Awaitable[list[dict[str, Any]]]]] = {
    "answers": answers.measure_to_a_million,
    "memory": memory.measure_a_million,
}


def main() -> None:
    """Run the benchmarks that were asked for, each on a fresh embedded server with its usual durability."""
    asked = set(sys.argv[1:]) - {MILLION}
    if unknown := asked - BENCHMARKS.keys():
        sys.exit(f"No benchmark {', '.join(sorted(unknown))}. There are: {', '.join(BENCHMARKS)}.")
    known = BENCHMARKS | (MILLIONS if MILLION in sys.argv else {})
    wanted = [name for name in BENCHMARKS if not asked or name in asked]
    figures: list[dict[str, Any]] = []
    for name in wanted:
        folder = Path(tempfile.mkdtemp(prefix="xinyong-bench-"))
        cluster = embedded.start(folder)
        try:
            console.print(f"[bold]{name}[/bold]")
            migrate(cluster.url)
            with step(f"{name} as a whole"):
                figures += asyncio.run(_run(known[name], cluster.url))
        finally:
            embedded.remove(cluster)
            shutil.rmtree(folder, ignore_errors=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    table = Table("figure", "value", "unit", "yardstick", "ratio", "goal")
    for one in figures:
        table.add_row(
            *(
                ("" if one[part] is None else str(one[part]))
                for part in ("name", "value", "unit", "yardstick", "ratio", "goal")
            )
        )
    Console().print(table)


async def _run(measure: Callable[[str], Awaitable[list[dict[str, Any]]]], url: str) -> list[dict[str, Any]]:
    return await measure(url)


if __name__ == "__main__":
    main()
