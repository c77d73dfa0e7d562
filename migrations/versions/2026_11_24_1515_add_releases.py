"""add releases

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "export_release",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("span", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("horizon_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_position", sa.BigInteger(), nullable=True),
        sa.Column("from_horizon_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_position", sa.BigInteger(), nullable=False),
        sa.Column("previous_id", sa.Text(), nullable=True),
        sa.Column("successor_id", sa.Text(), nullable=True),
        sa.Column("manifest", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sums", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withheld_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('full', 'delta', 'statistics')", name=op.f("ck_export_release_kind_known")),
        sa.CheckConstraint(
            "state IN ('published', 'withheld', 'replaced', 'held_back')", name=op.f("ck_export_release_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'replaced') = (successor_id IS NOT NULL)", name=op.f("ck_export_release_replaced_names_successor")
        ),
        sa.CheckConstraint(
            "(state = 'held_back') = (problem IS NOT NULL)", name=op.f("ck_export_release_held_back_says_why")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_release")),
        info={"placement": "local"},
    )
    op.create_index(
        "uq_export_release_present",
        "export_release",
        ["slot"],
        unique=True,
        postgresql_where=sa.text("state IN ('published', 'withheld') AND kind <> 'statistics'"),
    )
    op.create_index("ix_export_release_created_at", "export_release", ["created_at", "id"], unique=False)


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
