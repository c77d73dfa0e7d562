"""deliver selections

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_feed_direction_known"), "feed", type_="check")
    op.create_check_constraint(op.f("ck_feed_direction_known"), "feed", "direction IN ('out', 'in', 'exports')")
    op.create_table(
        "export_selection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("deliver_to", sa.Text(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("last_period", sa.Text(), nullable=True),
        sa.Column("last_release", sa.Text(), nullable=True),
        sa.Column("last_horizon_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_digest", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", postgresql.JSONB(astext_type=sa.Text(), none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("every IN ('daily', 'weekly', 'monthly')", name=op.f("ck_export_selection_every_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_selection")),
        info={"placement": "local"},
    )
    op.create_index("ix_export_selection_principal_id", "export_selection", ["principal_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("export_selection")
    op.drop_constraint(op.f("ck_feed_direction_known"), "feed", type_="check")
    op.create_check_constraint(op.f("ck_feed_direction_known"), "feed", "direction IN ('out', 'in')")
