"""`/v1/source-conflicts`: where a source contradicts a record that another one gave, and what is shown of it."""

from collections.abc import Collection
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from asyncpg import Connection
from fastapi import APIRouter, Query

from schemas.imports import ConflictPage
from service.access.declared import Whose
from service.access.rules import RECORD_ROLES, Actor, Role
from service.access.visibility import IMPORT_ROLES
from service.db import driver
from service.http import ROLE_REFUSALS, BadCursor, PageDep, ReadSessionDep, answers, encode_cursor, require

router = APIRouter(prefix="/v1/source-conflicts", tags=["imports"])

Reader = Annotated[Actor, require(*sorted({*IMPORT_ROLES, *RECORD_ROLES, Role.AUDITOR}), whose=Whose.SEEN)]

_KEY: Final = "(t.uscc, t.kind, t.record_id::text, t.source_code)"
_RECORDS: Final = {
    "subject": ("subject_version", "v.uscc = t.uscc", "true"),
    "penalty": ("penalty_version", "v.uscc = t.uscc AND v.id = t.record_id", "v.authority_code = ANY ($1)"),
    "blacklist_entry": (
        "blacklist_entry_version",
        "v.uscc = t.uscc AND v.id = t.record_id",
        "v.authority_code = ANY ($1)",
    ),
    "credit_record": ("credit_record_version", "v.uscc = t.uscc AND v.id = t.record_id", "v.authority_code = ANY ($1)"),
}
# The last word of a source about a record is what counts; one that it took back, or of a record that has ended, is none.
_CONFLICTS: Final = " UNION ALL ".join(
    f"""SELECT t.uscc, t.kind, t.record_id::text AS record_id, t.source_code, v.source_code AS record_source, t.differs, t.content::text AS content,
        t.import_id, t.import_row, t.stated_at, v.field_sources::text AS field_sources, (
            SELECT jsonb_object_agg(name, to_jsonb(v) -> name) FROM unnest(t.differs) AS name)::text AS shown
    FROM source_statement t JOIN {table} v ON {same} AND v.superseded_at IS NULL
    WHERE t.kind = '{kind}' AND t.status = 'open' AND v.state NOT IN ('void', 'ended', 'withdrawn')
    AND ($1::text[] IS NULL OR {seen}) AND ($2::text IS NULL OR t.uscc = $2) AND {_KEY} > ($3, $4, $5, $6)
    AND NOT EXISTS (SELECT FROM source_statement l WHERE l.uscc = t.uscc AND l.kind = t.kind AND l.record_id = t.record_id
        AND l.source_code = t.source_code AND l.status <> 'void' AND (l.stated_at, l.import_id) > (t.stated_at, t.import_id))"""
    for kind, (table, same, seen) in _RECORDS.items()
)
EXAMPLE: Final[dict[str, Any]] = {
    "kind": "penalty",
    "uscc": "91500000XY0000012K",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "record_source": "city-site",
    "source": "national-site",
    "differs": ["violation_facts", "fine_fen"],
    "states": {"violation_facts": "示例事实", "fine_fen": 800000},
    "shown": {"violation_facts": "示例事实", "fine_fen": 500000},
    "shown_from": {"violation_facts": "national-site"},
    "import_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c06",
    "row": 12,
    "stated_at": "2026-11-24T12:00:00+08:00",
}


async def list_conflicts(
    connection: Connection,
    *,
    authorities: Collection[str] | None,
    uscc: str | None,
    after: tuple[str, ...] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return a page of open conflicts by subject, record and source; of these authorities' records, or of all (None)."""
    rows = await connection.fetch(
        f"SELECT * FROM ({_CONFLICTS}) AS c ORDER BY uscc, kind, record_id, source_code LIMIT $7",
        None if authorities is None else sorted(authorities),
        uscc,
        *(after or ("", "", "", "")),
        limit,
    )
    return [_view(dict(row)) for row in rows]


def _view(row: dict[str, Any]) -> dict[str, Any]:
    states = orjson.loads(row["content"])
    return {
        "kind": row["kind"],
        "uscc": row["uscc"],
        "record_id": None if row["kind"] == "subject" else UUID(row["record_id"]),
        "record_source": row["record_source"],
        "source": row["source_code"],
        "differs": row["differs"],
        "states": {name: states.get(name) for name in row["differs"]},
        "shown": orjson.loads(row["shown"] or "{}"),
        "shown_from": orjson.loads(row["field_sources"] or "{}"),
        "import_id": row["import_id"],
        "row": row["import_row"],
        "stated_at": row["stated_at"],
    }


@router.get(
    "",
    summary="List where sources contradict each other",
    response_model=ConflictPage,
    responses=answers({"items": [EXAMPLE], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_open_conflicts(
    actor: Reader,
    session: ReadSessionDep,
    page: PageDep,
    uscc: Annotated[str | None, Query(max_length=18, description="Only this subject's.")] = None,
) -> dict[str, Any]:
    """Give every record of which another source says otherwise: what it says, what is shown, and from whom.

    A record is shown as the source says that gave it first; in a field in which another source is trusted more (`trust` of
    `/v1/catalog/sources`) as that one says. Names, numbers and what a window of publication follows from are never decided so:
    a person compares the two. Conflicts about registrations are seen by every authority, those about records by its own people.
    """
    if page.after is not None and len(page.after) != 4:
        raise BadCursor("The cursor is not one that this list gave as `next`.", detail_zh="翻页游标无效。")
    found = await list_conflicts(
        await driver(session),
        authorities=None if actor.audits_everything else actor.sees_records_of,
        uscc=uscc,
        after=page.after,
        limit=page.limit + 1,
    )
    part = found[: page.limit]
    following = None
    if len(found) > page.limit:
        last = part[-1]
        nobody = UUID(int=0)
        following = encode_cursor((last["uscc"], last["kind"], str(last["record_id"] or nobody), last["source"]))
    return {"items": part, "next": following}
