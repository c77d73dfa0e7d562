"""Cursors of the console's lists."""

from uuid import UUID

from service.http import BadCursor, decode_cursor


def id_after(cursor: str) -> UUID | None:
    """Return the id behind which a page begins; None for the first page.

    Raises:
        BadCursor: the cursor is none that a page gave.
    """
    if not cursor:
        return None
    try:
        (last,) = decode_cursor(cursor)
        return UUID(last)
    except ValueError as error:
        raise BadCursor("The cursor is not one that this page gave.", detail_zh="翻页游标无效。") from error
