"""Imports and their rows as the API and the console show them."""

from typing import Any

from service.imports.rules import REASONS
from service.models import DataImport, ImportRow


def import_view(job: DataImport) -> dict[str, Any]:
    """Return an import: state, progress, how the file was read, and its sums."""
    outcomes = (job.counts or {}).get("outcomes")
    accepted = None if outcomes is None else sum(outcomes.get(one, 0) for one in ("new", "changed", "disputed"))
    return {
        "id": job.id,
        "kind": job.kind,
        "authority": job.authority_code,
        "source": job.source_code,
        "list": job.list_id,
        "state": job.state,
        "phase": job.phase,
        "dry_run": bool(job.options.get("dry_run")),
        "file_name": job.file_name,
        "file_size": job.file_size,
        "file_sha256": job.file_sha256,
        "rows_read": job.rows_read or 0,
        "done_share": job.done_share or 0,
        "accepted": accepted,
        "counts": job.counts,
        "table": job.table_info,
        "problem": job.problem,
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "reverted_at": job.reverted_at,
    }


def row_view(job: DataImport, row: ImportRow) -> dict[str, Any]:
    """Return a row of an import with its outcome, the reasons in words, and its cells while it is quarantined."""
    reasons = [
        {"code": code, "words": known.words, "words_zh": known.words_zh, "remedy": known.remedy}
        for code in row.reasons or ()
        if (known := REASONS.get(code)) is not None
    ]
    return {
        "n": row.n,
        "line": row.line,
        "file_name": job.file_name,
        "sheet": (job.table_info or {}).get("sheet"),
        "outcome": row.outcome,
        "reasons": reasons,
        "uscc": row.uscc,
        "record_id": row.record_id,
        "version_no": row.version_no,
        "waiting_for": row.waiting_for,
        "content": row.content,
    }
