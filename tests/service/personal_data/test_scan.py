from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.personal_data.bulk import blank_series, scan_series
from service.personal_data.rules import blank, scan
from tests.service.personal_data.corpus import CLEAN, HOLDING
from tests.service.personal_data.measure import figures, table

ALL = [text for texts in HOLDING.values() for text in texts] + CLEAN
DOC = Path(__file__).parents[3] / "docs" / "personal-data.md"


@pytest.mark.parametrize("kind", HOLDING)
def test_a_kind_is_found_in_its_texts(kind: str) -> None:
    missed = [text for text in HOLDING[kind] if not any(found.kind == kind for found in scan(text))]
    assert missed == []


def test_clean_texts_do_not_alarm() -> None:
    assert [text for text in CLEAN if scan(text)] == []


def test_the_page_states_the_measured_figures() -> None:
    assert table() in DOC.read_text("utf-8")
    assert len(figures()) == len(HOLDING) + 1


def test_nothing_found_is_left_after_blanking() -> None:
    assert [text for text in ALL if scan(blank(text))] == []


@given(st.lists(st.one_of(st.sampled_from(ALL), st.text(max_size=60)), max_size=20))
def test_the_twin_says_what_the_plain_scan_says(texts: list[str]) -> None:
    series = pl.Series(texts, dtype=pl.String)
    assert scan_series(series).to_list() == [bool(scan(text)) for text in texts]
    assert blank_series(series)[0].to_list() == [blank(text) for text in texts]
