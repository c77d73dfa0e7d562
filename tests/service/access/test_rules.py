from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.access.rules import (
    ALPHABET,
    Actor,
    Role,
    RoleWithoutAuthority,
    check_key_grant,
    is_well_formed_key,
    key_hash,
    key_hint,
    key_text,
)


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


def test_an_actor_may_what_one_of_its_roles_may() -> None:
    actor = Actor(UUID(int=1), "x", frozenset({Role.LISTER, Role.AUDITOR}))
    assert actor.may(Role.LISTER)
    assert actor.may(Role.EXPORTER, Role.AUDITOR)
    assert not actor.may(Role.EXPORTER)
    assert not actor.may()


def test_the_administrator_is_no_master_key() -> None:
    administrator = Actor(UUID(int=1), "x", frozenset({Role.ADMINISTRATOR}))
    assert [role for role in Role if administrator.may(role)] == [Role.ADMINISTRATOR]


def test_a_role_that_acts_for_an_authority_needs_one() -> None:
    with pytest.raises(RoleWithoutAuthority, match="recorder"):
        check_key_grant(frozenset({Role.RECORDER, Role.PLATFORM}), None)
    check_key_grant(frozenset({Role.RECORDER}), "some-authority")
    check_key_grant(frozenset({Role.PLATFORM}), None)
