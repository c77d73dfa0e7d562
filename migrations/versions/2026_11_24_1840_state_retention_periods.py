"""state retention periods

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "retention_period",
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("years", sa.Integer(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("stated_by", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "record_kind IN ('penalty', 'blacklist_entry')", name=op.f("ck_retention_period_record_kind_known")
        ),
        sa.CheckConstraint("years > 0", name=op.f("ck_retention_period_years_positive")),
        sa.CheckConstraint("length(trim(basis)) > 0", name=op.f("ck_retention_period_has_basis")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_retention_period_authority_code_authority")
        ),
        sa.PrimaryKeyConstraint("authority_code", "record_kind", name=op.f("pk_retention_period")),
        info={"placement": "local"},
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
