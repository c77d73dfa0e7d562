"""Every reader of foreign text against any bytes, the failures of before, and (at length) a fuzzer that looks at coverage."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.hostile.parsers import SEEDS, TARGETS

CORPUS = ROOT / "tests" / "hostile" / "corpus"
KEPT = sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.suffix != ".md")

#: Inputs a target in the long run, over a million together; a table is a file, which takes longer.
RUNS = dict.fromkeys(TARGETS, 100_000) | {"tables": 20_000}


def anything(name: str) -> st.SearchStrategy[bytes]:
    """Bytes of any kind: random ones, text, and seeds that were cut, joined and changed."""
    seeds = [seed.encode() for seed in SEEDS[name]]
    pieces = st.one_of(
        st.sampled_from(seeds),
        st.sampled_from(seeds).flatmap(lambda seed: st.integers(0, len(seed)).map(lambda end: seed[:end])),
        st.text(max_size=12).map(str.encode),
        st.binary(max_size=12),
    )
    return st.lists(pieces, max_size=6).map(b"".join)


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_refuses_or_keeps_its_rules(name: str) -> None:
    @settings(max_examples=60 if name == "tables" else 150, suppress_health_check=list(HealthCheck))
    @given(anything(name))
    def reads(data: bytes) -> None:
        TARGETS[name](data)

    reads()


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_failed_is_read_or_refused(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


def test_a_million_inputs_are_tried_at_length() -> None:
    assert sum(RUNS.values()) >= 1_000_000
    assert set(SEEDS) == set(RUNS) == set(TARGETS)


@pytest.mark.proof
@pytest.mark.skipif(sys.platform != "linux", reason="the fuzzer is built for Linux")
@pytest.mark.parametrize("name", TARGETS)
def test_a_fuzzer_that_looks_at_coverage_finds_nothing(name: str, tmp_path: Path) -> None:
    kept = CORPUS / name
    kept.mkdir(exist_ok=True)
    options = [f"-runs={RUNS[name]}", f"-artifact_prefix={kept}/", "-max_len=4096", "-timeout=20", "-rss_limit_mb=4096"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.fuzz", name, str(tmp_path), *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, f"kept in {kept}:\n{done.stdout[-2000:]}{done.stderr[-6000:]}"
    assert f"Done {RUNS[name]} runs" in done.stderr
