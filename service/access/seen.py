"""Whose unpublished records an answer holds, noted where they are read, so that no endpoint can forget to say it.

The session of a request carries the set that becomes the `owners` of its audit entry; other sessions carry none, and nothing
is noted. That is how an authority learns who looked at what it has not published.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from service.db import ReadSession

_OWNERS: Final = "owners of unpublished records"


def note_in(session: AsyncSession | ReadSession, owners: set[str]) -> None:
    """Let `owners` be told whose unpublished records are read by this session."""
    session.info[_OWNERS] = owners


def note_owners(session: AsyncSession | ReadSession, codes: Iterable[str | None]) -> None:
    """Note that unpublished records of these authorities were read for the answer."""
    owners: set[str] | None = session.info.get(_OWNERS)
    if owners is not None:
        owners.update(code for code in codes if code is not None)


def note_versions(session: AsyncSession | ReadSession, rows: Iterable[Mapping[str, Any]], *, on: date) -> None:
    """Note the authorities of those versions of record that are not public on the legal day `on`."""
    note_owners(session, (row["authority_code"] for row in rows if not is_shown(row, on=on)))


def is_shown(row: Mapping[str, Any], *, on: date) -> bool:
    """Return whether a version of record is public on the legal day `on` (house decision 1)."""
    return (
        row["state"] == "published"
        and row["public_reason"] is None
        and row["public_from"] is not None
        and row["public_from"] <= on
        and (row["public_until"] is None or on <= row["public_until"])
    )
