"""What the import pages keep and ask: files between the trial and the taking in, and requests made from forms.

A file that was tried is kept beside the uploads for a day, so that it need not be handed in twice.
"""

import os
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID

from service.console.forms import Form
from service.imports.actions import ImportRequest
from service.models import DataImport
from service.problems import InvalidRequest
from service.tables.columns import KINDS, load_maps

#: How long a file that was tried is kept for being taken in.
KEPT: Final = timedelta(days=1)
_ENDING: Final = ".tried"


def kept_file(folder: Path, import_id: UUID) -> Path:
    """Return where the file of a trial is kept."""
    return folder / f"{import_id.hex}{_ENDING}"


def keep(folder: Path, import_id: UUID) -> None:
    """Keep the file of a trial, which is deleted otherwise when the trial ends: a second name, no second copy."""
    os.link(folder / import_id.hex, kept_file(folder, import_id))


def sweep(folder: Path, *, now: datetime) -> None:
    """Delete what was kept and never taken in."""
    oldest = (now - KEPT).timestamp()
    for path in folder.glob(f"*{_ENDING}"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def goes_out(job: DataImport) -> bool:
    """Return whether what is taken in is public at once: rows of a published source, and registrations."""
    return job.source_code is not None or job.kind == "subjects"


def request_of(form: Form) -> ImportRequest:
    """Return what the form asks for, as a trial.

    Raises:
        InvalidRequest: a kind that there is not, no authority, or a day that is none.
    """
    kind, authority, listed_on = form.get("kind"), form.get("authority"), form.get("listed_on")
    if kind not in KINDS or not authority:
        raise InvalidRequest("Say what the rows are, and for which authority.", detail_zh="请选择数据类别和所属机关。")
    try:
        day = date.fromisoformat(listed_on) if listed_on else None
    except ValueError:
        raise InvalidRequest("The day of listing is no day.", detail_zh="列入日期无法识别。") from None
    return ImportRequest(
        kind,
        authority,
        form.get("source") or None,
        form.get("list") or None,
        form.get("encoding") or None,
        form.get("sheet") or None,
        day,
        form.get("basis") or None,
        None,
        dry_run=True,
    )


def made_before(job: DataImport, *, dry_run: bool, column_map: Mapping[str, str] | None = None) -> ImportRequest:
    """Return what was asked for `job`, with another map where one is given."""
    options = job.options
    listed_on = options.get("listed_on")
    return ImportRequest(
        job.kind,
        job.authority_code,
        job.source_code,
        job.list_id,
        options.get("encoding"),
        options.get("sheet"),
        date.fromisoformat(listed_on) if listed_on else None,
        options.get("basis"),
        options.get("map") if column_map is None else column_map,
        dry_run=dry_run,
    )


@cache
def labels_of(kind: str) -> Mapping[str, str]:
    """Return the name by which files of this kind call each field in Chinese, by field."""
    found: dict[str, tuple[bool, int, str]] = {}
    for one in load_maps():
        if one.kind == kind:
            for spelling, (name, rank) in one.names.items():
                this = (spelling.isascii(), rank, spelling)
                found[name] = min(found.get(name, this), this)
    return {name: name if is_code else spelling for name, (is_code, _, spelling) in found.items()}
