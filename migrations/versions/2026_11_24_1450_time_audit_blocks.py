"""time audit blocks

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # No version that wrote blocks is older than this one: the table is empty.
    for name in ("first_at", "last_at"):
        op.add_column("audit_block", sa.Column(name, sa.DateTime(timezone=True), nullable=False))


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
