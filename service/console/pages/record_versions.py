"""The versions of a record of a firm, and any two of them side by side."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Query, Response

import service.blacklist.actions
import service.blacklist.views
import service.penalties.actions
import service.penalties.views
from service.access.declared import Whose
from service.changes.rules import ChangeKind
from service.console.desk import Desk, PageRouter, at_desk
from service.console.rendering import show
from service.http import ReadSessionDep
from service.records.queries import Row, list_versions
from service.records.versions import Sides
from service.status.actions import read_uscc

router = PageRouter()
Kind = Literal["penalties", "blacklist-entries"]
GetVisible = Callable[..., Awaitable[Row]]
ViewVersions = Callable[..., list[dict[str, Any]]]

_ROOMS: Final[Mapping[str, tuple[ChangeKind, GetVisible, str, ViewVersions]]] = {
    "penalties": (
        service.penalties.actions.KIND,
        service.penalties.actions.get_visible,
        "penalty",
        service.penalties.views.versions_view,
    ),
    "blacklist-entries": (
        service.blacklist.actions.KIND,
        service.blacklist.actions.get_visible,
        "entry",
        service.blacklist.views.versions_view,
    ),
}
#: Parts of a version that are no content of it.
_ABOUT: Final = frozenset({"id", "uscc", "version_no", "recorded_at", "own", "public"})
_OWN: Final = ("remark", "reason", "basis", "redactions", "served_on", "facts", "flags")


@router.get("/firms/{uscc}/{kind}/{record_id}")
async def show_versions(
    uscc: str,
    kind: Kind,
    record_id: UUID,
    desk: Annotated[Desk, at_desk(whose=Whose.SEEN)],
    session: ReadSessionDep,
    first: Annotated[int | None, Query(alias="from", ge=1, lt=2**31)] = None,
    last: Annotated[int | None, Query(alias="to", ge=1, lt=2**31)] = None,
) -> Response:
    """Show the versions of a record, and two of them side by side: those asked for, else the last two."""
    code, _ = read_uscc(uscc)
    change_kind, get_visible, noun, view = _ROOMS[kind]
    await get_visible(session, uscc=code, record_id=record_id, actor=desk.actor)
    rows = await list_versions(session, change_kind, uscc=code, record_id=record_id, actor=desk.actor)
    told = view(rows, actor=desk.actor, today=desk.today)
    numbers = [one[noun]["version_no"] for one in told]
    sides = Sides(
        first if first is not None else numbers[max(0, len(numbers) - 2)] if numbers else None,
        last if last is not None else numbers[-1] if numbers else None,
    )
    compared = view(rows, actor=desk.actor, today=desk.today, sides=sides) if told else []
    return show(
        desk,
        "record_versions.html",
        uscc=code,
        kind=kind,
        record_id=record_id,
        versions=[{"changed": one["changed"], **one[noun]} for one in told],
        sides=sides,
        rows=_side_by_side([one[noun] for one in compared], compared[-1]["changed"] if compared else ()),
        head=compared[-1][noun] if compared else None,
    )


def _side_by_side(pair: Sequence[Mapping[str, Any]], changed: Sequence[str]) -> list[dict[str, Any]]:
    """Return what two versions say, field by field, those that differ first."""
    if not pair:
        return []
    left, right = (
        {
            **{name: one[name] for name in one if name not in _ABOUT},
            **{name: (one["own"] or {}).get(name) for name in _OWN},
        }
        for one in (pair[0], pair[-1])
    )
    rows = [
        {"name": name, "was": left[name], "is": right[name], "differs": name in changed or left[name] != right[name]}
        for name in left
        if left[name] not in (None, "", [], {}) or right[name] not in (None, "", [], {})
    ]
    return sorted(rows, key=lambda row: not row["differs"])
