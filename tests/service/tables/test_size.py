import tracemalloc
from pathlib import Path

from service.tables.reader import open_table
from tests.service.tables.test_text import HEADER, ROW


def peak(path: Path) -> tuple[int, int]:
    tracemalloc.start()
    try:
        with open_table(path) as table:
            rows = sum(len(chunk.lines) for chunk in table.chunks(5000))
        return rows, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    for name, count in (("small", 20_000), ("large", 100_000)):
        with (tmp_path / name).open("w", encoding="gb18030") as target:
            target.write(HEADER + "\n")
            target.writelines([ROW + "\n"] * count)
    small_rows, small = peak(tmp_path / "small")
    large_rows, large = peak(tmp_path / "large")
    assert (small_rows, large_rows) == (20_000, 100_000)
    assert large < 1.5 * small
