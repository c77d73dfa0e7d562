from typing import Any

from service.models import Screening


def screening_view(row: Screening, *, with_sums: bool) -> dict[str, Any]:
    """Return what a platform sees of a screening. Its sums go with the result, so nobody gets those of one that is outdated."""
    names = (
        *("id", "state", "format", "compared_with", "file_name", "file_size", "file_sha256", "rows_done", "done_share"),
        *("log_id", "position", "as_of", "shown_until", "result_size", "result_sha256", "problem", "created_at"),
        *("finished_at", "keep_until"),
    )
    told = {name: getattr(row, name) for name in names}
    return told | {"list": row.list_name, "sums": row.sums if with_sums else None}
