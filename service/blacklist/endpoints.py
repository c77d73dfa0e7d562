from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from schemas.blacklist import (
    EntryCorrectionOut,
    EntryCorrectionProposed,
    EntryMovedOut,
    EntryOut,
    EntryPage,
    EntryTestOut,
    EntryVersionPage,
    RevocationPage,
)
from schemas.blacklist import EntryDraft as EntryDraftIn
from schemas.penalties import Moved
from service.access.declared import Whose
from service.access.rules import Actor, Role, WhichAuthority
from service.access.seen import note_owners
from service.blacklist import examples
from service.blacklist.actions import KIND, content_of, entry_tests, findings, get_visible, known_list
from service.blacklist.actions.correcting import move_entry, open_correction, propose_correction
from service.blacklist.actions.entering import EntryDraft, draft_entry
from service.blacklist.lists import Wanted, consents_of, list_entries
from service.blacklist.queries import find_revocation, list_revocations
from service.blacklist.rules import (
    EntryContent,
    EntryState,
    ListEnded,
    NoSuchPenalty,
    NotEnteredHere,
)
from service.blacklist.rules.entry_test import findings_view, needs_consent
from service.blacklist.transitions import ROUTES, SHOWN
from service.blacklist.views import correction_view, entry_view, revocation_view, versions_view
from service.catalog.rules import UnknownList
from service.http import (
    KEY_REFUSALS,
    ROLE_REFUSALS,
    BadCursor,
    CatalogDep,
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
from service.penalties.rules import CorrectionOpen, NoOpenCorrection, NothingChanged, SameSubject
from service.records.actions import Order
from service.records.asked import MOMENT_REFUSALS, PastDep, SidesDep
from service.records.queries import list_versions, list_visible
from service.records.routes import MOVE_REFUSALS, add_routes, after_move
from service.records.rules import ImpossibleDay, NoSuchRecord, OtherAuthority
from service.records.versions import NoSuchVersion
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc
from service.subjects.endpoints import OWN, Uscc
from service.versions import ANY_VERSION, version_etag

router = APIRouter(prefix="/v1", tags=["blacklist"])
PATH = "/subjects/{uscc}/blacklist-entries"
add_routes(router, PATH + "/{record_id}", ROUTES, SHOWN)

Reader = Annotated[Actor, require(whose=Whose.SEEN)]
Lister = Annotated[Actor, require(Role.LISTER, whose=Whose.OWN)]
Own = Annotated[Actor, require(Role.LISTER, Role.REVIEWER, Role.CONSENTER, whose=Whose.OWN)]


@router.get(
    PATH,
    summary="List blacklist entries of a subject",
    response_model=EntryPage,
    responses=answers(
        {"items": [examples.ENTRY], "next": None}, *KEY_REFUSALS, MalformedUscc, BadCursor, *MOMENT_REFUSALS
    ),
)
async def list_subject_entries(
    uscc: Uscc,
    actor: Reader,
    session: ReadSessionDep,
    page: PageDep,
    today: Today,
    past: PastDep,
    state: Annotated[EntryState | None, Query(description="Only those that stand in this state.")] = None,
) -> Response:
    """Give the entries of a subject that the key may see, oldest record first.

    Of the past (`as_of`, `known_at`) own people see what was known then, everybody else what was told then and may still be
    told.
    """
    code, _ = read_uscc(uscc)
    rows = await list_visible(
        session, KIND, uscc=code, actor=actor, state=state, after=page_after(page), limit=page.limit + 1, past=past
    )
    part, following = one_page(rows, page)
    day = today if past is None else past.day
    items = [entry_view(row, actor=actor, today=day) for row in part]
    return json_response({"items": items, "next": following}, headers=OWN)


@router.post(
    PATH,
    summary="Draft a blacklist entry",
    status_code=201,
    response_model=EntryOut,
    responses=answers(
        examples.ENTRY | {"state": "draft", "public": False},
        *ROLE_REFUSALS,
        MalformedUscc,
        WhichAuthority,
        OtherAuthority,
        UnknownList,
        NotEnteredHere,
        ListEnded,
        NoSuchPenalty,
        ImpossibleDay,
        *REPEAT_REFUSALS,
        status=201,
        words="The draft.",
        headers=("ETag", "Location"),
    ),
)
async def draft_blacklist_entry(
    uscc: Uscc,
    body: Annotated[EntryDraftIn, Body(examples=[examples.DRAFT])],
    actor: Lister,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
) -> Response:
    """Draft an entry on a list. The subject is on it only when it was told, heard, and somebody else decided."""
    code, _ = read_uscc(uscc)
    authority = body.authority or actor.authority_for(Role.LISTER)
    draft = EntryDraft(body.list, EntryContent(**body.stated()), tuple(dict.fromkeys(body.penalties)))
    row = await draft_entry(session, catalog, uscc=code, draft=draft, authority=authority, actor=actor, now=now)
    response.headers["Location"] = f"/v1/subjects/{code}/blacklist-entries/{row['id']}"
    return await after_move(session, SHOWN, row, Order(code, row["id"], actor, ANY_VERSION, now), made=response)


@router.get(
    "/blacklist-entries",
    summary="List blacklist entries of your office",
    response_model=EntryPage,
    responses=answers({"items": [examples.ENTRY], "next": None}, *ROLE_REFUSALS, BadCursor, UnknownList),
)
async def list_office_entries(
    actor: Annotated[Actor, require(Role.LISTER, Role.REVIEWER, Role.CONSENTER, Role.AUDITOR, whose=Whose.SEEN)],
    session: ReadSessionDep,
    catalog: CatalogDep,
    page: PageDep,
    today: Today,
    state: Annotated[EntryState | None, Query(description="Only those that stand in this state.")] = None,
    on_list: Annotated[
        str | None, Query(alias="list", max_length=200, description="Only those on this list, by its id.")
    ] = None,
    authority: Annotated[str | None, Query(max_length=200, description="Only those of this authority.")] = None,
    awaits_consent: Annotated[bool, Query(description="Only those that wait for your consent.")] = False,
) -> Response:
    """Give the entries of your authorities and of those under them, drafts and ended ones too, oldest record first.

    A consenter finds by `awaits_consent` what was told to the subject and needs the consent of the next higher authority.
    """
    if on_list is not None:
        known_list(catalog, on_list)
    wanted = Wanted(state, on_list, authority, consents_of(actor, catalog) if awaits_consent else None)
    rows = await list_entries(session, actor=actor, wanted=wanted, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(rows, page)
    items = [entry_view(row, actor=actor, today=today) for row in part]
    return json_response({"items": items, "next": following}, headers=OWN)


@router.get(
    "/blacklist-entries/revocations",
    summary="List revocations that opened by themselves",
    response_model=RevocationPage,
    responses=answers({"items": [examples.REVOCATION], "next": None}, *ROLE_REFUSALS, BadCursor),
)
async def list_entry_revocations(
    actor: Annotated[Actor, require(Role.LISTER, Role.REVIEWER, whose=Whose.OWN)],
    session: ReadSessionDep,
    page: PageDep,
    state: Annotated[Literal["open", "revoked", "kept", "ended"], Query(description="Which ones.")] = "open",
) -> Response:
    """Give the entries of your authority that no longer pass the test of their list since a penalty fell.

    Source: SAMR令44号 art. 19 (D10).
    """
    authorities = sorted(actor.authorities(Role.LISTER, Role.REVIEWER))
    rows = await list_revocations(
        session,
        authorities=authorities,
        state=state,
        after=key_of(page.after, date.fromisoformat, UUID),
        limit=page.limit + 1,
    )
    part = rows[: page.limit]
    following = encode_cursor((part[-1].due_on.isoformat(), str(part[-1].id))) if len(rows) > page.limit else None
    return json_response({"items": [revocation_view(one) for one in part], "next": following}, headers=OWN)


@router.get(
    PATH + "/{record_id}",
    summary="Read a blacklist entry",
    response_model=EntryOut,
    responses=answers(examples.ENTRY, *KEY_REFUSALS, MalformedUscc, NoSuchRecord, headers=("ETag",)),
)
async def show_entry(uscc: Uscc, record_id: UUID, actor: Reader, session: ReadSessionDep, today: Today) -> Response:
    """Give an entry as the key may see it; the ETag is the version that a move names in `If-Match`."""
    code, _ = read_uscc(uscc)
    row = await get_visible(session, uscc=code, record_id=record_id, actor=actor)
    headers = {"ETag": version_etag(row["version_no"]), **OWN}
    return json_response(entry_view(row, actor=actor, today=today), headers=headers)


@router.get(
    PATH + "/{record_id}/versions",
    summary="Read the versions of a blacklist entry",
    response_model=EntryVersionPage,
    responses=answers(
        {"items": [{"entry": examples.ENTRY, "changed": ["grounds"]}]},
        *KEY_REFUSALS,
        MalformedUscc,
        NoSuchRecord,
        NoSuchVersion,
    ),
)
async def list_entry_versions(
    uscc: Uscc, record_id: UUID, actor: Reader, session: ReadSessionDep, today: Today, sides: SidesDep
) -> Response:
    """Give the versions of an entry, each with what changed against the one before; or any two of them, compared."""
    code, _ = read_uscc(uscc)
    await get_visible(session, uscc=code, record_id=record_id, actor=actor)
    rows = await list_versions(session, KIND, uscc=code, record_id=record_id, actor=actor)
    return json_response({"items": versions_view(rows, actor=actor, today=today, sides=sides)}, headers=OWN)


@router.get(
    PATH + "/{record_id}/test",
    summary="Read the test of the list",
    response_model=EntryTestOut,
    responses=answers(examples.TEST, *ROLE_REFUSALS, MalformedUscc, NoSuchRecord, NotEnteredHere),
)
async def show_entry_test(
    uscc: Uscc, record_id: UUID, actor: Own, session: ReadSessionDep, catalog: CatalogDep
) -> Response:
    """Give the points of the list's test as they stand today for this entry, and an open revocation."""
    code, _ = read_uscc(uscc)
    row = await get_visible(session, uscc=code, record_id=record_id, actor=actor)
    test = entry_tests().get(row["list_id"])
    if row["authority_code"] not in actor.sees_records_of:
        raise OtherAuthority(
            "Only the entry's own authority and those above it test it.", detail_zh="该记录属于其他机关。"
        )
    if test is None:
        raise NotEnteredHere(
            f"No rule says how a subject is entered on {row['list_id']!r}.", detail_zh="该名单没有列入规则。"
        )
    note_owners(session, [row["authority_code"]])  # what the test finds, and a revocation, are published nowhere
    found = await findings(session, test, row, content_of(row))
    authority = catalog.authority_by_code[row["authority_code"]]
    revocation = await find_revocation(session, uscc=code, entry_id=record_id)
    return json_response(
        {
            "items": findings_view(found),
            "passes": all(one.holds for one in found),
            "consent_needed": needs_consent(test, authority.division_code),
            "revocation": None if revocation is None else revocation_view(revocation),
        },
        headers=OWN,
    )


@router.post(
    PATH + "/{record_id}/propose-correction",
    summary="Propose a correction of an entry",
    status_code=201,
    response_model=EntryCorrectionOut,
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
async def propose_entry_correction(
    uscc: Uscc,
    record_id: UUID,
    body: EntryCorrectionProposed,
    actor: Lister,
    session: CreatingSessionDep,
    response: Response,
    now: Now,
    expected: VersionDep,
) -> Response:
    """Propose a correction of an entry that is listed. What is shown stays until a reviewer puts it in force.

    What must not be seen a moment longer is recalled first. Source: SAMR令45号 art. 12.
    """
    code, _ = read_uscc(uscc)
    order = Order(code, record_id, actor, expected, now)
    await propose_correction(session, order, nature=body.nature, reason=body.reason, changes=body.changes.corrected())
    response.headers["Location"] = f"/v1/subjects/{code}/blacklist-entries/{record_id}/correction"
    found = correction_view(*await open_correction(session, order))
    return json_response(found, status=201, headers=OWN | dict(response.headers))


@router.get(
    PATH + "/{record_id}/correction",
    summary="Read the correction of an entry that waits",
    response_model=EntryCorrectionOut,
    responses=answers(
        examples.CORRECTION, *ROLE_REFUSALS, MalformedUscc, NoSuchRecord, OtherAuthority, NoOpenCorrection
    ),
)
async def show_entry_correction(
    uscc: Uscc,
    record_id: UUID,
    actor: Annotated[Actor, require(Role.LISTER, Role.REVIEWER, whose=Whose.OWN)],
    session: ReadSessionDep,
    now: Now,
) -> Response:
    """Give the correction that waits for its review: before and after."""
    code, _ = read_uscc(uscc)
    order = Order(code, record_id, actor, ANY_VERSION, now)
    return json_response(correction_view(*await open_correction(session, order)), headers=OWN)


@router.post(
    PATH + "/{record_id}/move",
    summary="Take an entry off the wrong firm",
    response_model=EntryMovedOut,
    responses=answers(
        {"ended": examples.ENTRY | {"state": "ended"}, "made": examples.ENTRY | {"state": "draft"}},
        *MOVE_REFUSALS,
        SameSubject,
    ),
)
async def move_blacklist_entry(
    uscc: Uscc,
    record_id: UUID,
    body: Moved,
    actor: Lister,
    session: SessionDep,
    now: Now,
    expected: VersionDep,
) -> Response:
    """Take an entry off the wrong firm at once, in one act; at the right firm it begins as a draft.

    Nobody is on a list who was not told and heard: notice, consent and the test of the list are the right firm's own.
    """
    code, _ = read_uscc(uscc)
    order = Order(code, record_id, actor, expected, now)
    rows = await move_entry(
        session, order, to_uscc=read_uscc(body.to_uscc)[0], party_name=body.party_name, reason=body.reason
    )
    ended, made = (entry_view(row, actor=actor, today=order.today) for row in rows)
    return json_response({"ended": ended, "made": made}, headers=OWN)
