from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from service.access.past import Past
from service.access.rules import Actor, Role
from service.catalog.rules import Catalog
from service.changes.queries import find_head
from service.clock import legal_day
from service.credit_records.queries import list_known_records
from service.credit_records.views import record_view
from service.db import ReadSession, driver
from service.records.queries import ensure_subject
from service.subjects.credit_file import (
    find_file_lines,
    find_known_version_no,
    list_entries,
    list_identifiers,
    list_penalties,
    list_predecessors,
    list_stated_names,
)
from service.subjects.queries import (
    find_registration,
    find_registration_version,
    insert_identifiers,
    insert_version,
    lock_subject,
    replace_names,
)
from service.subjects.rules import (
    FORMER_CODE,
    IDENTIFIERS,
    PARTS,
    NoCreditFile,
    NoRegistration,
    Registration,
    check_registration,
    check_succession,
    differing_parts,
    org_code_in,
    registration_event,
)
from service.subjects.views import (
    View,
    entry_view,
    names_view,
    penalty_view,
    record_provenance,
    registration_provenance,
    registration_view,
)
from service.versions import ExpectedVersion

PUT_COMMAND: Final = "put_registration"


@dataclass(frozen=True, slots=True)
class Put:
    """A registration after it was put: its view and version, and whether the subject was not registered before."""

    view: View
    version_no: int
    is_new: bool


async def put_registration(
    session: AsyncSession,
    *,
    uscc: str,
    registration: Registration,
    actor: Actor,
    expected: ExpectedVersion,
    now: datetime,
) -> Put:
    """Make `registration` the present registration of a subject; the same one again changes nothing.

    Raises:
        WhichAuthority: the actor is a registrar of several authorities.
        ImpossibleRegistration: it contradicts itself.
        VersionRequired, VersionMismatch: see `ExpectedVersion.check`.
    """
    check_registration(registration)
    check_succession(uscc, registration, today=legal_day(now))
    authority_code = actor.authority_for(Role.REGISTRAR)
    head = await lock_subject(session, uscc=uscc, now=now)
    present = await find_registration(session, uscc=uscc)
    differs = None
    if present is not None:
        differs = differing_parts({part: getattr(present, part) for part in PARTS}, registration)
        if not differs:
            return Put(registration_view(present, official=True), present.version_no, is_new=False)
    # After the comparison: who repeats a request whose answer was lost has nothing to lose (RFC 9110, 13.1.1).
    expected.check(None if present is None else present.version_no)
    version = await insert_version(
        session,
        head=head,
        registration=registration,
        command=PUT_COMMAND,
        event=registration_event(differs, registration),
        actor=str(actor.id),
        source_code=f"own:{authority_code}",
        now=now,
    )
    await replace_names(session, uscc=uscc, name=registration.name, former_names=registration.former_names)
    stated = {kind: getattr(registration, kind) for kind in IDENTIFIERS} | {
        "org_code": registration.org_code or org_code_in(uscc)
    }
    await insert_identifiers(session, uscc=uscc, identifiers=[(kind, value) for kind, value in stated.items() if value])
    for successor in registration.successors:
        await ensure_subject(session, uscc=successor, now=now)
        await insert_identifiers(session, uscc=successor, identifiers=[(FORMER_CODE, uscc)])
    return Put(registration_view(version, official=True), version.version_no, is_new=present is None)


async def read_registration(session: ReadSession, *, uscc: str, actor: Actor) -> tuple[View, int]:
    """Return the registration of a subject and the number of its version.

    Raises:
        NoRegistration: no registry source states one.
    """
    version = await find_registration(session, uscc=uscc)
    if version is None:
        raise NoRegistration(f"No registration of {uscc} is known here.", detail_zh="没有该代码的登记信息。")
    return registration_view(version, official=actor.is_official or uscc in actor.subjects), version.version_no


async def read_credit_file(
    session: ReadSession, catalog: Catalog, *, uscc: str, actor: Actor, past: Past | None = None
) -> View:
    """Return everything recorded about a subject that the actor may see on its day, with where it came from.

    The file is exactly the state at the position that it states: what has no position yet is left out. Of the `past` it holds
    what was known then, less what may not be told any more to whom it does not belong.

    Raises:
        NoCreditFile: there is nothing that the actor may see, whatever the reason.
    """
    connection = await driver(session)
    head = await find_head(connection)
    by = None if past is None else past.position
    version_no = await find_known_version_no(connection, uscc=uscc, by=by)
    version = None if version_no is None else await find_registration_version(session, uscc=uscc, version_no=version_no)
    penalties = await list_penalties(session, uscc=uscc, actor=actor, past=past)
    entries = await list_entries(session, uscc=uscc, actor=actor, past=past)
    others = await list_known_records(session, uscc=uscc, actor=actor, past=past)
    if version is None and not penalties and not entries and not others:
        raise NoCreditFile(f"Nothing about {uscc} may be shown to you.", detail_zh="没有可供查看的信用档案。")
    records = [*penalties, *entries]
    imported = [(row["import_id"], row["import_row"]) for row in (*records, *others)]
    if version is not None:
        imported.append((version.import_id, version.import_row))
    lines = await find_file_lines(connection, [(found, row) for found, row in imported if found and row is not None])
    identifiers = [] if version is None else await list_identifiers(connection, uscc=uscc, by=by)
    stated_names = [] if version is None else await list_stated_names(connection, uscc=uscc, by=by)
    return {
        "uscc": uscc,
        "registration": None
        if version is None
        else registration_view(version, official=actor.is_official or uscc in actor.subjects)
        | {"provenance": registration_provenance(version, lines)},
        "identifiers": [dict(row) for row in identifiers],
        "predecessors": await list_predecessors(connection, uscc=uscc, by=by),
        "names": names_view(None if version is None else version.name, stated_names, records),
        "penalties": [penalty_view(row, lines) for row in penalties],
        "blacklist_entries": [entry_view(row, lines) for row in entries],
        "credit_records": [
            record_view(row, catalog, today=actor.on if past is None else past.day)
            | {"provenance": record_provenance(row, lines)}
            for row in others
        ],
        "as_of": None if past is None else past.moment.as_of,
        "known_at": None if past is None else past.known_at,
        "position": head.position if past is None else past.position,
        "log_id": head.log_id,
    }
