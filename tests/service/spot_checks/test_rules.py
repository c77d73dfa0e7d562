from hashlib import sha256
from uuid import UUID

import pytest

from service.spot_checks.rules import Member, NotScored, check_scores, compare, draw, form, population_digest

MEMBERS = [Member(f"authority{n % 3}", f"code{n}", UUID(int=n), 1) for n in range(30)]
FULL = {point.id: point.most for point in form().points}


def test_the_sample_can_be_drawn_again_from_keys_and_seed_alone() -> None:
    sample = draw(MEMBERS, seed="2026-11-25 03 09 14", per_authority=4)
    assert {one.authority_code: 4 for one in sample} == {"authority0": 4, "authority1": 4, "authority2": 4}
    # As somebody does it who has nothing but the public list of keys.
    public = [(one.authority_code, one.key) for one in MEMBERS]
    again = set()
    for authority in {code for code, _ in public}:
        keys = [key for code, key in public if code == authority]
        again |= set(sorted(keys, key=lambda key: sha256(f"2026-11-25 03 09 14:{key}".encode()).hexdigest())[:4])
    assert {one.key for one in sample} == again
    assert draw(reversed(MEMBERS), seed="2026-11-25 03 09 14", per_authority=4) == sample
    assert draw(MEMBERS, seed="another one", per_authority=4) != sample


def test_the_digest_of_a_population_depends_on_its_members_and_not_on_their_order() -> None:
    keys = [one.key for one in MEMBERS]
    assert population_digest(keys) == population_digest(reversed(keys)) != population_digest(keys[1:])


@pytest.mark.parametrize(
    ("scores", "findings"),
    [
        ({}, []),
        (FULL | {"fines": 10}, []),
        (FULL | {"tier": 11}, []),
        (FULL | {"tier": -1}, []),
        (FULL, [{"point": "tier", "text": "x"}]),
    ],
    ids=["nothing scored", "unknown point", "too many", "below nothing", "finding without loss"],
)
def test_a_form_that_is_not_filled_in_is_refused(scores: dict[str, int], findings: list[dict[str, str]]) -> None:
    with pytest.raises(NotScored):
        check_scores(scores, findings)


def test_no_point_of_the_form_counts_fines() -> None:
    # 行政处罚法 art. 74: assessment is not tied to the number or the sum of fines.
    assert not [point.id for point in form().points if "fine" in point.id or "罚款" in point.words_zh]


def test_results_are_compared_by_check_and_authority() -> None:
    common = {"period_from": "2026-10-01", "period_until": "2026-10-31", "check_id": "a", "answer": None}
    half = {name: most // 2 for name, most in FULL.items()}
    (one, other) = compare(
        [
            {**common, "authority_code": "x", "scores": FULL, "findings": [], "state": "passed"},
            {**common, "authority_code": "x", "scores": half, "findings": [{}], "state": "returned"},
            {**common, "authority_code": "y", "scores": None, "findings": None, "state": "drawn"},
        ]
    )
    assert (one["drawn"], one["scored"], one["share"], one["findings"], one["open"]) == (2, 2, 75.0, 1, 1)
    assert (other["drawn"], other["scored"], other["share"], other["shares"]) == (1, 0, None, {})
