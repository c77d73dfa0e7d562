from typing import Any

import pytest

from service.access.oidc.rules import BadOidcFile, is_safe_address, read_issuers
from service.access.principals.rules import DatedGrant
from service.access.rules import Role

FILE = """
[[issuer]]
issuer = "https://sso.example"
audience = "xinyong"

[[issuer.grant]]
claim = "realm_access.roles"
value = "reviewers"
role = "reviewer"
authority_claim = "department"

[[issuer.grant]]
claim = "groups"
value = "shops"
role = "platform"

[[issuer.grant]]
claim = "https://claims.example/duty"
value = "lists"
role = "lister"
authority = "cq-market-regulation"
"""


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, ()),
        ({"groups": "shops"}, (DatedGrant(Role.PLATFORM, None),)),
        ({"groups": ["other", "shops", "shops"]}, (DatedGrant(Role.PLATFORM, None),)),
        ({"groups": ["shops-of-others"]}, ()),
        ({"groups": {"shops": True}}, ()),
        ({"groups": None}, ()),
        ({"realm_access": {"roles": ["reviewers"]}, "department": "a"}, (DatedGrant(Role.REVIEWER, "a"),)),
        (
            {"realm_access": {"roles": ["reviewers"]}, "department": ["a", "b"]},
            (DatedGrant(Role.REVIEWER, "a"), DatedGrant(Role.REVIEWER, "b")),
        ),
        ({"realm_access": {"roles": ["reviewers"]}}, ()),
        ({"realm_access": ["reviewers"], "department": "a"}, ()),
        ({"https://claims.example/duty": "lists"}, (DatedGrant(Role.LISTER, "cq-market-regulation"),)),
    ],
)
def test_claims_give_what_the_file_says_and_nothing_else(
    claims: dict[str, Any], expected: tuple[DatedGrant, ...]
) -> None:
    (issuer,) = read_issuers(FILE)
    assert issuer.grants(claims) == expected


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[[issuer]]", "[[issuer", "no TOML"),
        ('audience = "xinyong"', "", "audience"),
        ('"https://sso.example"', '"http://sso.example"', "https"),
        ('audience = "xinyong"', 'audience = "xinyong"\nalgorithms = ["HS256"]', "algorithms"),
        ('audience = "xinyong"', 'audience = "xinyong"\nalgorithms = ["none"]', "algorithms"),
        ('audience = "xinyong"', 'audience = "xinyong"\nclock_skew_seconds = 3600', "clock_skew_seconds"),
        ('audience = "xinyong"', 'audience = "xinyong"\naudiense = "x"', "audiense"),
        ('role = "platform"', 'role = "emperor"', "role"),
        ('authority = "cq-market-regulation"', "", "held for an authority"),
        ('authority_claim = "department"', 'authority_claim = "department"\nauthority = "a"', "not both"),
    ],
)
def test_a_file_that_is_not_understood_is_refused_with_the_place(old: str, new: str, words: str) -> None:
    with pytest.raises(BadOidcFile, match=words):
        read_issuers(FILE.replace(old, new, 1))


def test_an_issuer_is_named_once() -> None:
    with pytest.raises(BadOidcFile, match="twice"):
        read_issuers(FILE + FILE)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://sso.example/realm", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://sso.example", False),
        ("http://127.0.0.1.example", False),
        ("https://", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_keys_are_fetched_by_https_or_on_this_machine(address: str, safe: bool) -> None:
    assert is_safe_address(address) is safe
