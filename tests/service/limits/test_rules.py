from collections.abc import Iterator

import pytest

from service.limits.rules import Kind, Window, address_key, policy_field, read_rates, secret_key, state_field


@pytest.mark.parametrize(
    ("before", "within", "elapsed", "remaining"),
    [
        (0, 0, 0, 100),
        (0, 30, 5, 70),
        (100, 0, 0, 0),
        (100, 0, 5, 50),
        (100, 20, 5, 30),
        (100, 100, 9.9, 0),
        (33, 0, 5, 83),  # 16.5 count as 17
    ],
)
def test_what_remains_counts_the_part_of_the_window_before_that_is_still_in_sight(
    before: int, within: int, elapsed: float, remaining: int
) -> None:
    assert Window(100, 10, before, within, elapsed).remaining == remaining


def cases() -> Iterator[tuple[int, int, float, int]]:
    for before in (0, 1, 50, 99, 100):
        for within in (0, 1, 60, 100):
            for elapsed in (0.0, 2.5, 9.99):
                for cost in (1, 40, 100, 500):
                    yield before, within, elapsed, cost


@pytest.mark.parametrize(("before", "within", "elapsed", "cost"), list(cases()))
def test_after_the_wait_it_fits(before: int, within: int, elapsed: float, cost: int) -> None:
    wait = Window(100, 10, before, within, elapsed).wait(cost)
    assert 1 <= wait <= 20
    later = elapsed + wait
    windows_on, rest = int(later // 10), later % 10
    then = [Window(100, 10, before, within, rest), Window(100, 10, within, 0, rest), Window(100, 10, 0, 0, rest)]
    assert then[min(windows_on, 2)].used + min(cost, 100) < 101


def test_rates_are_read_shortest_window_first_or_switched_off() -> None:
    assert [(rate.amount, rate.get_expiry()) for rate in read_rates("60000/hour; 1000/10 seconds")] == [
        (1000, 10),
        (60000, 3600),
    ]
    assert read_rates(" OFF ") == ()


@pytest.mark.parametrize("text", ["", "many", "10", "0/minute", "10/fortnight"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate|granularity"):
        read_rates(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        (None, "unknown", True),
    ],
)
def test_an_address_of_ipv6_stands_for_its_network(one: str | None, other: str, same: bool) -> None:
    assert (address_key(one) == address_key(other)) is same


def test_keys_are_counted_under_a_digest() -> None:
    assert "secret" not in secret_key("Bearer secret")
    assert secret_key("Bearer secret") != secret_key("Bearer secret2")


def test_the_fields_are_those_of_the_draft() -> None:
    rates = read_rates("1000/10 seconds; 60000/hour")
    windows = [Window(1000, 10, 0, 1, 2.5), Window(60000, 3600, 0, 1, 600)]
    assert policy_field(Kind.ADDRESS, rates) == '"address-10s";q=1000;w=10, "address-3600s";q=60000;w=3600'
    assert state_field(Kind.ADDRESS, windows) == '"address-10s";r=999;t=8, "address-3600s";r=59999;t=3000'
