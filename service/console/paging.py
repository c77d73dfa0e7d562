"""Cursors of the console's lists."""

from uuid import UUID

from service.http import key_of


def id_after(cursor: str) -> UUID | None:
    """Return the id behind which a page begins; None for the first page.

    Raises:
        BadCursor: the cursor is none that a page gave.
    """
    key = key_of(cursor, UUID)
    return None if key is None else key[0]
