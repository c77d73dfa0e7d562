"""Rows with valid defaults for tests. Everything here is made up: no firm, code or decision is a real one.

`number_changes` plays the sequencer, at an instant of the test's choosing.
"""

import itertools
import uuid
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Grant, Role
from service.catalog.hierarchy import NOBODY, Hierarchy
from service.models import (
    Authority,
    Blacklist,
    BlacklistEntry,
    BlacklistEntryVersion,
    DataImport,
    ImportRow,
    Penalty,
    PenaltyVersion,
    PendingChange,
    Source,
    Subject,
    SubjectIdentifier,
    SubjectName,
    SubjectVersion,
)
from service.reading.names import bigrams, fold_name

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_serial = itertools.count(1)


def check_character(first17: str) -> str:
    """Return the 18th character of a credit code (GB 32100-2015), so that made-up codes are well formed."""
    total = sum(ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(first17))
    return ALPHABET[-total % 31]


def inner_check(first8: str) -> str:
    """Return the check character of an organisation code (GB 11714)."""
    values = [int(character, 36) for character in first8]
    total = 11 - sum(v * w for v, w in zip(values, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return {10: "X", 11: "0"}.get(total, str(total))


def make_uscc(number: int | None = None, *, prefix: str = "91", division_code: str = "500105") -> str:
    """Return a made-up credit code that passes both checks; without a number, one not given before in this process."""
    body = f"XY{next(_serial) if number is None else number:06d}"
    first17 = f"{prefix}{division_code}{body}{inner_check(body)}"
    return first17 + check_character(first17)


async def number_changes(session: AsyncSession, *, at: datetime = LONG_AGO) -> int:
    """Number all pending changes at `at` and return the new head position."""
    await session.flush()
    await session.execute(
        text(
            """WITH taken AS (DELETE FROM pending_change RETURNING *), head AS (SELECT head_position AS p FROM change_log)
            INSERT INTO change (position, uscc, kind, record_id, version_no, event, recorded_at, sequenced_at)
            SELECT head.p + row_number() OVER (ORDER BY taken.id), uscc, kind, record_id, version_no, event, recorded_at, :at
            FROM taken, head"""
        ),
        {"at": at},
    )
    await session.execute(
        text(
            """UPDATE change_log SET head_position = coalesce((SELECT max(position) FROM change), 0), head_at = :at"""
        ),
        {"at": at},
    )
    head: int = (await session.execute(text("SELECT head_position FROM change_log"))).scalar_one()
    return head


async def make_head(session: AsyncSession, uscc: str, *, at: datetime = LONG_AGO) -> None:
    """Insert the subject's head when there is none: a subject known from records only."""
    if await session.get(Subject, uscc) is None:
        session.add(Subject(uscc=uscc, version_no=0, created_at=at))
        await session.flush()


async def make_name(session: AsyncSession, uscc: str, name: str, *, kind: str = "registered") -> None:
    """Insert a name by which a subject is found."""
    folded = fold_name(name)
    session.add(SubjectName(uscc=uscc, name=name, kind=kind, folded=folded, bigrams=bigrams(folded)))
    await session.flush()


async def make_identifier(session: AsyncSession, uscc: str, value: str, *, kind: str = "reg_no") -> None:
    """Insert an old identifier of a subject."""
    session.add(SubjectIdentifier(uscc=uscc, kind=kind, value=value))
    await session.flush()


async def make_registration(session: AsyncSession, uscc: str | None = None, **changes: Any) -> str:
    """Register a subject, or give a registered one its next version; return its code. The change is left pending."""
    uscc = uscc or make_uscc()
    at = changes.pop("recorded_at", LONG_AGO)
    await make_head(session, uscc, at=at)
    head = await session.get_one(Subject, uscc)
    await session.execute(
        text("UPDATE subject_version SET superseded_at = :at WHERE uscc = :uscc AND superseded_at IS NULL"),
        {"at": at, "uscc": uscc},
    )
    head.version_no += 1
    values: dict[str, Any] = {
        "name": "重庆市示例商贸有限公司",
        "registration_status": "active",
        "registered_on": date(2015, 3, 2),
        "division_code": "500105",
        "registered": True,
        "state": "published",
        "command": "import",
        "actor": "test",
        "source_code": "test-registry",
    } | changes
    session.add(SubjectVersion(uscc=uscc, version_no=head.version_no, recorded_at=at, **values))
    event = "registered" if head.version_no == 1 else "changed"
    session.add(
        PendingChange(
            uscc=uscc, kind="subject", record_id=None, version_no=head.version_no, event=event, recorded_at=at
        )
    )
    if values["name"] and values["registered"]:
        await session.execute(
            text(
                """WITH gone AS (
                    DELETE FROM subject_name WHERE uscc = :uscc AND kind = 'registered' AND name <> :name
                    RETURNING uscc, name, folded, bigrams)
                INSERT INTO subject_name (uscc, name, kind, folded, bigrams)
                SELECT uscc, name, 'former', folded, bigrams FROM gone ON CONFLICT DO NOTHING"""
            ),
            {"uscc": uscc, "name": values["name"]},
        )
        if await session.get(SubjectName, (uscc, values["name"], "registered")) is None:
            await make_name(session, uscc, values["name"])
    await session.flush()
    return uscc


async def make_authority(session: AsyncSession, code: str = "test-authority", **changes: Any) -> str:
    """Insert a deciding body and return its code; nothing happens when it is there."""
    if await session.get(Authority, code) is None:
        values = {"name": f"示例监管局{code}", "system": "market_regulation", "division_code": "500000"} | changes
        session.add(Authority(code=code, **values))
        await session.flush()
    return code


async def make_list(session: AsyncSession, list_id: str = "test-serious", **changes: Any) -> str:
    """Insert a list with a made-up basis and return its id; nothing happens when it is there."""
    if await session.get(Blacklist, list_id) is None:
        values = {
            "name": "示例严重失信名单",
            "name_en": "Sample serious list",
            "severity": "serious",
            "legal_basis": "示例办法第一条",
            "basis_level": "department_rule",
            "list_authority": "示例监管局",
            "scope": "national",
            "effective_from": date(2021, 9, 1),
            "grade": "unverified",
        } | changes
        session.add(Blacklist(id=list_id, **values))
        await session.flush()
    return list_id


async def make_penalty(session: AsyncSession, uscc: str, *, head: uuid.UUID | None = None, **changes: Any) -> uuid.UUID:
    """Insert a public penalty, or the next version of the one with the id `head`; the change is left pending."""
    values = {
        "procedure": "ordinary",
        "tier": "general",
        "document_no": "渝示罚〔2026〕12号",
        "kinds": ["fine"],
        "fine_fen": 500_000,
        "decided_on": date(2026, 1, 5),
        "party_name": "重庆市示例商贸有限公司",
    }
    return await _make_record(session, Penalty, PenaltyVersion, "penalty", uscc, head, values | changes)


async def make_entry(session: AsyncSession, uscc: str, *, head: uuid.UUID | None = None, **changes: Any) -> uuid.UUID:
    """Insert a public blacklist entry, or the next version of the one with the id `head`; the change is left pending."""
    list_id = await make_list(session, changes.get("list_id", "test-serious"))
    values = {
        "list_id": list_id,
        "listed_on": date(2026, 1, 5),
        "listed_on_grade": "stated",
        "grounds": "示例事由",
        "document_no": "渝示列〔2026〕3号",
        "party_name": "重庆市示例商贸有限公司",
    }
    return await _make_record(
        session, BlacklistEntry, BlacklistEntryVersion, "blacklist_entry", uscc, head, values | changes
    )


async def _make_record(
    session: AsyncSession,
    head_class: Any,
    version_class: Any,
    kind: str,
    uscc: str,
    head_id: uuid.UUID | None,
    changes: dict[str, Any],
) -> uuid.UUID:
    at = changes.pop("recorded_at", LONG_AGO)
    natural_key = changes.pop("natural_key", None)
    event = changes.pop("event", "published")
    values = {
        "state": "published",
        "command": "import",
        "actor": "test",
        "source_code": "test-source",
        "authority_code": "test-authority",
        "authority_name": "示例监管局",
        "public_from": date(2026, 1, 6),
        "public_until": date(2029, 1, 5),
        "public_rule": "R-TEST",
        "public_grade": "unverified",
    } | changes
    await make_head(session, uscc, at=at)
    if head_id is None:
        head_id = uuid.uuid4()
        own: dict[str, Any] = {"list_id": values["list_id"]} if head_class is BlacklistEntry else {}
        session.add(
            head_class(
                uscc=uscc,
                id=head_id,
                natural_key=natural_key or head_id.hex,
                state=values["state"],
                version_no=0,
                created_at=at,
                **own,
            )
        )
        await session.flush()
    head = await session.get_one(head_class, (uscc, head_id))
    current = await session.get(version_class, (uscc, head_id, head.version_no))
    if current is not None:
        current.superseded_at = at
        await session.flush()
    head.version_no += 1
    head.state = values["state"]
    session.add(version_class(uscc=uscc, id=head_id, version_no=head.version_no, recorded_at=at, **values))
    session.add(
        PendingChange(uscc=uscc, kind=kind, record_id=head_id, version_no=head.version_no, event=event, recorded_at=at)
    )
    await session.flush()
    return head_id


async def make_source(
    session: AsyncSession,
    code: str = "test-source",
    *,
    covers: tuple[str, ...] = ("penalties:50", "lists:50", "registrations:50"),
    delivered_at: datetime | None = LONG_AGO,
    **changes: Any,
) -> str:
    """Insert a source that covers one province and has delivered once, at `delivered_at` (None: never)."""
    values = {"name": "示例来源", "owner": "示例单位", "published": True, "published_where": "示例网站"} | changes
    session.add(Source(code=code, covers=list(covers), created_at=LONG_AGO, **values))
    await session.flush()
    if delivered_at is not None:
        await make_import(session, source_code=code, finished_at=delivered_at)
    return code


async def make_import(session: AsyncSession, **changes: Any) -> uuid.UUID:
    """Insert a finished import and return its id."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "kind": "penalties",
        "authority_code": "test-authority",
        "source_code": None,
        "actor": "test",
        "options": {},
        "file_name": "sample.csv",
        "file_size": 10,
        "file_sha256": "0" * 64,
        "state": "finished",
        "phase": "done",
        "created_at": LONG_AGO,
        "finished_at": LONG_AGO,
    } | changes
    session.add(DataImport(**values))
    await session.flush()
    import_id: uuid.UUID = values["id"]
    return import_id


async def make_import_row(session: AsyncSession, import_id: uuid.UUID, n: int, *, line: int, **changes: Any) -> None:
    """Insert what became of one row of an import."""
    session.add(ImportRow(import_id=import_id, n=n, line=line, **({"outcome": "new"} | changes)))
    await session.flush()


def make_actor(
    *roles: Role, authority: str | None = None, number: int = 1, hierarchy: Hierarchy = NOBODY, **changes: Any
) -> Actor:
    """Return a principal that holds `roles` for one authority."""
    grants = frozenset(Grant(role, authority) for role in roles)
    values: dict[str, Any] = {"on": date(2026, 11, 24), "name": "test"} | changes
    return Actor(id=uuid.UUID(int=number), grants=grants, hierarchy=hierarchy, **values)


async def cover_region(session: AsyncSession) -> None:
    """Insert what `clear` needs beside a registration: a source that covers province 50 and has delivered."""
    await make_source(session)
