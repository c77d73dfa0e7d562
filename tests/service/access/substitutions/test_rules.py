from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from service.access.principals.rules import DatedGrant, ImpossibleDays
from service.access.rules import Role
from service.access.substitutions.rules import (
    Kind,
    NotLendable,
    NotYourPlace,
    OwnSubstitute,
    Planned,
    RoleNotHeld,
    check_may_plan,
    check_planned,
)
from service.catalog.hierarchy import Hierarchy
from service.errors import Refusal
from tests.factories import make_actor

A, B = UUID(int=1), UUID(int=2)
FIRST, LAST = date(2026, 12, 1), date(2026, 12, 14)
HIERARCHY = Hierarchy(parents={"city": None, "district": "city", "street": "district"})
REVIEWER = DatedGrant(Role.REVIEWER, "district")
PLANNED = Planned(Kind.SUBSTITUTE, B, Role.REVIEWER, "district", A, FIRST, LAST, "示例")
DELEGATED = replace(PLANNED, kind=Kind.DELEGATION)
LENT = Planned(Kind.LENT, B, Role.REVIEWER, "street", None, FIRST, LAST, "示例")


@pytest.mark.parametrize(
    ("planned", "stand_in", "taken", "refused"),
    [
        pytest.param(PLANNED, DatedGrant(Role.RECORDER, "district"), REVIEWER, None, id="a colleague"),
        pytest.param(PLANNED, DatedGrant(Role.RECORDER, "street"), REVIEWER, RoleNotHeld, id="of another authority"),
        pytest.param(PLANNED, REVIEWER, DatedGrant(Role.RECORDER, "district"), RoleNotHeld, id="another role"),
        pytest.param(PLANNED, REVIEWER, DatedGrant(Role.REVIEWER, "city"), RoleNotHeld, id="for another authority"),
        pytest.param(
            PLANNED, REVIEWER, replace(REVIEWER, until_on=FIRST - timedelta(days=1)), RoleNotHeld, id="not now"
        ),
        pytest.param(PLANNED, replace(REVIEWER, from_on=LAST), REVIEWER, RoleNotHeld, id="no colleague yet"),
        pytest.param(DELEGATED, DatedGrant(Role.RECORDER, "street"), REVIEWER, None, id="delegated elsewhere"),
        pytest.param(
            DELEGATED, REVIEWER, DatedGrant(Role.LISTER, "district"), RoleNotHeld, id="delegated and not held"
        ),
        pytest.param(LENT, REVIEWER, None, None, id="lent by the next higher authority"),
        pytest.param(LENT, DatedGrant(Role.REVIEWER, "city"), None, RoleNotHeld, id="lent by one further up"),
        pytest.param(LENT, DatedGrant(Role.CONSENTER, "district"), None, RoleNotHeld, id="lent and another role"),
        pytest.param(
            replace(LENT, role=Role.RECORDER),
            DatedGrant(Role.RECORDER, "district"),
            None,
            NotLendable,
            id="recorder lent",
        ),
        pytest.param(replace(LENT, authority_code="city"), REVIEWER, None, RoleNotHeld, id="nobody above"),
        pytest.param(replace(LENT, for_principal_id=A), REVIEWER, REVIEWER, NotLendable, id="lent for somebody"),
        pytest.param(replace(PLANNED, for_principal_id=None), REVIEWER, None, NotLendable, id="for nobody"),
        pytest.param(replace(PLANNED, for_principal_id=B), REVIEWER, REVIEWER, OwnSubstitute, id="for himself"),
        pytest.param(
            replace(PLANNED, until_on=FIRST - timedelta(days=1)), REVIEWER, REVIEWER, ImpossibleDays, id="days"
        ),
        pytest.param(replace(PLANNED, until_on=FIRST), REVIEWER, REVIEWER, None, id="one day"),
    ],
)
def test_who_may_stand_in(
    planned: Planned, stand_in: DatedGrant, taken: DatedGrant | None, refused: type[Refusal] | None
) -> None:
    own = () if taken is None else (taken,)
    if refused is None:
        check_planned(planned, stand_in=[stand_in], taken=own, hierarchy=HIERARCHY)
        return
    with pytest.raises(refused):
        check_planned(planned, stand_in=[stand_in], taken=own, hierarchy=HIERARCHY)


def test_whose_place_it_is_or_an_administrator_decides_and_nobody_for_himself() -> None:
    holder = make_actor(Role.REVIEWER, authority="district", number=1)
    administrator = make_actor(Role.ADMINISTRATOR, number=3)
    check_may_plan(holder, for_principal_id=A, principal_id=B)
    check_may_plan(administrator, for_principal_id=A, principal_id=B)
    check_may_plan(administrator, for_principal_id=None, principal_id=B)
    for actor, taken, stand_in in (
        (holder, B, UUID(int=4)),
        (holder, None, B),
        (administrator, A, administrator.id),
        (administrator, None, administrator.id),
    ):
        with pytest.raises(NotYourPlace):
            check_may_plan(actor, for_principal_id=taken, principal_id=stand_in)
