"""remind and show quality

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "reminder_letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("overdue", sa.Integer(), nullable=False),
        sa.Column("page", postgresql.JSONB(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("extract(isodow FROM week_on) = 1", name=op.f("ck_reminder_letter_week_begins_on_monday")),
        sa.CheckConstraint("overdue > 0", name=op.f("ck_reminder_letter_something_is_overdue")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_reminder_letter_authority_code_authority")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_letter")),
        info={"placement": "local"},
    )
    op.create_index("uq_reminder_letter_week", "reminder_letter", ["authority_code", "week_on"], unique=True)
    op.create_table(
        "quality_sheet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("extract(day FROM month_on) = 1", name=op.f("ck_quality_sheet_month_begins_on_its_first")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_quality_sheet_authority_code_authority")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_sheet")),
        info={"placement": "local"},
    )
    op.create_index("uq_quality_sheet_month", "quality_sheet", ["authority_code", "month_on"], unique=True)


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
