"""report permits

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_feed_item_kind_known"), "feed_item", type_="check")
    op.create_check_constraint(
        op.f("ck_feed_item_kind_known"), "feed_item", "record_kind IN ('penalty', 'blacklist_entry', 'credit_record')"
    )
    op.drop_index("uq_feed_delivery_mark", table_name="feed_delivery")
    op.create_index("ix_feed_delivery_mark", "feed_delivery", ["feed_id", "name", "mark"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_feed_delivery_mark", table_name="feed_delivery")
    op.create_index("uq_feed_delivery_mark", "feed_delivery", ["feed_id", "name", "mark"], unique=True)
    op.execute("DELETE FROM feed_item WHERE record_kind = 'credit_record'")
    op.drop_constraint(op.f("ck_feed_item_kind_known"), "feed_item", type_="check")
    op.create_check_constraint(
        op.f("ck_feed_item_kind_known"), "feed_item", "record_kind IN ('penalty', 'blacklist_entry')"
    )
