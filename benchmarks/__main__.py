"""`make bench`: figures on the terminal and in `benchmarks/results/latest.json`; `make bench NAME=imports` picks one."""

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

from benchmarks import imports, name_search
from service import embedded
from service.migrate import migrate

RESULTS = Path(__file__).parent / "results" / "latest.json"
BENCHMARKS: dict[str, Callable[[str], Awaitable[list[dict[str, Any]]]]] = {
    "imports": imports.measure,
    "name_search": name_search.measure,
}


def main() -> None:
    """Run the benchmarks that were asked for, each on a fresh embedded server with its usual durability."""
    wanted = sys.argv[1:] or list(BENCHMARKS)
    figures: list[dict[str, Any]] = []
    for name in wanted:
        folder = Path(tempfile.mkdtemp(prefix="xinyong-bench-"))
        cluster = embedded.start(folder)
        try:
            migrate(cluster.url)
            figures += asyncio.run(_measure(name, cluster.url))
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


async def _measure(name: str, url: str) -> list[dict[str, Any]]:
    return await BENCHMARKS[name](url)


if __name__ == "__main__":
    main()
