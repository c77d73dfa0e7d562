"""hold by volume

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("feed_delivery", sa.Column("source_code", sa.Text(), nullable=True))
    op.add_column("feed_delivery", sa.Column("authority_code", sa.Text(), nullable=True))
    op.add_column("feed_delivery", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("feed_delivery", sa.Column("decide_by", sa.Date(), nullable=True))
    op.add_column("feed_delivery", sa.Column("ends_import_id", sa.Uuid(), nullable=True))
    op.add_column("feed_delivery", sa.Column("ends_count", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index(
        "ix_feed_delivery_unconfirmed",
        "feed_delivery",
        ["source_code"],
        unique=False,
        postgresql_where=sa.text("held_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_feed_delivery_unconfirmed", table_name="feed_delivery")
    for name in ("ends_count", "ends_import_id", "decide_by", "held_at", "authority_code", "source_code"):
        op.drop_column("feed_delivery", name)
