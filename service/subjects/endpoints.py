from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Response

from schemas.subjects import CreditFileOut, SubjectOut, SubjectPage, SubjectPut
from service.access.declared import Whose
from service.access.rules import Actor, Role, WhichAuthority
from service.access.seen import note_owners
from service.http import (
    KEY_REFUSALS,
    PUBLIC,
    ROLE_REFUSALS,
    VERSION_REFUSALS,
    ActorDep,
    BadCursor,
    CatalogDep,
    Now,
    PageDep,
    PutVersionDep,
    ReadSessionDep,
    SessionDep,
    Today,
    answers,
    cut_page,
    matches_etag,
    not_modified,
    require,
)
from service.records.asked import MOMENT_REFUSALS, PastDep
from service.status.actions import read_uscc
from service.status.answers import to_json
from service.status.rules import MalformedUscc
from service.subjects import examples
from service.subjects.actions import put_registration, read_credit_file, read_registration
from service.subjects.ranking import TermTooShort
from service.subjects.rules import ImpossibleRegistration, NoCreditFile, NoRegistration, Registration
from service.subjects.search import NothingToSearch, find_by_identifier, identifier_key, search_names, show_found
from service.subjects.views import unpublished_owners
from service.versions import version_etag

router = APIRouter(prefix="/v1/subjects", tags=["subjects"])

Registrar = Annotated[Actor, require(Role.REGISTRAR)]
Reader = Annotated[Actor, require(whose=Whose.SEEN)]
Uscc = Annotated[str, Path(max_length=200, description="Unified social credit code.", examples=[examples.USCC])]

#: Answers that differ by key are not kept by a cache that serves others.
OWN = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


def _json(content: object, *, status: int = 200, headers: dict[str, str]) -> Response:
    return Response(to_json(content), status_code=status, headers=headers, media_type="application/json")


@router.get(
    "",
    dependencies=[PUBLIC],
    summary="Search subjects by name or old number",
    response_model=SubjectPage,
    responses=answers(
        examples.PAGE, NothingToSearch, TermTooShort, BadCursor, *MOMENT_REFUSALS, words="Finds, best first."
    ),
)
async def search_subjects(
    session: ReadSessionDep,
    page: PageDep,
    today: Today,
    past: PastDep,
    name: Annotated[
        str | None, Query(max_length=200, description="Two characters or more of a name.", examples=["星屿贸易"])
    ] = None,
    identifier: Annotated[
        str | None,
        Query(min_length=4, max_length=40, description="Old registration number, organisation code or tax number."),
    ] = None,
) -> Response:
    """Find subjects by a name, a former name, or an identifier from before the credit code. No key is needed.

    Exact names come first, then names that begin with the term, former names, and names that share most of it; width, brackets
    and legal form do not count. Misspelt terms find likely names. A term that fits very many names ranks 1,000 of them and
    says so in `truncated`. With `known_at` names are those that were stated by then; a record of the past is found only while
    it may still be shown.
    """
    if (name is None) == (identifier is None):
        raise NothingToSearch("Give either name or identifier.", detail_zh="请提供 name 或 identifier 之一。")
    headers = {"Cache-Control": "no-cache"}
    if identifier is not None:
        hits = await find_by_identifier(session, identifier=identifier, past=past)
        part, following = cut_page(hits, page, identifier_key)
        return _json({"items": part, "next": following, "truncated": False}, headers=headers)
    search = await search_names(session, name=name or "", today=today, past=past)
    found, following = cut_page(search.found, page, lambda find: find.key)
    items = await show_found(session, found, past=past)
    return _json({"items": items, "next": following, "truncated": search.truncated}, headers=headers)


@router.get(
    "/{uscc}",
    summary="Read a registration",
    response_model=SubjectOut,
    responses={
        **answers(
            examples.SUBJECT, *KEY_REFUSALS, MalformedUscc, NoRegistration, words="The registration.", headers=("ETag",)
        ),
        304: {"description": "You have the present registration."},
    },
)
async def show_subject(
    uscc: Uscc,
    actor: ActorDep,
    session: ReadSessionDep,
    if_none_match: Annotated[str | None, Header(description="The ETag you have.")] = None,
) -> Response:
    """Give a subject's registration as a registry source stated it last; the ETag is its version."""
    code, _ = read_uscc(uscc)
    view, version_no = await read_registration(session, uscc=code, actor=actor)
    etag = version_etag(version_no)
    if matches_etag(if_none_match, etag):
        return not_modified(etag)
    return _json(view, headers={"ETag": etag, **OWN})


@router.put(
    "/{uscc}",
    summary="State a registration",
    response_model=SubjectOut,
    responses={
        **answers(
            examples.SUBJECT,
            *ROLE_REFUSALS,
            MalformedUscc,
            ImpossibleRegistration,
            WhichAuthority,
            *VERSION_REFUSALS,
            words="The registration as it stands now; nothing was changed if it stood so before.",
            headers=("ETag",),
        ),
        201: {"description": "The subject was not registered before, and is now."},
    },
)
async def put_subject(
    uscc: Uscc,
    body: Annotated[SubjectPut, Body(examples=[examples.PUT])],
    actor: Registrar,
    session: SessionDep,
    now: Now,
    expected: PutVersionDep,
) -> Response:
    """State the whole registration of a subject, as its registry. What is left out is not stated any more.

    A changed name becomes a former name, under which the subject is still found. `successors` are the codes under which a firm
    goes on that merged, was split or got a new code: status, search and credit file lead there. The same registration again changes nothing.
    A subject that is registered already needs `If-Match` with the ETag of the version that you change.
    """
    code, _ = read_uscc(uscc)
    stated = body.model_dump(exclude={"address", "former_names", "successors"})
    registration = Registration(
        **stated,
        former_names=tuple(dict.fromkeys(body.former_names)),
        registered_address=body.address,
        successors=tuple(dict.fromkeys(read_uscc(one)[0] for one in body.successors)),
    )
    put = await put_registration(session, uscc=code, registration=registration, actor=actor, expected=expected, now=now)
    return _json(put.view, status=201 if put.is_new else 200, headers={"ETag": version_etag(put.version_no), **OWN})


@router.get(
    "/{uscc}/credit-file",
    summary="Read a credit file",
    response_model=CreditFileOut,
    responses=answers(
        examples.CREDIT_FILE,
        *KEY_REFUSALS,
        MalformedUscc,
        NoCreditFile,
        *MOMENT_REFUSALS,
        words="The file as this key may see it.",
    ),
)
async def show_credit_file(
    uscc: Uscc, actor: Reader, session: ReadSessionDep, catalog: CatalogDep, past: PastDep
) -> Response:
    """Give everything recorded about a subject that the key may see today, each with its import, file, line and source.

    An authority's own people see the records of their authority and of those below it, drafts and ended ones too, and of
    others what sharing agreements open to it; a firm's agent sees all that was decided about the firm; auditors see all; every
    other key sees what is public. Of the past (`as_of`, `known_at`) own people see what was known then, everybody else what
    was told then and may still be told.
    """
    code, _ = read_uscc(uscc)
    file = await read_credit_file(session, catalog, uscc=code, actor=actor, past=past)
    note_owners(session, unpublished_owners(file))
    return _json(file, headers=OWN)
