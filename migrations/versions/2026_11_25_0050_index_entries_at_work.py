"""index entries at work

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_AT_WORK = "superseded_at IS NULL AND state IN ('draft', 'proposed', 'notified', 'consented', 'suspended', 'recalled')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Few rows of one table are in it: built by one scan, so not concurrently.
    op.create_index(
        "ix_blacklist_entry_version_at_work",
        "blacklist_entry_version",
        ["authority_code", "id"],
        unique=False,
        postgresql_where=sa.text(_AT_WORK),
    )


def downgrade() -> None:
    op.drop_index("ix_blacklist_entry_version_at_work", table_name="blacklist_entry_version")
