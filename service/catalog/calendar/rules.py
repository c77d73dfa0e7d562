from dataclasses import dataclass
from datetime import datetime

from service.working_days.rules import CalendarDay


@dataclass(frozen=True, slots=True)
class KnownYear:
    """The calendar of one year as a notice gives it; `revision`, `loaded_by` and `loaded_at` once it is stored.

    `days` are those that differ from Monday to Friday, sorted; December of the year before may be among them.
    """

    year: int
    title: str
    document_no: str | None
    source: str
    days: tuple[CalendarDay, ...]
    revision: int = 0
    loaded_by: str = ""
    loaded_at: datetime | None = None
