"""add the official calendar

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("year BETWEEN 1950 AND 2200", name=op.f("ck_calendar_year_year_sensible")),
        sa.CheckConstraint("revision > 0", name=op.f("ck_calendar_year_revision_counts")),
        sa.PrimaryKeyConstraint("year", "revision", name=op.f("pk_calendar_year")),
        info={"placement": "reference"},
    )
    op.create_table(
        "calendar_day",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_workday", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["year", "revision"],
            ["calendar_year.year", "calendar_year.revision"],
            name=op.f("fk_calendar_day_year_revision_calendar_year"),
        ),
        sa.PrimaryKeyConstraint("year", "revision", "day", name=op.f("pk_calendar_day")),
        info={"placement": "reference"},
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
