"""What an exporter may have delivered, and when the next delivery is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.errors import Conflict, Invalid, NotFound
from service.exports.rules import Selection
from service.exports.shapes import BY_NAME


class Every(StrEnum):
    """How often it is delivered: once in each day, ISO week or month in Shanghai time."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class NoSuchSelection(NotFound):
    """You have no selection of this id."""

    code = "no_such_selection"


class NoSuchTarget(Invalid):
    """`deliver_to` names no place that the operator's definitions open to you."""

    code = "no_such_target"


class UnknownColumns(Invalid):
    """`columns` names a table or a column that the published data do not have."""

    code = "unknown_columns"


class TooManySelections(Conflict):
    """An exporter has so many selections at most."""

    code = "too_many_selections"


#: Selections of one exporter, at most: each is an export of its own.
MOST: int = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be delivered: a selection of rows, with the columns and formats of its files."""

    tables: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] | None = None
    formats: tuple[str, ...] = ("csv",)
    compression: str = "none"
    bom: bool = False

    def check(self) -> None:
        """Refuse what cannot be selected.

        Raises:
            MalformedSelection: a table, region or list has not the form of one.
            UnknownColumns: a column is none of its table.
        """
        self.selection.check(tuple(BY_NAME))
        for table, names in (self.columns or {}).items():
            known = BY_NAME[table].names if table in BY_NAME else ()
            wrong = [name for name in names if name not in known]
            if not known or wrong:
                raise UnknownColumns(
                    f"{table} has no {', '.join(wrong)}; it has {', '.join(known)}."
                    if known
                    else f"There is no table {table!r}; tables are {', '.join(BY_NAME)}.",
                    detail_zh="所选字段或数据表不存在。",
                )

    @property
    def selection(self) -> Selection:
        """The rows."""
        return Selection(tuple(self.tables), tuple(self.regions), tuple(self.lists))


def period_of(every: Every, day: date) -> str:
    """Return the period in which a day lies: the day, its ISO week, or its month."""
    if every is Every.DAILY:
        return day.isoformat()
    if every is Every.WEEKLY:
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    return f"{day:%Y-%m}"
