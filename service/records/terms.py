"""Terms of the rulebook's deadlines, counted on the official calendar."""

from datetime import date

from service.catalog.rules import Catalog
from service.working_days.rules import Due, due_day


def due_by(catalog: Catalog, deadline: str, start: date) -> Due | None:
    """Return the last day of a statutory term such as `D05` that begins with an event on `start`.

    None: no row of it is in force on that day, or the law gives no number of days.
    """
    rule = catalog.deadlines.find(deadline, on=start)
    return None if rule is None or rule.limit is None else due_day(start, rule.limit, catalog.calendar)


def due_view(deadline: str | None, term: Due | None) -> dict[str, object]:
    """Return a term as a version keeps it: deadline, last day, and whether a missing notice may still move that day."""
    return {
        "deadline": deadline,
        "due_on": None if term is None else term.on.isoformat(),
        "provisional": term is not None and term.provisional,
    }
