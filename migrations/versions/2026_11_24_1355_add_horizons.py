"""add horizons

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "horizon",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("at", name=op.f("pk_horizon")),
        info={"placement": "local"},
    )
    for table in ("penalty_version", "blacklist_entry_version"):
        for edge in ("public_from", "public_until"):
            op.create_index(
                f"ix_{table}_{edge}",
                table,
                [edge],
                unique=False,
                postgresql_where=sa.text("superseded_at IS NULL AND state = 'published'"),
            )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
