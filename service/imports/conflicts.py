"""`/v1/source-conflicts`: where a source contradicts a record that another one gave, what is shown of it, and who decided so."""

from collections.abc import Collection
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from asyncpg import Connection
from fastapi import APIRouter, Body, Query

from schemas.imports import ConflictPage, SourceDecided, SourceDecision, SourceUndecided
from service.access.declared import Whose
from service.access.rules import RECORD_ROLES, Actor, OwnWork, Role
from service.access.visibility import IMPORT_ROLES
from service.db import driver
from service.http import (
    ROLE_REFUSALS,
    BadCursor,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    answers,
    encode_cursor,
    require,
)
from service.imports.settling import (
    KINDS,
    FieldDecided,
    FieldNotDecided,
    NoSuchSourceConflict,
    NothingDecided,
    NotTheirsToDecide,
    SourceSaysNothing,
    Which,
    decide_source,
    undo_decision,
)

router = APIRouter(prefix="/v1/source-conflicts", tags=["imports"])

Reader = Annotated[Actor, require(*sorted({*IMPORT_ROLES, *RECORD_ROLES, Role.AUDITOR}), whose=Whose.SEEN)]

Decider = Annotated[Actor, require(Role.REVIEWER, Role.REGISTRAR, whose=Whose.OWN)]

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
        t.import_id, t.import_row, t.stated_at, v.field_sources::text AS field_sources,
        {decisions}::text AS field_decisions, (
            SELECT jsonb_object_agg(name, to_jsonb(v) -> name) FROM unnest(t.differs) AS name)::text AS shown
    FROM source_statement t JOIN {table} v ON {same} AND v.superseded_at IS NULL
    WHERE t.kind = '{kind}' AND t.status = 'open' AND v.state NOT IN ('void', 'ended', 'withdrawn')
    AND ($1::text[] IS NULL OR {seen}) AND ($2::text IS NULL OR t.uscc = $2) AND {_KEY} > ($3, $4, $5, $6)
    AND (t.differs <> '{{}}' AND t.differs <@ ARRAY(SELECT jsonb_array_elements_text(one.value -> 'columns')
        FROM jsonb_each(coalesce({decisions}, '{{}}')) AS one)) = $8
    AND NOT EXISTS (SELECT FROM source_statement l WHERE l.uscc = t.uscc AND l.kind = t.kind AND l.record_id = t.record_id
        AND l.source_code = t.source_code AND l.status <> 'void' AND (l.stated_at, l.import_id) > (t.stated_at, t.import_id))"""
    for kind, (table, same, seen) in _RECORDS.items()
    for decisions in ("v.field_decisions" if kind in KINDS else "NULL::jsonb",)
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
    "decided": [
        {"field": "violation_facts", "source": "national-site", "decided_on": "2026-11-24", "reason": "与决定书一致"},
    ],
    "import_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c06",
    "row": 12,
    "stated_at": "2026-11-24T12:00:00+08:00",
}


async def list_conflicts(
    connection: Connection,
    *,
    authorities: Collection[str] | None,
    uscc: str | None,
    is_decided: bool,
    after: tuple[str, ...] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return a page of open conflicts by subject, record and source; of these authorities' records, or of all (None).

    `is_decided` asks for those about which a person has decided in every field.
    """
    rows = await connection.fetch(
        f"SELECT * FROM ({_CONFLICTS}) AS c ORDER BY uscc, kind, record_id, source_code LIMIT $7",
        None if authorities is None else sorted(authorities),
        uscc,
        *(after or ("", "", "", "")),
        limit,
        is_decided,
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
        "decided": [
            {"field": field, "source": one["source"], "decided_on": one["on"], "reason": one["reason"]}
            for field, one in sorted(orjson.loads(row["field_decisions"] or "{}").items())
        ],
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
    decided: Annotated[
        bool, Query(description="Those that were decided in every field, instead of the others.")
    ] = False,
) -> dict[str, Any]:
    """Give every record of which another source says otherwise: what it says, what is shown, and from whom.

    A record is shown as the source says that gave it first; in a field in which another source is trusted more (`trust` of
    `/v1/catalog/sources`) as that one says. Names, numbers and what a window of publication follows from are never decided so:
    a person compares the two and corrects the record. In the other fields a person may decide. Conflicts about registrations are seen by every authority, those about records by its own people.
    """
    if page.after is not None and len(page.after) != 4:
        raise BadCursor("The cursor is not one that this list gave as `next`.", detail_zh="翻页游标无效。")
    found = await list_conflicts(
        await driver(session),
        authorities=None if actor.audits_everything else actor.sees_records_of,
        uscc=uscc,
        is_decided=decided,
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


_WHICH: Final = {
    "kind": "penalty",
    "uscc": "91500000XY0000012K",
    "record_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02",
    "field": "violation_facts",
}
_DECISION: Final = _WHICH | {"source": "national-site", "reason": "与决定书一致"}
_DECIDED: Final = _DECISION | {
    "was": "city-site",
    "decided_on": "2026-11-24",
    "decided_by": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c08",
    "version_no": 3,
}
_REFUSALS: Final = (*ROLE_REFUSALS, NoSuchSourceConflict, NotTheirsToDecide, OwnWork, FieldNotDecided)


@router.post(
    "/decisions",
    summary="Decide which source is right",
    response_model=SourceDecided,
    responses=answers(
        _DECIDED, *_REFUSALS, FieldDecided, SourceSaysNothing, words="The decision, and the version it made."
    ),
)
async def decide(
    body: Annotated[SourceDecision, Body(examples=[_DECISION])], actor: Decider, session: SessionDep, now: Now
) -> dict[str, Any]:
    """Show one field of a record from one of the sources that disagree about it, from now on and whatever is trusted elsewhere.

    A reviewer of the record's authority decides, who did not hand it in; about registrations a registrar. The credit file says so with
    the record. What the source says later in this field is shown too; what another says is listed.
    """
    which = Which(body.kind, body.uscc, body.record_id, body.field)
    return await decide_source(session, which, source=body.source, reason=body.reason, actor=actor, now=now)


@router.post(
    "/decisions/undo",
    summary="Undo a decision between sources",
    response_model=SourceDecided,
    responses=answers(
        _DECIDED, *_REFUSALS, NothingDecided, SourceSaysNothing, words="The decision that holds no longer."
    ),
)
async def undo(
    body: Annotated[SourceUndecided, Body(examples=[_WHICH | {"reason": "误判"}])],
    actor: Decider,
    session: SessionDep,
    now: Now,
) -> dict[str, Any]:
    """Take a decision back: the field is shown again from the source it was shown from before, as that says by now."""
    which = Which(body.kind, body.uscc, body.record_id, body.field)
    return await undo_decision(session, which, reason=body.reason, actor=actor, now=now)
