from datetime import date
from typing import Any
from uuid import UUID

import pytest

from service.changes.rules import (
    ChangeKind,
    KnownVersion,
    LogChanged,
    LoggedChange,
    LogHead,
    PositionAhead,
    Registration,
    check_reader,
    ended_on,
    render_record,
    render_registration,
)

TODAY = date(2026, 11, 24)
ID = UUID(int=7)
LOG = UUID(int=9)
CODE = "91500105XY0000012K"


def version(known_from: str, known_until: str | None = None, **changes: Any) -> KnownVersion:
    values: dict[str, Any] = {
        "state": "published",
        "public_from": date(2026, 1, 6),
        "public_until": date(2029, 1, 5),
        "public_reason": None,
    } | changes
    return KnownVersion(
        known_from=date.fromisoformat(known_from),
        known_until=None if known_until is None else date.fromisoformat(known_until),
        **values,
    )


DRAFT: dict[str, Any] = {"state": "draft"}
ENDED: dict[str, Any] = {"state": "ended"}
VOID: dict[str, Any] = {"state": "void"}
PASSED: dict[str, Any] = {"public_from": date(2023, 1, 6), "public_until": date(2026, 1, 5)}
NO_RULE: dict[str, Any] = {"public_from": None, "public_until": None, "public_reason": "no_rule"}
LATER: dict[str, Any] = {"public_from": date(2026, 12, 1)}


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        pytest.param([], None, id="a record of which nothing is numbered leaves no trace"),
        pytest.param([version("2026-02-01")], None, id="what is shown today has not ended"),
        pytest.param([version("2026-02-01", **DRAFT)], None, id="a draft was never shown"),
        pytest.param([version("2026-02-01", **NO_RULE)], None, id="without a rule it was never shown"),
        pytest.param([version("2026-02-01", **LATER)], None, id="what opens later has not ended"),
        pytest.param([version("2026-02-01", **PASSED)], None, id="a window over before it was known showed nothing"),
        pytest.param([version("2025-02-01", **PASSED)], date(2026, 1, 6), id="a window ends on the day after its last"),
        pytest.param(
            [version("2026-01-05", **PASSED)],
            date(2026, 1, 6),
            id="known on the last day of its window: shown that day",
        ),
        pytest.param([version("2026-01-06", **PASSED)], None, id="known a day after its window: never shown"),
        pytest.param(
            [version("2026-02-01", "2026-03-01"), version("2026-03-01", **ENDED)],
            date(2026, 3, 1),
            id="a decision ends it on the day it is known",
        ),
        pytest.param(
            [version("2026-02-01", "2026-03-01"), version("2026-03-01", **VOID)],
            date(2026, 3, 1),
            id="a reverted import is an end like any other for those who were told",
        ),
        pytest.param(
            [version("2026-02-01", "2026-03-01", **DRAFT), version("2026-03-01", **VOID)],
            None,
            id="a draft that was dropped leaves no trace",
        ),
        pytest.param(
            [version("2025-02-01", "2026-03-01", **PASSED), version("2026-03-01", **ENDED)],
            date(2026, 1, 6),
            id="a later decision does not move the end of a window that had passed",
        ),
        pytest.param(
            [version("2026-02-01", "2026-03-01"), version("2026-03-01", "2026-04-01", **ENDED), version("2026-04-01")],
            None,
            id="shown again",
        ),
        pytest.param(
            [
                version("2026-02-01", "2026-03-01"),
                version("2026-03-01", "2026-04-01", **ENDED),
                version("2026-04-01", "2026-05-01"),
                version("2026-05-01", **ENDED),
            ],
            date(2026, 5, 1),
            id="of two ends the last counts",
        ),
        pytest.param(
            [version("2026-02-01", "2026-02-01"), version("2026-02-01", **ENDED)],
            date(2026, 2, 1),
            id="published and ended on one day",
        ),
        pytest.param(
            [version("2026-02-01", "2026-03-01"), version("2026-03-01", **LATER)],
            date(2026, 3, 1),
            id="moved into the future: not shown meanwhile",
        ),
        pytest.param(
            [version("2026-02-01", "2026-03-01", public_until=None), version("2026-03-01", **NO_RULE)],
            date(2026, 3, 1),
            id="an open window ends when the rule is found not to apply",
        ),
    ],
)
def test_when_a_record_ended(versions: list[KnownVersion], expected: date | None) -> None:
    assert ended_on(versions, on=TODAY) == expected


@pytest.mark.parametrize(
    ("day", "shown"), [("2026-01-05", False), ("2026-01-06", True), ("2029-01-05", True), ("2029-01-06", False)]
)
def test_both_ends_of_a_window_are_shown(day: str, shown: bool) -> None:
    assert version("2026-01-01").is_shown(on=date.fromisoformat(day)) is shown


ROW = {
    "id": ID,
    "document_no": "渝示罚〔2026〕12号",
    "kinds": ["fine"],
    "authority_name": "示例监管局",
    "decided_on": date(2026, 1, 5),
    "public_from": date(2026, 1, 6),
    "public_until": date(2029, 1, 5),
    "fine_fen": 500_000,
    "held_texts": [],
}


def change(event: str = "published", kind: ChangeKind = ChangeKind.PENALTY) -> LoggedChange:
    return LoggedChange(12, CODE, kind, None if kind is ChangeKind.SUBJECT else ID, event)


def test_a_public_record_shows_its_present_view() -> None:
    told = render_record(change("corrected"), [version("2026-02-01")], ROW, on=TODAY)
    assert told == {
        "position": 12,
        "event": "corrected",
        "kind": "penalty",
        "uscc": CODE,
        "id": ID,
        "record": {
            "id": ID,
            "document_no": "渝示罚〔2026〕12号",
            "kinds": ["fine"],
            "authority": "示例监管局",
            "decided_on": date(2026, 1, 5),
            "publish_from": date(2026, 1, 6),
            "publish_until": date(2029, 1, 5),
            "fine_fen": 500_000,
        },
    }


def test_a_text_that_is_held_back_is_not_given() -> None:
    told = render_record(change(), [version("2026-02-01")], ROW | {"held_texts": ["document_no"]}, on=TODAY)
    assert told["record"]["document_no"] is None


def test_an_ended_record_shows_its_id_and_its_day_and_nothing_else() -> None:
    versions = [version("2026-02-01", "2026-03-01"), version("2026-03-01", **ENDED)]
    told = render_record(change(), versions, ROW, on=TODAY)
    assert told == {"position": 12, "event": "ended", "id": ID, "ended_on": date(2026, 3, 1)}


def test_a_record_nobody_saw_shows_its_position_and_nothing_else() -> None:
    assert render_record(change(), [version("2026-02-01", **DRAFT)], ROW, on=TODAY) == {"position": 12, "event": "none"}


def test_an_old_end_of_a_record_that_is_shown_again_is_no_tombstone() -> None:
    assert render_record(change("ended"), [version("2026-02-01")], ROW, on=TODAY)["event"] == "published"


@pytest.mark.parametrize(
    ("registration", "expected"),
    [
        pytest.param(None, {"event": "none"}, id="nothing is known"),
        pytest.param(Registration(False, False, "x", None), {"event": "none"}, id="no registry source ever said it"),
        pytest.param(
            Registration(True, True, "重庆市示例商贸有限公司", "active"),
            {
                "event": "renamed",
                "kind": "subject",
                "uscc": CODE,
                "id": None,
                "record": {"name": "重庆市示例商贸有限公司", "registration_status": "active", "successors": []},
            },
            id="registered",
        ),
        pytest.param(
            Registration(False, True, None, None),
            {"event": "unregistered", "kind": "subject", "uscc": CODE, "id": None, "record": None},
            id="taken back",
        ),
    ],
)
def test_registrations(registration: Registration | None, expected: dict[str, Any]) -> None:
    told = render_registration(change("renamed", ChangeKind.SUBJECT), registration)
    assert told == {"position": 12} | expected


def test_the_name_of_a_sole_trader_without_a_trade_name_is_not_told() -> None:
    trader = LoggedChange(1, "92500105MA5EXAMP1X", ChangeKind.SUBJECT, None, "registered")
    told = render_registration(trader, Registration(True, True, "王小明", "active"))
    assert told["record"] == {"name": None, "registration_status": "active", "successors": []}
    shop = render_registration(trader, Registration(True, True, "星屿区小明面馆", "active"))
    assert shop["record"]["name"] == "星屿区小明面馆"


def test_a_reader_of_another_log_is_told_which_one_this_is() -> None:
    with pytest.raises(LogChanged) as refused:
        check_reader(LogHead(LOG, 5), after=3, log_id=UUID(int=1))
    assert refused.value.extra == {"log_id": str(LOG), "snapshot": "/v1/changes/snapshot"}


def test_a_reader_ahead_of_the_log_is_refused() -> None:
    with pytest.raises(PositionAhead):
        check_reader(LogHead(LOG, 5), after=6, log_id=LOG)


@pytest.mark.parametrize("log_id", [None, LOG])
def test_a_reader_at_the_head_is_welcome(log_id: UUID | None) -> None:
    check_reader(LogHead(LOG, 5), after=5, log_id=log_id)
