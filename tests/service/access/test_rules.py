from datetime import date, timedelta
from uuid import UUID

import pytest

from service.access.principals.rules import DatedGrant, Holder
from service.access.rules import (
    AUTHORITY_ROLES,
    RECORD_ROLES,
    Actor,
    Grant,
    OwnWork,
    Role,
    RoleWithoutAuthority,
    WhichAuthority,
    check_grant,
    check_separation,
)
from service.catalog.hierarchy import Hierarchy, Succession
from tests.factories import make_actor

MERGED = date(2018, 11, 1)
TODAY = date(2026, 11, 24)

#: city over district over street; `old` was merged into the district in 2018, its office `old-street` under it still;
#: `aside` lies in the city's region and stands under nobody.
HIERARCHY = Hierarchy(
    parents={"city": None, "district": "city", "street": "district", "old": "city", "old-street": "old", "aside": None},
    divisions={
        "city": "500000", "district": "500103", "street": "500103", "old": "500103", "old-street": "500103",
        "aside": "500105",
    },
    successions=(Succession("old", "district", MERGED),),
)  # fmt: skip


def test_an_actor_may_what_one_of_its_roles_may() -> None:
    actor = make_actor(Role.LISTER, Role.AUDITOR)
    assert actor.may(Role.LISTER)
    assert actor.may(Role.EXPORTER, Role.AUDITOR)
    assert not actor.may(Role.EXPORTER)
    assert not actor.may()


def test_the_administrator_is_no_master_key() -> None:
    administrator = make_actor(Role.ADMINISTRATOR, hierarchy=HIERARCHY)
    assert [role for role in Role if administrator.may(role)] == [Role.ADMINISTRATOR]
    assert administrator.sees_records_of == frozenset()
    assert not administrator.is_official


@pytest.mark.parametrize("role", Role)
def test_a_role_that_acts_for_an_authority_needs_one(role: Role) -> None:
    check_grant(role, "some-authority")
    if role in AUTHORITY_ROLES:
        with pytest.raises(RoleWithoutAuthority, match=role):
            check_grant(role, None)
    else:
        check_grant(role, None)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("authority", ["city", "district", "street", "old", "old-street", "aside"])
def test_a_role_is_held_for_its_authority_and_what_that_succeeded(role: Role, authority: str) -> None:
    actor = make_actor(role, authority="district", hierarchy=HIERARCHY, on=TODAY)
    assert actor.acts_for(authority, role) is (authority in {"district", "old"})
    assert not actor.acts_for(authority, *(other for other in Role if other is not role))


@pytest.mark.parametrize("role", Role)
def test_who_works_on_records_oversees_the_authorities_under_his_own_and_nobody_else_does(role: Role) -> None:
    actor = make_actor(role, authority="district", hierarchy=HIERARCHY, on=TODAY)
    expected = {"street", "old-street"} if role in RECORD_ROLES else set()
    assert {code for code in HIERARCHY.parents if actor.oversees(code)} == expected
    seen = {"district", "old", "street", "old-street"} if role in {*RECORD_ROLES, Role.AUDITOR} else set()
    assert actor.sees_records_of == seen


def test_higher_means_any_distance_and_never_the_region() -> None:
    city = make_actor(Role.REVIEWER, authority="city", hierarchy=HIERARCHY, on=TODAY)
    assert city.overseen == {"district", "street", "old", "old-street"}
    assert city.oversees("street", Role.REVIEWER)
    assert not city.oversees("street", Role.CONSENTER)
    assert not city.oversees("city")


def test_before_the_day_of_a_merger_both_are_their_own() -> None:
    before = MERGED - timedelta(days=1)
    district = make_actor(Role.RECORDER, authority="district", hierarchy=HIERARCHY, on=before)
    old = make_actor(Role.RECORDER, authority="old", hierarchy=HIERARCHY, on=before)
    assert district.sees_records_of == {"district", "street"}
    assert old.sees_records_of == {"old", "old-street"}


def test_from_the_day_of_a_merger_the_successor_owns_and_the_predecessor_acts_no_more() -> None:
    district = make_actor(Role.RECORDER, authority="district", hierarchy=HIERARCHY, on=MERGED)
    old = make_actor(Role.RECORDER, authority="old", hierarchy=HIERARCHY, on=MERGED)
    assert district.acts_for("old", Role.RECORDER)
    assert not old.acts_for("old", Role.RECORDER)
    assert old.sees_records_of == frozenset()


def test_a_succession_of_successions_is_followed() -> None:
    twice = Hierarchy(
        parents=dict.fromkeys(("a", "b", "c")),
        successions=(Succession("a", "b", date(2010, 1, 1)), Succession("b", "c", date(2018, 1, 1))),
    )
    assert twice.owned("c", on=date(2017, 12, 31)) == {"c"}
    assert twice.owned("b", on=date(2017, 12, 31)) == {"a", "b"}
    assert twice.owned("c", on=date(2018, 1, 1)) == {"a", "b", "c"}


def test_authorities_in_a_circle_end() -> None:
    circle = Hierarchy(
        parents={"a": "b", "b": "a"},
        successions=(Succession("c", "d", MERGED), Succession("d", "c", MERGED)),
    )
    assert circle.below("a", on=TODAY) == {"b"}
    assert circle.owned("c", on=TODAY) == frozenset()


def test_a_supervisor_oversees_its_region_and_sees_no_draft() -> None:
    office = make_actor(Role.SUPERVISOR, authority="city", hierarchy=HIERARCHY, on=TODAY)
    assert all(office.supervises(code) for code in HIERARCHY.parents)
    assert office.sees_records_of == frozenset()
    assert office.overseen == frozenset()
    district = make_actor(Role.SUPERVISOR, authority="district", hierarchy=HIERARCHY, on=TODAY)
    assert not district.supervises("aside")
    assert not district.supervises("nowhere")


def test_who_stands_in_acts_for_the_authority_and_oversees_nobody() -> None:
    grants = frozenset({Grant(Role.REVIEWER, "district", stands_in=True)})
    actor = Actor(UUID(int=1), "x", grants, hierarchy=HIERARCHY, on=TODAY)
    assert actor.acts_for("district", Role.REVIEWER)
    assert actor.overseen == frozenset()
    assert actor.sees_records_of == {"district", "old"}


def test_who_acts_for_one_authority_need_not_say_for_which() -> None:
    assert make_actor(Role.REGISTRAR, authority="city").authority_for(Role.REGISTRAR) == "city"
    both = Actor(UUID(int=1), "x", frozenset({Grant(Role.REGISTRAR, "city"), Grant(Role.REGISTRAR, "aside")}))
    with pytest.raises(WhichAuthority, match="aside, city"):
        both.authority_for(Role.REGISTRAR)
    with pytest.raises(WhichAuthority, match="no authority"):
        make_actor(Role.PLATFORM).authority_for(Role.REGISTRAR)


def test_an_auditor_of_one_authority_is_none_of_the_whole_service() -> None:
    assert make_actor(Role.AUDITOR).audits_everything
    district = make_actor(Role.AUDITOR, authority="district", hierarchy=HIERARCHY, on=TODAY)
    assert not district.audits_everything
    assert district.sees_records_of == {"district", "old", "street", "old-street"}


@pytest.mark.parametrize(
    ("from_on", "until_on", "held"),
    [
        (None, None, True),
        (TODAY, TODAY, True),
        (TODAY + timedelta(days=1), None, False),
        (None, TODAY - timedelta(days=1), False),
        (None, TODAY, True),
    ],
)
def test_a_grant_is_held_on_its_first_and_on_its_last_day(
    from_on: date | None, until_on: date | None, held: bool
) -> None:
    holder = Holder(UUID(int=1), "x", (DatedGrant(Role.LISTER, "city", from_on, until_on),))
    actor = holder.actor(on=TODAY, hierarchy=HIERARCHY)
    assert actor.acts_for("city", Role.LISTER) is held
    assert actor.may(Role.LISTER) is held


def test_nobody_reviews_what_he_recorded_whatever_key_he_uses() -> None:
    actor = make_actor(Role.REVIEWER, authority="city", number=7, key_id=UUID(int=70))
    rotated = make_actor(Role.REVIEWER, authority="city", number=7, key_id=UUID(int=71))
    for one in (actor, rotated):
        with pytest.raises(OwnWork):
            check_separation(one, recorded_by=["job:x", str(UUID(int=7))])
        check_separation(one, recorded_by=[UUID(int=8), "command line"])
        check_separation(one, recorded_by=[])
