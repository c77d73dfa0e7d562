from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.penalties import (
    ApprovalBatch,
    BulkApproval,
    BulkOutcomes,
    ChecklistOut,
    CorrectionOut,
    CorrectionProposed,
    DraftBatch,
    MovedOut,
    NoticePage,
    PenaltiesMade,
    PenaltyDraft,
    PenaltyMoved,
    PenaltyOut,
    PenaltyPage,
    ReviewPage,
    VersionPage,
)
from service.access.declared import Whose
from service.access.rules import Actor, Role, WhichAuthority
from service.access.seen import note_owners
from service.errors import Refusal
from service.http import (
    KEY_REFUSALS,
    PUBLIC,
    ROLE_REFUSALS,
    BadCursor,
    CatalogDep,
    NoteDep,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    Today,
    VersionDep,
    answers,
    encode_cursor,
    json_response,
    key_of,
    one_page,
    page_after,
    require,
)
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.penalties import examples
from service.penalties.actions import KIND, Order, content_of, get_visible, review
from service.penalties.actions.corrections import correction_checklist, propose
from service.penalties.actions.drafts import Draft, record_draft, record_drafts
from service.penalties.actions.endings import move_to
from service.penalties.actions.reviews import BulkRefused, approve_each, approve_several
from service.penalties.queries import list_notices, list_queue
from service.penalties.rules import (
    MAY_PROPOSE,
    MOVES,
    AlreadyRecorded,
    Content,
    CorrectionOpen,
    NoOpenCorrection,
    NotASuccessor,
    NothingChanged,
    NotSigned,
    SameSubject,
    State,
)
from service.penalties.rules.gate import checklist_view
from service.penalties.transitions import ROUTES, SHOWN, signature_of
from service.penalties.views import bulk_view, correction_view, notice_view, penalty_view, versions_view
from service.records.asked import MOMENT_REFUSALS, PastDep, SidesDep
from service.records.queries import list_versions, list_visible
from service.records.routes import MOVE_REFUSALS, add_routes, after_move
from service.records.rules import (
    ImpossibleDay,
    NoSuchRecord,
    OtherAuthority,
)
from service.records.versions import NoSuchVersion
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc
from service.subjects.endpoints import OWN, Uscc
from service.versions import ANY_VERSION, ExpectedVersion, version_etag

router = APIRouter(prefix="/v1", tags=["penalties"])
add_routes(router, "/subjects/{uscc}/penalties/{record_id}", ROUTES, SHOWN)

Reader = Annotated[Actor, require(whose=Whose.SEEN)]
Recorder = Annotated[Actor, require(Role.RECORDER, whose=Whose.OWN)]
Mover = Annotated[Actor, require(*sorted(MOVES["move"].roles), whose=Whose.OWN)]
Proposer = Annotated[Actor, require(*sorted(MAY_PROPOSE.roles), whose=Whose.OWN)]
Reviewer = Annotated[Actor, require(Role.REVIEWER, whose=Whose.OWN)]
DRAFT_REFUSALS: tuple[type[Refusal], ...] = (
    *ROLE_REFUSALS, MalformedUscc, WhichAuthority, OtherAuthority, AlreadyRecorded, ImpossibleDay,
)  # fmt: skip


@router.get(
    "/subjects/{uscc}/penalties",
    summary="List penalties of a subject",
    response_model=PenaltyPage,
    responses=answers(
        {"items": [examples.PENALTY], "next": None}, *KEY_REFUSALS, MalformedUscc, BadCursor, *MOMENT_REFUSALS
    ),
)
async def list_subject_penalties(
    uscc: Uscc,
    actor: Reader,
    session: ReadSessionDep,
    page: PageDep,
    today: Today,
    past: PastDep,
    state: Annotated[State | None, Query(description="Only those that stand in this state.")] = None,
) -> Response:
    """Give the penalties of a subject that the key may see, oldest record first.

    An authority's own people see drafts and ended ones too; every other key sees what is public today. Of the past (`as_of`,
    `known_at`) own people see what was known then, everybody else what was told then and may still be told.
    """
    code, _ = read_uscc(uscc)
    rows = await list_visible(
        session, KIND, uscc=code, actor=actor, state=state, after=page_after(page), limit=page.limit + 1, past=past
    )
    part, following = one_page(rows, page)
    day = today if past is None else past.day
    items = [penalty_view(row, actor=actor, today=day) for row in part]
    return json_response({"items": items, "next": following}, headers=OWN)


@router.post(
    "/subjects/{uscc}/penalties",
    summary="Record a penalty as a draft",
    status_code=201,
    response_model=PenaltyOut,
    responses=answers(
        examples.PENALTY | {"state": "draft", "public": False},
        *DRAFT_REFUSALS,
        *REPEAT_REFUSALS,
        status=201,
        words="The draft.",
        headers=("ETag", "Location"),
    ),
)
async def record_penalty(
    uscc: Uscc,
    body: Annotated[PenaltyDraft, Body(examples=[examples.DRAFT])],
    actor: Recorder,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
) -> Response:
    """Record a penalty. It is a draft, seen by its authority's own people, until somebody else has reviewed it."""
    code, _ = read_uscc(uscc)
    authority = body.authority or actor.authority_for(Role.RECORDER)
    draft = Draft(code, Content(**body.stated()))
    row = await record_draft(session, catalog, draft=draft, authority=authority, actor=actor, now=now)
    response.headers["Location"] = f"/v1/subjects/{code}/penalties/{row['id']}"
    return await after_move(session, SHOWN, row, Order(code, row["id"], actor, ANY_VERSION, now), made=response)


@router.post(
    "/penalties/drafts",
    summary="Record several penalties as drafts",
    status_code=201,
    response_model=PenaltiesMade,
    responses=answers(
        {"items": [examples.PENALTY]},
        *DRAFT_REFUSALS,
        *REPEAT_REFUSALS,
        status=201,
        words="The drafts, in the order sent; `Location` lists all of the authority.",
        headers=("Location",),
    ),
)
async def record_penalties(
    body: DraftBatch,
    actor: Recorder,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
    today: Today,
) -> Response:
    """Record a batch from a case system: all of it or nothing."""
    authorities = {draft.authority or actor.authority_for(Role.RECORDER) for draft in body.drafts}
    if len(authorities) != 1:
        raise OtherAuthority("A batch is of one authority.", detail_zh="同一批次须属同一机关。")
    drafts = [Draft(read_uscc(draft.uscc)[0], Content(**draft.stated())) for draft in body.drafts]
    rows = await record_drafts(session, catalog, drafts=drafts, authority=authorities.pop(), actor=actor, now=now)
    items = [penalty_view(row, actor=actor, today=today) for row in rows]
    response.headers["Location"] = "/v1/penalties/reviews?state=draft"
    return json_response({"items": items}, status=201, headers=OWN | dict(response.headers))


@router.get(
    "/penalties/reviews",
    summary="List what waits for its review",
    response_model=ReviewPage,
    responses=answers({"items": [examples.REVIEW], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_reviews(
    actor: Annotated[Actor, require(Role.RECORDER, Role.REVIEWER, whose=Whose.OWN)],
    session: ReadSessionDep,
    catalog: CatalogDep,
    page: PageDep,
    today: Today,
    state: Annotated[State, Query(description="Which state; submitted ones by default.")] = State.SUBMITTED,
    mine: Annotated[bool, Query(description="Only those that you recorded.")] = False,
) -> Response:
    """Give the penalties of your authority that stand in a state, each with its checklist as it is judged today."""
    rows = await list_queue(
        session,
        authorities=sorted(actor.authorities(Role.RECORDER, Role.REVIEWER)),
        state=state,
        recorder=str(actor.id) if mine else None,
        after=key_of(page.after, str, UUID),
        limit=page.limit + 1,
    )
    items = [
        {
            "penalty": penalty_view(row, actor=actor, today=today),
            "checklist": checklist_view(await review(session, catalog, row, content_of(row), today=today)),
        }
        for row in rows[: page.limit]
    ]
    last = rows[page.limit - 1] if len(rows) > page.limit else None
    following = None if last is None else encode_cursor((last["uscc"], str(last["id"])))
    return json_response({"items": items, "next": following}, headers=OWN)


@router.post(
    "/penalties/reviews",
    summary="Approve several penalties",
    response_model=PenaltiesMade,
    responses=answers({"items": [examples.PENALTY]}, *ROLE_REFUSALS, MalformedUscc, BulkRefused),
)
async def approve_penalties(
    body: ApprovalBatch, actor: Reviewer, session: SessionDep, catalog: CatalogDep, now: Now, today: Today
) -> Response:
    """Approve several penalties, all or none. Each carries its own signed checklist and the version it was signed for."""
    approvals = [
        (
            Order(read_uscc(one.uscc)[0], one.id, actor, ExpectedVersion(frozenset({one.version_no})), now),
            signature_of(one),
        )
        for one in body.approvals
    ]
    rows = await approve_several(session, catalog, approvals)
    items = [penalty_view(row, actor=actor, today=today) for row in rows]
    return json_response({"items": items}, headers=OWN)


@router.post(
    "/penalties/reviews/bulk",
    summary="Approve what needs no look",
    response_model=BulkOutcomes,
    responses=answers({"items": [examples.BULK_OUTCOME]}, *ROLE_REFUSALS, MalformedUscc, NotSigned),
)
async def approve_penalties_in_bulk(
    body: BulkApproval, actor: Reviewer, session: SessionDep, catalog: CatalogDep, now: Now, note: NoteDep
) -> Response:
    """Approve those penalties in which there is nothing to look at, each by itself; the others stay as they are and say why.

    The system ticks what it can judge and proposes the tier. `signed` names the points that only a person can judge, for all
    records: whoever sends it has looked at each. Nobody approves what he recorded.
    """
    note.count = len(body.records)
    orders = [
        Order(read_uscc(one.uscc)[0], one.id, actor, ExpectedVersion(frozenset({one.version_no})), now)
        for one in body.records
    ]
    made = await approve_each(session, catalog, orders, signed=body.signed)
    return json_response({"items": [bulk_view(one) for one in made]}, headers=OWN)


@router.get(
    "/penalties/withdrawal-notices",
    dependencies=[PUBLIC],
    summary="List public notices of withdrawals",
    response_model=NoticePage,
    responses=answers({"items": [examples.NOTICE], "next": None}, BadCursor),
)
async def list_withdrawal_notices(
    session: ReadSessionDep,
    page: PageDep,
    today: Today,
    authority: Annotated[str | None, Query(max_length=200, description="Code of the authority.")] = None,
    document_no: Annotated[str | None, Query(max_length=200, description="Document number as written.")] = None,
) -> Response:
    """Give the notices that are shown today: which decision fell, why and when. No key is needed; it is no status hit.

    Source: 行政处罚法 art. 48.
    """
    after = key_of(page.after, date.fromisoformat, UUID)
    rows = await list_notices(
        session, today=today, authority=authority, document_no=document_no, after=after, limit=page.limit + 1
    )
    part = rows[: page.limit]
    following = (
        encode_cursor((part[-1].shown_until.isoformat(), str(part[-1].penalty_id))) if len(rows) > page.limit else None
    )
    items = [notice_view(notice) for notice in part]
    return json_response({"items": items, "next": following}, headers={"Cache-Control": "no-cache"})


@router.get(
    "/subjects/{uscc}/penalties/{record_id}",
    summary="Read a penalty",
    response_model=PenaltyOut,
    responses=answers(examples.PENALTY, *KEY_REFUSALS, MalformedUscc, NoSuchRecord, headers=("ETag",)),
)
async def show_penalty(uscc: Uscc, record_id: UUID, actor: Reader, session: ReadSessionDep, today: Today) -> Response:
    """Give a penalty as the key may see it; the ETag is the version that a move names in `If-Match`."""
    code, _ = read_uscc(uscc)
    row = await get_visible(session, uscc=code, record_id=record_id, actor=actor)
    view = penalty_view(row, actor=actor, today=today)
    return json_response(view, headers={"ETag": version_etag(row["version_no"]), **OWN})


@router.get(
    "/subjects/{uscc}/penalties/{record_id}/versions",
    summary="Read the versions of a penalty",
    response_model=VersionPage,
    responses=answers(
        {"items": [{"penalty": examples.PENALTY, "changed": ["fine_fen"]}]},
        *KEY_REFUSALS,
        MalformedUscc,
        NoSuchRecord,
        NoSuchVersion,
    ),
)
async def list_penalty_versions(
    uscc: Uscc, record_id: UUID, actor: Reader, session: ReadSessionDep, today: Today, sides: SidesDep
) -> Response:
    """Give the versions of a penalty, each with what changed against the one before; or any two of them, compared.

    The public sees published versions side by side, never those that were replaced because of personal data or secrets.
    """
    code, _ = read_uscc(uscc)
    await get_visible(session, uscc=code, record_id=record_id, actor=actor)
    rows = await list_versions(session, KIND, uscc=code, record_id=record_id, actor=actor)
    return json_response({"items": versions_view(rows, actor=actor, today=today, sides=sides)}, headers=OWN)


@router.get(
    "/subjects/{uscc}/penalties/{record_id}/checklist",
    summary="Read the checklist of the review",
    response_model=ChecklistOut,
    responses=answers(examples.CHECKLIST, *ROLE_REFUSALS, MalformedUscc, NoSuchRecord),
)
async def show_checklist(
    uscc: Uscc,
    record_id: UUID,
    actor: Annotated[Actor, require(Role.RECORDER, Role.REVIEWER, whose=Whose.OWN)],
    session: ReadSessionDep,
    catalog: CatalogDep,
    today: Today,
) -> Response:
    """Give the points of the internal review as they are judged today, with the tier, window and redactions proposed."""
    code, _ = read_uscc(uscc)
    row = await get_visible(session, uscc=code, record_id=record_id, actor=actor)
    if not actor.acts_for(row["authority_code"], Role.RECORDER, Role.REVIEWER):
        raise OtherAuthority("Only the record's own authority reviews it.", detail_zh="该记录属于其他机关。")
    return json_response(checklist_view(await review(session, catalog, row, content_of(row), today=today)), headers=OWN)


@router.post(
    "/subjects/{uscc}/penalties/{record_id}/propose-correction",
    summary="Propose a correction",
    status_code=201,
    response_model=CorrectionOut,
    responses=answers(
        examples.CORRECTION,
        *MOVE_REFUSALS,
        NothingChanged,
        CorrectionOpen,
        ImpossibleDay,
        *REPEAT_REFUSALS,
        status=201,
        words="The correction.",
        headers=("Location",),
    ),
)
async def propose_penalty_correction(
    uscc: Uscc,
    record_id: UUID,
    body: CorrectionProposed,
    actor: Proposer,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
    expected: VersionDep,
) -> Response:
    """Propose a correction of a penalty that was shown. What is shown stays until a reviewer puts it in force.

    What must not be seen a moment longer is recalled first; its correction shows it again. Source: SAMR令45号 art. 12.
    """
    code, _ = read_uscc(uscc)
    order = Order(code, record_id, actor, expected, now)
    await propose(session, order, nature=body.nature, reason=body.reason, changes=body.changes.stated())
    response.headers["Location"] = f"/v1/subjects/{code}/penalties/{record_id}/correction"
    return await _correction(session, catalog, order, made=response)


@router.get(
    "/subjects/{uscc}/penalties/{record_id}/correction",
    summary="Read the correction that waits",
    response_model=CorrectionOut,
    responses=answers(
        examples.CORRECTION, *ROLE_REFUSALS, MalformedUscc, NoSuchRecord, OtherAuthority, NoOpenCorrection
    ),
)
async def show_correction(
    uscc: Uscc,
    record_id: UUID,
    actor: Annotated[Actor, require(Role.RECORDER, Role.REVIEWER, whose=Whose.OWN)],
    session: ReadSessionDep,
    catalog: CatalogDep,
    now: Now,
) -> Response:
    """Give the correction that waits for its review: before and after, and the checklist to sign."""
    code, _ = read_uscc(uscc)
    return await _correction(session, catalog, Order(code, record_id, actor, ANY_VERSION, now))


async def _correction(
    session: SessionDep, catalog: CatalogDep, order: Order, *, made: Response | None = None
) -> Response:
    correction, row, checklist = await correction_checklist(session, catalog, order)
    note_owners(session, [row["authority_code"]])
    headers = OWN | dict(made.headers if made is not None else {})
    status = 200 if made is None else 201
    return json_response(correction_view(correction, row, checklist), status=status, headers=headers)


@router.post(
    "/subjects/{uscc}/penalties/{record_id}/move",
    summary="Take it to the right firm",
    response_model=MovedOut,
    responses=answers(
        {"ended": examples.PENALTY | {"state": "ended"}, "made": examples.PENALTY | {"state": "submitted"}},
        *MOVE_REFUSALS,
        SameSubject,
        NotASuccessor,
        AlreadyRecorded,
    ),
)
async def move_penalty(
    uscc: Uscc,
    record_id: UUID,
    body: PenaltyMoved,
    actor: Mover,
    session: SessionDep,
    catalog: CatalogDep,
    now: Now,
    expected: VersionDep,
) -> Response:
    """Take a penalty from the wrong firm to the right one in one act: hidden here at once, submitted for review there.

    By `"cause": "succession"` it follows a firm that merged, was split or got a new code, where `basis` says that it does.
    """
    code, _ = read_uscc(uscc)
    order = Order(code, record_id, actor, expected, now)
    ended, made = await move_to(
        session,
        catalog,
        order,
        to_uscc=read_uscc(body.to_uscc)[0],
        party_name=body.party_name,
        reason=body.reason,
        succession_basis=body.basis,
    )
    views = [penalty_view(row, actor=actor, today=order.today) for row in (ended, made)]
    return json_response({"ended": views[0], "made": views[1]}, headers=OWN)
