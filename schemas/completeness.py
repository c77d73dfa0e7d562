from schemas.base import Output


class SeriesOut(Output):
    """The numbers of one office and year; a series begins with 1."""

    office: str
    year: int
    first: int
    last: int
    known: int
    missing: list[int]


class SeriesPage(Output):
    """All series of an authority."""

    items: list[SeriesOut]


class UnreadableLine(Output):
    """A line in which no document number was found."""

    line: int
    text: str


class ComparedNumbers(Output):
    """A file of case numbers against the records here."""

    in_file: int
    in_both: int
    missing_here: list[str]
    missing_there: list[str]
    unreadable: list[UnreadableLine]
