"""The metadata all tables share, and the names of constraints."""

from sqlalchemy import CheckConstraint, MetaData
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

USCC_SHAPE = "uscc ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'"


class Base(DeclarativeBase):
    """Base of every table.

    `info["placement"]` says where a table would live when the schema is distributed: `subject` (by `uscc`), `reference`
    (a catalogue, copied everywhere) or `local` (coordinator: queues, log, imports, keys). A test holds the rules of each.
    Of a table with `info["append_only"]` the server's role is granted SELECT and INSERT only (`service.privileges`).
    """

    metadata = MetaData(naming_convention=NAMING)


#: What names no principal: an id is one, `command line` is not.
NO_PRINCIPAL = "!~ '^[0-9a-f]{8}-[0-9a-f-]{27}$'"


def two_pairs_of_eyes(proposed_by: str) -> tuple[CheckConstraint, CheckConstraint]:
    """Return the constraints of a table whose rows count from `confirmed_at` on, as somebody else than `proposed_by` says.

    `confirmed_by` is null where nobody else was needed.
    """
    return (
        CheckConstraint("confirmed_by IS NULL OR confirmed_at IS NOT NULL", name="confirmed_at_an_instant"),
        CheckConstraint(f"confirmed_by <> {proposed_by}", name="confirmed_by_somebody_else"),
    )


SUBJECT = {"placement": "subject"}
REFERENCE = {"placement": "reference"}
LOCAL = {"placement": "local"}
APPEND_ONLY = {"placement": "local", "append_only": "yes"}
