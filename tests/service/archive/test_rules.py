from collections.abc import Collection
from typing import Any

import pytest

from service.archive.rules import CaseKind, Outcome, check_pieces


def versions(*commands: str, state: str = "published") -> list[dict[str, Any]]:
    row = {"source_code": "own:a", "state": state, "act": {"signed": True}, "version_no": 1}
    facts = {"notified_on": "2026-11-02", "consented_on": None}
    return [row | facts | {"command": command} for command in commands]


@pytest.mark.parametrize(
    ("kind", "commands", "documents", "repairs", "missing"),
    [
        pytest.param("penalty", ("record",), "", (), "decision service", id="in work"),
        pytest.param(
            "penalty", ("publish",), "decision service_proof summary publication_notice repair_notice", (), "", id="shown"
        ),
        pytest.param(
            "penalty", ("publish", "suspend"), "decision service_proof summary publication_notice repair_notice", (), "order",
            id="hidden without the order",
        ),
        pytest.param(
            "penalty", ("publish",), "decision service_proof summary publication_notice repair_notice", ("filed",), "",
            id="an application that waits",
        ),
        pytest.param(
            "penalty", ("publish",), "decision service_proof summary publication_notice repair_notice", ("refused",),
            "repair_decision", id="a refusal without its decision",
        ),
        pytest.param(
            "penalty", ("publish", "repair"), "decision service_proof summary publication_notice repair_notice repair_decision",
            ("refused", "granted"), "termination_certificate", id="repaired without the certificate",
        ),
        pytest.param(
            "blacklist_entry", ("notify",), "evidence", (), "notice_letter", id="told, but the letter is not there"
        ),
        pytest.param(
            "blacklist_entry", ("notify", "consent", "list"), "evidence decision listing_notice", (),
            "service consent repair_notice consent_letter", id="listed with a consent that is nowhere",
        ),
        pytest.param(
            "blacklist_entry", ("notify", "list"), "evidence order listing_notice service_proof repair_notice", ("granted",),
            "repair_decision termination_certificate", id="repaired without decision and certificate",
        ),
    ],
)  # fmt: skip
def test_what_a_case_file_lacks(
    kind: str, commands: tuple[str, ...], documents: str, repairs: Collection[str], missing: str
) -> None:
    found = check_pieces(CaseKind(kind), versions(*commands), documents.split(), repairs)
    assert [one.piece.id for one in found if one.outcome is Outcome.MISSING] == missing.split()
