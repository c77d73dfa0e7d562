from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from service.http import PUBLIC, CatalogDep, Now, ReadSessionDep, Today, encode_cursor, key_of
from service.penalties.queries import list_notices
from service.signing.keys import SigningKeys
from service.status.actions import Question, answer_question, read_uscc
from service.status.answers import to_json
from service.typesetting import Press
from service.web.actions.calculator import Case, see_rules
from service.web.actions.counts import Counts
from service.web.actions.firms import see_firm
from service.web.actions.home import see_home
from service.web.actions.lists import see_list, see_lists
from service.web.actions.releases import see_releases
from service.web.actions.reports import report_facts, report_sections
from service.web.actions.searching import SUGGESTIONS, search
from service.web.actions.shared import PAGE
from service.web.queries import EntryFilter
from service.web.rendering import HEADERS, render
from service.web.reports import TEMPLATE, make_mark, qr_source, read_mark, report_data, state_digest
from service.web.rules import FEN_PER_YUAN, language_of, read_term

router = APIRouter(include_in_schema=False, dependencies=[PUBLIC])

Text = Annotated[str, Query(max_length=400)]
Uscc = Annotated[str, Path(max_length=60)]


def _counts(request: Request) -> Counts:
    counts: Counts = request.app.state.page_counts
    return counts


@router.get("/")
@router.get("/en")
async def show_home(request: Request, session: ReadSessionDep, catalog: CatalogDep, now: Now) -> Response:
    """Show the search field, how much is published, what came last, and how fresh the sources are."""
    facts = await see_home(session, catalog, _counts(request), now)
    return render(request, "home.html", **facts)


@router.get("/search")
@router.get("/en/search")
async def show_search(request: Request, session: ReadSessionDep, now: Now, q: Text = "") -> Response:
    """Show what a name, code or number finds; a code or a number that finds one enterprise leads to its page."""
    term = read_term(q)
    if not term.text:
        return RedirectResponse(language_of(request.url.path).root or "/", status_code=303)
    hits = await search(session, term, now)
    if term.is_number and len(hits.items) == 1:
        return RedirectResponse(f"{language_of(request.url.path).root}/firms/{hits.items[0]['uscc']}", status_code=303)
    return render(request, "search.html", term=term.text, hits=hits)


@router.get("/suggest")
@router.get("/en/suggest")
async def show_suggestions(request: Request, session: ReadSessionDep, now: Now, q: Text = "") -> Response:
    """Give the best finds as a part of a page, for the search field to show while a visitor types."""
    hits = await search(session, read_term(q), now, limit=SUGGESTIONS)
    return render(request, "suggestions.html", hits=hits)


@router.get("/firms/{uscc}")
@router.get("/en/firms/{uscc}")
async def show_firm(request: Request, uscc: Uscc, session: ReadSessionDep, catalog: CatalogDep, now: Now) -> Response:
    """Show one enterprise: the outcome, and each record with why it is shown until when. JSON for who prefers it."""
    code, _ = read_uscc(uscc)
    if code != uscc:
        return RedirectResponse(f"{language_of(request.url.path).root}/firms/{code}", status_code=301)
    if _prefers_json(request.headers.get("accept", "")):
        answer = await answer_question(session, Question(code), divisions=catalog.known_divisions, now=now)
        return Response(to_json(answer.body), headers={**HEADERS, "ETag": answer.etag}, media_type="application/json")
    facts = await see_firm(session, catalog, code, now)
    return render(request, "firm.html", **facts)


@router.get("/firms/{uscc}/report")
@router.get("/en/firms/{uscc}/report")
async def show_report(request: Request, uscc: Uscc, session: ReadSessionDep, catalog: CatalogDep, now: Now) -> Response:
    """Show a report to print, with a mark that says later whether it was ours and still stands."""
    code, _ = read_uscc(uscc)
    page = await see_firm(session, catalog, code, now)
    language = language_of(request.url.path)
    address = _mark_address(request, page, now)
    return render(
        request,
        "report.html",
        facts=report_facts(page, language),
        outcome=page["answer"]["outcome"],
        sections=report_sections(page, language),
        address=address,
        qr=qr_source(address),
    )


@router.get("/firms/{uscc}/report.pdf")
@router.get("/en/firms/{uscc}/report.pdf")
async def download_report(
    request: Request, uscc: Uscc, session: ReadSessionDep, catalog: CatalogDep, now: Now
) -> Response:
    """Give the report as PDF."""
    code, _ = read_uscc(uscc)
    page = await see_firm(session, catalog, code, now)
    language = language_of(request.url.path)
    press: Press = request.app.state.press
    address = _mark_address(request, page, now)
    data = report_data(report_facts(page, language), report_sections(page, language), address=address)
    pdf = await press.set_pdf(TEMPLATE, data, now=now)
    name = {"Content-Disposition": f'inline; filename="{code}.pdf"'}
    return Response(pdf, headers={**HEADERS, **name}, media_type="application/pdf")


def _mark_address(request: Request, page: dict[str, Any], now: datetime) -> str:
    mark = make_mark(page["answer"], SigningKeys.of(request.app.state.settings), now=now)
    return str(request.url.replace(path=f"{language_of(request.url.path).root}/verify/{mark}", query=""))


@router.get("/verify/{mark}")
@router.get("/en/verify/{mark}")
async def verify_report(
    request: Request,
    mark: Annotated[str, Path(max_length=1000)],
    session: ReadSessionDep,
    catalog: CatalogDep,
    now: Now,
) -> Response:
    """Say whether a report was ours and still stands, and nothing of what it said."""
    known = read_mark(mark, SigningKeys.of(request.app.state.settings))
    if known is None:
        return render(request, "verify.html", status=404, verdict="foreign", made_at=None, position=0)
    answer = await answer_question(session, Question(known.uscc), divisions=catalog.known_divisions, now=now)
    verdict = "stands" if state_digest(answer.body) == known.digest else "outdated"
    return render(request, "verify.html", verdict=verdict, made_at=known.made_at, position=known.position)


def _prefers_json(accept: str) -> bool:
    kinds = [part.split(";")[0].strip() for part in accept.split(",")]
    return "application/json" in kinds and "text/html" not in kinds


@router.get("/lists")
@router.get("/en/lists")
async def show_lists(request: Request, session: ReadSessionDep, catalog: CatalogDep, now: Now) -> Response:
    """Show every list with its legal basis and how many entries are published."""
    return render(request, "lists.html", **await see_lists(session, catalog, now))


@router.get("/lists/{list_id}")
@router.get("/en/lists/{list_id}")
async def show_list(
    request: Request,
    list_id: Annotated[str, Path(max_length=60)],
    session: ReadSessionDep,
    catalog: CatalogDep,
    now: Now,
    region: Annotated[str, Query(pattern="^([0-9]{2}|[0-9]{4}|[0-9]{6})?$")] = "",
    authority: Text = "",
    listed_from: Text = "",
    listed_to: Text = "",
    cursor: Text = "",
) -> Response:
    """Show a list's published entries, newest first, filtered as asked."""
    wanted = EntryFilter(
        list_id,
        region=region or None,
        authority=authority or None,
        listed_from=_day(listed_from),
        listed_to=_day(listed_to),
    )
    facts = await see_list(
        session, catalog, _counts(request), wanted, after=key_of(cursor, date.fromisoformat, UUID), now=now
    )
    more = facts.pop("more")
    following = None if more is None else encode_cursor((more[0].isoformat(), more[1]))
    return render(request, "list.html", wanted=wanted, following=following, **facts)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


@router.get("/notices")
@router.get("/en/notices")
async def show_notices(
    request: Request,
    session: ReadSessionDep,
    catalog: CatalogDep,
    today: Today,
    now: Now,
    authority: Text = "",
    document_no: Text = "",
    cursor: Text = "",
) -> Response:
    """Show the notices of decisions that fell, while their authority has them shown."""
    after = key_of(cursor, date.fromisoformat, UUID)
    rows = await list_notices(
        session,
        today=today,
        authority=authority or None,
        document_no=document_no.strip() or None,
        after=after,
        limit=PAGE + 1,
    )
    shown = rows[:PAGE]
    last = shown[-1] if len(rows) > PAGE else None
    following = None if last is None else encode_cursor((last.shown_until.isoformat(), str(last.penalty_id)))
    return render(
        request,
        "notices.html",
        notices=shown,
        following=following,
        authority=authority,
        document_no=document_no,
        authorities=sorted(catalog.authorities, key=lambda one: one.name),
        now=now,
    )


@router.get("/data")
@router.get("/en/data")
async def show_releases(request: Request, session: ReadSessionDep, now: Now) -> Response:
    """Show the releases of the public data, with their files and how to verify them."""
    return render(request, "data.html", **await see_releases(session, now))


@router.get("/rules")
@router.get("/en/rules")
async def show_rules(
    request: Request,
    catalog: CatalogDep,
    kinds: Annotated[list[str] | None, Query(max_length=20)] = None,
    decided: Text = "",
    published: Text = "",
    fine: Text = "",
    province: Annotated[str, Query(pattern="^([0-9]{2})?$")] = "",
    system: Text = "market_regulation",
) -> Response:
    """Show the rows on periods of publication, and a calculator that applies them."""
    case = Case(
        kinds=frozenset(kinds or ()),
        decided_on=_day(decided),
        published_on=_day(published),
        fine_fen=_fen(fine),
        province=province or None,
        system=system,
    )
    asked: dict[str, Any] = {"asked": bool(kinds or decided), "fine": fine}
    return render(request, "rules.html", **asked, **see_rules(catalog, case))


def _fen(text: str) -> int | None:
    try:
        amount = Decimal(text.replace(",", "").strip()) if text else None
    except InvalidOperation:
        return None
    return None if amount is None or not 0 <= amount < 10**14 else round(amount * FEN_PER_YUAN)
