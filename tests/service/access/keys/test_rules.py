from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.access.keys.rules import (
    ALPHABET,
    BadNetwork,
    ExpiredKey,
    KnownKey,
    WrongNetwork,
    is_well_formed_key,
    key_hash,
    key_hint,
    key_text,
    read_networks,
)

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)


@given(st.binary(min_size=32, max_size=32))
def test_every_key_is_well_formed_and_all_bits_count(random_bytes: bytes) -> None:
    key = key_text(random_bytes)
    assert len(key) == 52
    assert is_well_formed_key(key)
    assert key_text(bytes([random_bytes[0] ^ 1]) + random_bytes[1:]) != key


@given(st.binary(min_size=32, max_size=32), st.integers(3, 51), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_found(random_bytes: bytes, place: int, character: str) -> None:
    key = key_text(random_bytes)
    changed = key[:place] + character + key[place + 1 :]
    assert is_well_formed_key(changed) is (changed == key)


@pytest.mark.parametrize("text", ["", "xy_", "xy_short", "x" * 52, "xy_" + "é" * 49, "xy_" + " " * 49])
def test_what_is_no_key_is_not_well_formed(text: str) -> None:
    assert not is_well_formed_key(text)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_is_made_of_256_bits_and_no_other_number(length: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        key_text(bytes(length))


def test_a_hint_shows_seven_characters_and_a_hash_none() -> None:
    key = key_text(bytes(range(32)))
    assert key_hint(key) == key[:7]
    assert len(key_hash(key)) == 32
    assert key.encode() not in key_hash(key)


def known(*, expires_at: datetime | None = None, networks: tuple[str, ...] = ()) -> KnownKey:
    return KnownKey(UUID(int=1), "desk 3", b"", expires_at, read_networks(networks))


def test_a_key_is_valid_before_its_end_and_not_at_it() -> None:
    key = known(expires_at=NOW)
    key.check(now=NOW - timedelta(microseconds=1), address=None)
    with pytest.raises(ExpiredKey, match="desk 3"):
        key.check(now=NOW, address=None)


@pytest.mark.parametrize(
    ("networks", "address", "valid"),
    [
        ((), None, True),
        ((), "192.0.2.9", True),
        (("192.0.2.0/24",), "192.0.2.9", True),
        (("192.0.2.0/24",), "192.0.3.9", False),
        (("192.0.2.0/24",), "::ffff:192.0.2.9", True),
        (("192.0.2.7",), "192.0.2.7", True),
        (("192.0.2.7",), "192.0.2.8", False),
        (("192.0.2.0/24", "2001:db8::/48"), "2001:db8::1", True),
        (("2001:db8::/48",), "2001:db9::1", False),
        (("2001:db8::/48",), "192.0.2.9", False),
        (("192.0.2.0/24",), None, False),
        (("192.0.2.0/24",), "testclient", False),
    ],
)
def test_a_key_is_valid_from_its_networks_alone(networks: tuple[str, ...], address: str | None, valid: bool) -> None:
    key = known(networks=networks)
    if valid:
        key.check(now=NOW, address=address)
        return
    with pytest.raises(WrongNetwork):
        key.check(now=NOW, address=address)


@pytest.mark.parametrize("text", ["", "all", "10.0.0.0/33", "10.0.0.1/8", "2001:db8::/129", "10.0.0/8"])
def test_what_is_no_address_range_is_refused(text: str) -> None:
    with pytest.raises(BadNetwork):
        read_networks([text])
