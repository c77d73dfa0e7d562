from datetime import UTC, datetime, timedelta

import pytest

from service.signing.rules import PublicKey, SigningKeyUnusable, from_jwks, key_at, succeed, to_jwks

T0 = datetime(2026, 11, 24, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def key(kid: str, start: datetime = T0, end: datetime | None = None) -> PublicKey:
    return PublicKey(kid, "x", start, start, end)


@pytest.mark.parametrize(
    ("instant", "signs"),
    [(T0 - timedelta(seconds=1), False), (T0, True), (T0 + HOUR - timedelta(seconds=1), True), (T0 + HOUR, False)],
    ids=["before", "first instant", "last instant", "after"],
)
def test_a_key_signs_from_its_first_instant_to_its_end(instant: datetime, signs: bool) -> None:
    assert key("a", end=T0 + HOUR).signs_at(instant) is signs
    assert (key_at([key("a", end=T0 + HOUR)], instant) is not None) is signs


def test_a_clock_that_was_set_back_makes_no_key() -> None:
    assert key_at([key("a")], T0 - HOUR) == key("a")


def test_in_the_overlap_both_are_published_and_the_former_one_signs() -> None:
    keys = succeed([key("a")], key("b"), now=T0 + HOUR, overlap=HOUR)
    assert [one.kid for one in keys] == ["a", "b"]
    assert [key_at(keys, T0 + n * HOUR) for n in (1, 2)] == list(keys)
    assert keys[0].signs_until == keys[1].signs_from == T0 + 2 * HOUR


def test_a_second_rotation_within_the_overlap_replaces_the_key_that_waits() -> None:
    waiting = succeed([key("a")], key("b"), now=T0 + HOUR, overlap=HOUR)
    keys = succeed(waiting, key("c"), now=T0 + 1.5 * HOUR, overlap=HOUR)
    assert [one.kid for one in keys] == ["a", "c"]
    assert keys[0].signs_until == keys[1].signs_from == T0 + 2.5 * HOUR


def test_there_is_a_signing_key_at_every_instant_of_many_rotations() -> None:
    keys: tuple[PublicKey, ...] = (key("0"),)
    for n in range(1, 8):
        keys = succeed(keys, key(str(n)), now=T0 + n * 1.5 * HOUR, overlap=HOUR)
    assert all(key_at(keys, T0 + minutes * timedelta(minutes=1)) for minutes in range(720))


def test_the_key_set_is_read_as_it_was_written() -> None:
    keys = succeed([key("a")], key("b"), now=T0 + HOUR, overlap=HOUR)
    assert from_jwks(to_jwks(keys)) == keys
    assert "exp" not in to_jwks(keys)["keys"][1]


@pytest.mark.parametrize("broken", [{}, {"keys": [{}]}, {"keys": [{"kid": "a", "x": "", "iat": "1", "nbf": 1}]}])
def test_a_damaged_set_is_said_to_be_one(broken: dict[str, object]) -> None:
    with pytest.raises(SigningKeyUnusable, match="backup"):
        from_jwks(broken)
