"""The wire form of registrations and credit files. What only officials see is null for everybody else."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from service.models import SubjectVersion

Row = Mapping[str, Any]
View = dict[str, object]
Lines = Mapping[tuple[UUID, int], tuple[str, int]]

_PENALTY_TEXTS: Final = (
    "title",
    "violation_type",
    "violation_facts",
    "legal_basis",
    "penalty_content",
    "permit_affected",
)


def registration_view(version: SubjectVersion, *, official: bool) -> View:
    """Return a registration; the name of the legal representative goes to officials only (house decision 16)."""
    return {
        "uscc": version.uscc,
        "version_no": version.version_no,
        "name": version.name,
        "former_names": version.former_names,
        "registration_status": version.registration_status,
        "registered_on": version.registered_on,
        "cancelled_on": version.cancelled_on,
        "company_type": version.company_type,
        "legal_representative": version.legal_representative if official else None,
        "business_scope": version.business_scope,
        "division_code": version.division_code,
        "address": version.registered_address,
        "registering_authority": version.registering_authority,
        "reg_no": version.reg_no,
        "org_code": version.org_code,
        "tax_no": version.tax_no,
        "succession": None
        if version.succession is None
        else {"kind": version.succession, "since": version.succeeded_on, "successors": version.successors},
        "recorded_at": version.recorded_at,
        "source": version.source_code,
    }


def names_view(registered: str | None, stated: Iterable[str], records: Iterable[Row]) -> list[View]:
    """Return every name of a subject once, with its kind: registered, former, or borne by a record that is shown."""
    names = {} if registered is None else {registered: "registered"}
    for name in stated:
        names.setdefault(name, "former")
    for row in records:
        name = _text(row, "party_name")
        if name:
            names.setdefault(name, "record")
    return [{"name": name, "kind": kind} for name, kind in names.items()]


def penalty_view(row: Row, lines: Lines) -> View:
    """Return a penalty of a credit file, amounts in fen; windows of the feeds' channels and notes for its own people only."""
    own = row["is_own"]
    return {
        **_common_view(row, lines),
        "kinds": row["kinds"],
        "fine_fen": row["fine_fen"],
        "confiscation_fen": row["confiscation_fen"],
        **{name: _text(row, name) for name in _PENALTY_TEXTS},
        "procedure": row["procedure"],
        "tier": row["tier"],
        "decided_on": row["decided_on"],
        "published_on": row["published_on"],
        "channels": {
            channel: {
                "publish_from": row[f"{channel}_from"],
                "publish_until": row[f"{channel}_until"],
                "reason": row[f"{channel}_reason"],
            }
            for channel in ("gsxt", "credit_china")
        }
        if own
        else None,
    }


def entry_view(row: Row, lines: Lines) -> View:
    """Return a blacklist entry of a credit file; how it was removed for its own people only."""
    own = row["is_own"]
    return {
        **_common_view(row, lines),
        "list": row["list_id"],
        "list_name": row["list_name"],
        "severity": row["severity"],
        "grounds": _text(row, "grounds"),
        "listed_on": row["listed_on"],
        "listed_on_grade": row["listed_on_grade"],
        "removed_on": row["removed_on"] if own else None,
        "removal_grounds": row["removal_grounds"] if own else None,
        "removal_document_no": row["removal_document_no"] if own else None,
    }


def _text(row: Row, name: str) -> Any:  # noqa: ANN401 - a column's value
    # A text is held back because it names people; the firm itself has the decision.
    held = name in row["held_texts"] and not row["is_own"] and not row["is_about"]
    return None if held else row[name]


def _common_view(row: Row, lines: Lines) -> View:
    own = row["is_own"]
    return {
        "id": row["id"],
        "state": row["state"],
        "public": row["is_public"],
        "versions": row["version_no"],
        "authority": row["authority_name"],
        "authority_code": row["authority_code"],
        "party_name": _text(row, "party_name"),
        "document_no": _text(row, "document_no"),
        "publish_from": row["public_from"],
        "publish_until": row["public_until"],
        "rule": row["public_rule"],
        "rule_grade": row["public_grade"],
        "not_public_because": row["public_reason"],
        "flags": [*row["flags"], *row["window_flags"], *(["objection_open"] if row["objected"] else [])]
        if own
        else None,
        "held_texts": row["held_texts"] if own else None,
        "remark": row["remark"] if own else None,
        "provenance": _provenance(row["import_id"], row["import_row"], row["source_code"], row["recorded_at"], lines)
        | {"fields": _fields(row["field_sources"], row["field_decisions"], own=own)},
    }


def record_provenance(row: Row, lines: Lines) -> View:
    """Return where a record of a further class came from."""
    found = _provenance(row["import_id"], row["import_row"], row["source_code"], row["recorded_at"], lines)
    return found | {"fields": []}


def registration_provenance(version: SubjectVersion, lines: Lines) -> View:
    """Return where a registration came from."""
    found = _provenance(version.import_id, version.import_row, version.source_code, version.recorded_at, lines)
    return found | {"fields": _fields(version.field_sources, version.field_decisions, own=True)}


def _fields(sources: Mapping[str, str] | None, decisions: Mapping[str, Any] | None, *, own: bool) -> list[View]:
    """Fields that another source gave, by trust or because a person decided so."""
    decided = decisions or {}
    shown = {name: one["source"] for name, one in decided.items()} | dict(sources or {})
    return [
        {
            "field": name,
            "source": source,
            "decided_on": decided[name]["on"] if name in decided else None,
            "reason": decided[name]["reason"] if name in decided and own else None,
        }
        for name, source in sorted(shown.items())
    ]


def _provenance(
    import_id: UUID | None, import_row: int | None, source: str | None, recorded_at: datetime, lines: Lines
) -> View:
    known = lines.get((import_id, import_row)) if import_id is not None and import_row is not None else None
    file_name, line = known or (None, None)
    return {"import_id": import_id, "file": file_name, "line": line, "source": source, "recorded_at": recorded_at}


def unpublished_owners(file: Mapping[str, Any]) -> set[str]:
    """Return the codes of the authorities whose unpublished records a credit file shows."""
    return {
        record["authority_code"]
        for record in (*file["penalties"], *file["blacklist_entries"])
        if not record["public"] and record["authority_code"]
    } | {record["authority_code"] for record in file["credit_records"]}
