"""The audit: who did, asked or was refused what, by filters."""

from datetime import date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Response

from service.access.declared import Whose
from service.audit.endpoints import READERS
from service.audit.rules import EntryKind, plain_code
from service.audit.selection import AuditFilter, list_entries
from service.clock import day_start, stored_instant
from service.console.desk import PAGE, Desk, PageRouter, at_desk
from service.console.rendering import show
from service.db import driver
from service.http import ReadSessionDep, encode_cursor, key_of
from service.problems import InvalidRequest

router = PageRouter()
Text = Annotated[str, Query(max_length=200)]


@router.get("/audit")
async def show_audit(
    desk: Annotated[Desk, at_desk(*READERS, whose=Whose.OWN)],
    session: ReadSessionDep,
    since: Text = "",
    until: Text = "",
    kind: Text = "",
    authority: Text = "",
    uscc: Text = "",
    outcome: Text = "",
    actor: Text = "",
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show the entries that fit, newest first; the last day asked for is included."""
    asked = {
        "since": since, "until": until, "kind": kind, "authority": authority, "uscc": uscc, "outcome": outcome, "actor": actor,
    }  # fmt: skip
    wanted = AuditFilter(
        since=_start(since),
        until=_start(until, days=1),
        kind=kind if kind in set(EntryKind) else None,
        actor_id=actor or None,
        authority=authority or None,
        uscc=(plain_code(uscc) or uscc) if uscc else None,
        outcome=outcome or None,
    )
    rows = await list_entries(
        await driver(session), desk.actor, wanted, after=key_of(cursor, stored_instant, UUID), limit=PAGE + 1
    )
    part = rows[:PAGE]
    return show(
        desk,
        "audit.html",
        asked=asked,
        kinds=list(EntryKind),
        query=urlencode({name: value for name, value in asked.items() if value}),
        items=part,
        following=encode_cursor((part[-1]["at"].isoformat(), str(part[-1]["id"]))) if len(rows) > PAGE else None,
    )


def _start(text: str, *, days: int = 0) -> datetime | None:
    if not text:
        return None
    try:
        return day_start(date.fromisoformat(text) + timedelta(days=days))
    except (ValueError, OverflowError):
        raise InvalidRequest("A day is no day.", detail_zh="日期无法识别。") from None
