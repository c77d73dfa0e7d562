"""Who sees what of reports, requests and measures: the platform its own, an authority's people what is addressed to it."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import ColumnElement, false, or_
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role
from service.access.seen import note_owners
from service.db import ReadSession
from service.models import PlatformMeasure, PlatformReport, ReportRequest

#: Who works on reports for an authority; opening one needs its private key besides.
OFFICE: Final = (Role.RECORDER, Role.REVIEWER, Role.CONSENTER)


#: Tables of things between a platform and an authority.
Addressed = type[PlatformReport] | type[ReportRequest] | type[PlatformMeasure]


def visible_to(table: Addressed, actor: Actor, *, office_only: bool = False) -> ColumnElement[bool]:
    """Return the condition of what the actor sees; with `office_only` of what is addressed to its authorities."""
    seen: list[ColumnElement[bool]] = [false()]
    if actor.may(Role.PLATFORM) and not office_only:
        seen.append(table.principal_id == actor.id)
    codes = actor.authorities(*OFFICE)
    if codes:
        seen.append(table.authority_code.in_(sorted(codes)))
    return or_(*seen)


def note_read(session: AsyncSession | ReadSession, codes: Iterable[str]) -> None:
    """Note for the audit which authorities' reports were read."""
    note_owners(session, codes)
