"""Records whose dates the present rulebook would change: listed by a job, decided in bulk by their authority, never moved unasked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import uuid_utils
from asyncpg import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor, Role
from service.catalog.queries import load_catalog
from service.catalog.rules import Catalog
from service.changes.rules import ChangeKind
from service.clock import legal_day
from service.db import Database, driver
from service.explaining.rules import facts_of
from service.records.review import Key, review_records
from service.redatings.queries import (
    Wanted,
    close_moot,
    close_redatings,
    insert_redatings,
    list_known,
    list_published,
    lock_redatings,
    redate_records,
)
from service.redatings.rules import (
    COLUMNS,
    NothingOpen,
    NotYourRedatings,
    PreviewOutdated,
    TooManyRedatings,
    differs,
    effect_of,
    entry_columns,
    stored_columns,
    window_columns,
    windows_law,
)
from service.rulebook.windows import Window, WindowCache, entry_window

BATCH: Final = 2000
MOST: Final = 5000


@dataclass(frozen=True, slots=True)
class _Case:
    """A published record whose window columns are not those that it would get now."""

    kind: ChangeKind
    row: Mapping[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]


def _entry_window(catalog: Catalog, row: Mapping[str, Any]) -> Window:
    known = catalog.list_by_id[row["list_id"]]
    return entry_window(
        list_id=known.id,
        period_months=known.period_months,
        grade=known.grade,
        listed_on=row["listed_on"],
        assumed=row["listed_on_grade"] == "assumed",
        removed_on=row["removed_on"],
        stated_until=row["stated_until"],
        public_from=row["public_from"] or legal_day(row["recorded_at"]),
    )


async def find_redatings(database: Database, *, now: datetime, batch: int = BATCH) -> int:
    """List the published records whose windows differ from what rulebook and lists give now; return how many are new or closed.

    Behind the change log for records that changed, and over all records when periods, thresholds or authorities did. What an
    authority decided to keep is not listed again for the same difference; what is not true any more is closed as moot.
    """
    async with database.reading() as session:
        catalog = await load_catalog(session)
    cache = WindowCache(catalog.rulebook)

    async def work(connection: Connection, keys: list[Key], _cause: str) -> int:
        return await _compare(connection, catalog, cache, keys, now=now)

    return await review_records(
        database, table="redating_cursor", law=windows_law(catalog), batch=batch, work=work, kinds=COLUMNS
    )


async def _compare(
    connection: Connection, catalog: Catalog, cache: WindowCache, keys: list[Key], *, now: datetime
) -> int:
    found: dict[UUID, _Case] = {}
    for row in await list_published(connection, ChangeKind.BLACKLIST_ENTRY, keys=keys):
        before, after = stored_columns(row, ChangeKind.BLACKLIST_ENTRY), entry_columns(_entry_window(catalog, row))
        if differs(before, after, by_exception=False):
            found[row["id"]] = _Case(ChangeKind.BLACKLIST_ENTRY, row, before, after)
    for row in await list_published(connection, ChangeKind.PENALTY, keys=keys):
        first = row["public_from"] or row["published_on"] or legal_day(row["recorded_at"])
        before = stored_columns(row, ChangeKind.PENALTY)
        after = window_columns(cache.penalty(facts_of(row, catalog), first))
        by_exception = row["display_exception"] is not None
        if by_exception:
            after |= {name: before[name] for name in before if name.startswith("public_")}
        if differs(before, after, by_exception=by_exception):
            found[row["id"]] = _Case(ChangeKind.PENALTY, row, before, after)
    moot: list[UUID] = []
    settled: set[UUID] = set()
    for known in await list_known(connection, keys=keys):
        case = found.get(known["record_id"])
        is_same = case is not None and json.loads(known["after"]) == case.after
        if known["state"] == "kept":
            settled |= {known["record_id"]} if is_same else set()
        elif case is not None and is_same and known["version_no"] == case.row["version_no"]:
            settled.add(known["record_id"])
        else:
            moot.append(known["id"])
    await close_moot(connection, ids=moot)
    new = [
        (
            UUID(bytes=uuid_utils.uuid7().bytes),
            case.kind.value,
            case.row["uscc"],
            case.row["id"],
            case.row["version_no"],
            case.row["authority_code"],
            effect_of(case.before, case.after).value,
            case.before["public_rule"],
            case.after["public_rule"],
            case.before,
            case.after,
        )
        for record_id, case in found.items()
        if record_id not in settled
    ]
    await insert_redatings(connection, new, now=now)
    return len(new) + len(moot)


async def decide_redatings(
    session: AsyncSession,
    *,
    wanted: Wanted,
    apply: bool,
    expected: int,
    reason: str,
    actor: Actor,
    now: datetime,
) -> dict[str, int]:
    """Let records follow the rulebook, or keep them as they are; return how many were `applied`, `kept` and `moot`.

    One transaction. `expected` is what the preview counted: where other redatings are open by now, nothing is done. A record
    that changed since it was listed is not touched; the job lists it anew.

    Raises:
        NotYourRedatings: the actor reviews for no authority, or not for the one that was named.
        NothingOpen, PreviewOutdated, TooManyRedatings: see there.
    """
    own = actor.authorities(Role.REVIEWER)
    asked = own if wanted.authorities is None else wanted.authorities
    if not asked or not asked <= own:
        raise NotYourRedatings(
            "Only a reviewer of the authority that owns the records decides about them.",
            detail_zh="仅记录所属机关的审核人员可以决定。",
        )
    connection = await driver(session)
    rows = await lock_redatings(connection, replace(wanted, authorities=asked, state="open"), limit=MOST + 1)
    if len(rows) > MOST:
        raise TooManyRedatings(
            f"More than {MOST} redatings fit; narrow them by effect, rule or ids.", detail_zh="数量过多，请缩小范围。"
        )
    if not rows:
        raise NothingOpen("No open redating of yours fits.", detail_zh="没有符合条件的待决事项。")
    if len(rows) != expected:
        raise PreviewOutdated(
            f"The preview counted {expected} and {len(rows)} are open now; look again.",
            detail_zh=f"预览为 {expected} 条，现为 {len(rows)} 条，请重新预览。",
            open=len(rows),
        )
    current = [row["id"] for row in rows if row["is_current"]]
    moot = [row["id"] for row in rows if not row["is_current"]]
    if apply:
        for kind in COLUMNS:
            await redate_records(
                connection, kind, ids=current, actor=str(actor.id), reason=reason, today=legal_day(now), now=now
            )
    state = "applied" if apply else "kept"
    await close_redatings(connection, ids=current, state=state, decided_by=str(actor.id), reason=reason, now=now)
    await close_moot(connection, ids=moot)
    return {"applied": 0, "kept": 0, "moot": len(moot)} | {state: len(current)}
