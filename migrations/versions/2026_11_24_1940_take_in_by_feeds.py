"""take in by feeds

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "feed_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("brake", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("hidden_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("restored_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('fetched', 'checking', 'held', 'importing', 'taken', 'failed', 'rejected')",
            name=op.f("ck_feed_delivery_state_known"),
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR reason IS NOT NULL", name=op.f("ck_feed_delivery_decided_with_reason")
        ),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_feed_delivery_feed_id_feed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_delivery")),
        info={"placement": "local"},
    )
    op.create_index(
        "ix_feed_delivery_open",
        "feed_delivery",
        ["feed_id"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('taken', 'failed', 'rejected')"),
    )
    op.create_index("uq_feed_delivery_mark", "feed_delivery", ["feed_id", "name", "mark"], unique=True)
    op.create_table(
        "feed_missing",
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("record_kind IN ('penalty', 'blacklist_entry')", name=op.f("ck_feed_missing_kind_known")),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_feed_missing_feed_id_feed")),
        sa.PrimaryKeyConstraint("feed_id", "uscc", "record_id", name=op.f("pk_feed_missing")),
        info={"placement": "local"},
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
