"""The public view of a release, as the list, the catalogues and the pages show it."""

from datetime import datetime
from typing import Any, Final

from service.exports.packages import MANIFEST
from service.exports.rules import Kind, State, is_of_today
from service.models import ExportRelease

_OF_DELTAS: Final = dict.fromkeys(("count_before", "digest_before", "upserts", "tombstones"))


def release_view(release: ExportRelease, *, now: datetime) -> dict[str, Any]:
    """Return what a release is, its digests, and its files while they may be downloaded."""
    shown = release.state == State.PUBLISHED and (
        release.kind == Kind.STATISTICS or is_of_today(release.horizon_at, now=now)
    )
    manifest = release.manifest or {}
    return {
        "id": release.id,
        "kind": release.kind,
        "span": release.span,
        "state": release.state if shown or release.state != State.PUBLISHED else State.WITHHELD,
        "log_id": release.log_id,
        "position": release.position,
        "horizon": release.horizon_at,
        "from_position": release.from_position,
        "from_horizon": release.from_horizon_at,
        "previous": release.previous_id,
        "successor": release.successor_id,
        "published_at": release.published_at,
        "state_digest": manifest.get("state_digest"),
        "tables": {name: _OF_DELTAS | table for name, table in manifest.get("tables", {}).items()},
        "manifest": f"/v1/exports/{release.id}/{MANIFEST}",
        "files": [
            {
                "path": file["path"],
                "url": f"/v1/exports/{release.id}/{file['path']}",
                "bytes": file["bytes"],
                "sha256": file["sha256"],
                "table": file["table"],
                "format": file["format"],
                "rows": file["rows"],
            }
            for file in manifest.get("files", ())
        ]
        if shown
        else [],
    }
