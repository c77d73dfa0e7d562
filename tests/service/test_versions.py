from datetime import date

import pytest

from service.versions import (
    ANY_VERSION,
    ExpectedVersion,
    MalformedVersion,
    VersionMismatch,
    VersionRequired,
    read_expected_version,
    version_etag,
)


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "present", "refusal"),
    [
        (None, None, None, None),
        (None, None, 3, VersionRequired),
        (None, "*", None, None),
        (None, "*", 3, VersionMismatch),
        (None, '"3"', 3, VersionRequired),
        ("*", None, 3, None),
        ("*", None, None, VersionMismatch),
        ('"3"', None, 3, None),
        ('W/"3"', None, 3, None),
        ('"3.20261124"', None, 3, None),
        (' "2" , "3" ', None, 3, None),
        ('"2"', None, 3, VersionMismatch),
        ('"3"', None, None, VersionMismatch),
        ('"another"', None, 3, VersionMismatch),
        ('"13"', None, 3, VersionMismatch),
        ('"3"', "*", 3, VersionMismatch),
    ],
)
def test_what_the_headers_say_is_held_against_the_present_version(
    if_match: str | None, if_none_match: str | None, present: int | None, refusal: type[Exception] | None
) -> None:
    expected = read_expected_version(if_match, if_none_match)
    if refusal is None:
        expected.check(present)
        return
    with pytest.raises(refusal) as refused:
        expected.check(present)
    assert refused.value.extra["version_no"] == present  # type: ignore[attr-defined]  # all three are refusals


@pytest.mark.parametrize("header", ["", "3", "two", '"3', '"2" "3"', '"2",', "**"])
def test_what_is_no_list_of_tags_is_refused(header: str) -> None:
    with pytest.raises(MalformedVersion):
        read_expected_version(header)


def test_an_etag_is_read_back_and_the_day_makes_it_another() -> None:
    assert read_expected_version(version_etag(7)) == ExpectedVersion(frozenset({7}))
    assert read_expected_version(version_etag(7, day=date(2026, 11, 24))) == ExpectedVersion(frozenset({7}))
    assert version_etag(7, day=date(2026, 11, 24)) != version_etag(7, day=date(2026, 11, 25))


@pytest.mark.parametrize("present", [None, 1, 9])
def test_a_caller_that_looks_at_the_state_is_never_refused_for_its_version(present: int | None) -> None:
    ANY_VERSION.check(present)
