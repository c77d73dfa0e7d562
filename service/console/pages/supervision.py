"""The city credit office's table: deadlines of a month by department and district, and what is covered."""

from datetime import date
from typing import Annotated, Final

from fastapi import Query, Response

from service.access.declared import Whose
from service.access.rules import Role
from service.console.desk import Desk, PageRouter, at_desk
from service.console.overview import WATCHERS
from service.console.rendering import show
from service.credit_records.queries import count_coverage
from service.credit_records.rules import classes
from service.deadlines.answers import COUNTS, month_view
from service.deadlines.lists import count_month, sight_of
from service.deadlines.rules import month_bounds
from service.http import MONTH, CatalogDep, ReadSessionDep

router = PageRouter()

#: Who may ask what is covered (`GET /v1/coverage`), and how authorities did in spot checks (`GET /v1/spot-checks/comparison`).
COVERAGE_READERS: Final = frozenset({Role.SUPERVISOR, Role.RULE_KEEPER, Role.AUDITOR})
RESULT_READERS: Final = frozenset({Role.RECORDER, Role.REVIEWER, Role.CONSENTER, Role.SUPERVISOR, Role.AUDITOR})


@router.get("/supervision")
async def show_month(
    desk: Annotated[Desk, at_desk(*sorted(WATCHERS), whose=Whose.SEEN)],
    session: ReadSessionDep,
    catalog: CatalogDep,
    month: Annotated[str, Query(pattern=f"{MONTH}|^$")] = "",
) -> Response:
    """Show the deadlines that fell due in a month, by department and district; without one, this month's."""
    month = month or f"{desk.today:%Y-%m}"
    first, behind = month_bounds(month)
    rows = await count_month(session, first=first, behind=behind, today=desk.today, sight=sight_of(desk.actor, catalog))
    lines = month_view(rows, catalog)
    total = {name: sum(line["total"][name] for line in lines) for name in COUNTS}
    return show(
        desk,
        "supervision.html",
        month=month,
        months=_months(first),
        counts=COUNTS,
        lines=lines,
        total=total,
        covers=desk.actor.may(*COVERAGE_READERS),
        checks=desk.actor.may(*RESULT_READERS),
    )


def _months(first: date) -> tuple[str, str]:
    """Return the month before and the month behind."""
    before, behind = divmod(first.year * 12 + first.month - 2, 12), divmod(first.year * 12 + first.month, 12)
    return f"{before[0]:04d}-{before[1] + 1:02d}", f"{behind[0]:04d}-{behind[1] + 1:02d}"


@router.get("/coverage")
async def show_coverage(
    desk: Annotated[Desk, at_desk(*sorted(COVERAGE_READERS))], session: ReadSessionDep, catalog: CatalogDep
) -> Response:
    """Show what there is, by district, source and class, and which classes have no record yet."""
    found = await count_coverage(session)
    there = {row["class_id"] for row in found["classes"]}
    return show(
        desk,
        "coverage.html",
        found=found,
        empty=sorted(set(classes()) - there),
        district=lambda code: catalog.region_name(code) or code or "—",
        source=lambda code: catalog.source_by_code[code].name if code in catalog.source_by_code else code,
    )
