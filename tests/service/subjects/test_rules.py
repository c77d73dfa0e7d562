from datetime import date

import pytest

from service.subjects.rules import (
    PARTS,
    ImpossibleRegistration,
    Registration,
    RegistrationStatus,
    check_registration,
    differing_parts,
    org_code_in,
    registration_event,
)

BEFORE = Registration(name="甲有限公司", registration_status=RegistrationStatus.ACTIVE, former_names=("旧甲有限公司",))


def columns(registration: Registration) -> dict[str, object]:
    return {part: getattr(registration, part) for part in PARTS} | {"former_names": list(registration.former_names)}


@pytest.mark.parametrize(
    ("after", "event"),
    [
        (Registration("乙有限公司", RegistrationStatus.ACTIVE), "renamed"),
        (Registration("甲有限公司", RegistrationStatus.CANCELLED), "cancelled"),
        (Registration("乙有限公司", RegistrationStatus.REVOKED), "revoked"),
        (Registration("甲有限公司", RegistrationStatus.MOVED_OUT), "moved_out"),
        (Registration("甲有限公司", RegistrationStatus.ACTIVE, company_type="有限责任公司"), "changed"),
    ],
)
def test_a_change_is_named_by_what_weighs_most_in_it(after: Registration, event: str) -> None:
    assert registration_event(differing_parts(columns(BEFORE), after), after) == event


def test_a_first_statement_registers() -> None:
    assert registration_event(None, BEFORE) == "registered"


def test_the_same_registration_differs_in_nothing() -> None:
    assert differing_parts(columns(BEFORE), BEFORE) == frozenset()


@pytest.mark.parametrize(
    ("status", "began", "ended", "possible"),
    [
        (RegistrationStatus.ACTIVE, date(2015, 1, 1), None, True),
        (RegistrationStatus.CANCELLED, date(2015, 1, 1), date(2015, 1, 1), True),
        (RegistrationStatus.CANCELLED, None, date(2015, 1, 1), True),
        (RegistrationStatus.CANCELLED, date(2015, 1, 2), date(2015, 1, 1), False),
        (RegistrationStatus.ACTIVE, None, date(2015, 1, 1), False),
    ],
)
def test_a_registration_may_not_contradict_itself(
    status: RegistrationStatus, began: date | None, ended: date | None, possible: bool
) -> None:
    registration = Registration("甲有限公司", status, registered_on=began, cancelled_on=ended)
    if possible:
        check_registration(registration)
        return
    with pytest.raises(ImpossibleRegistration):
        check_registration(registration)


def test_the_organisation_code_is_inside_the_credit_code() -> None:
    assert org_code_in("91350100M000100Y43") == "M000100Y4"
