"""index deliveries

Every status answer says when each source delivered last; with many imports that must not read them all.

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # One row an import: built in a moment, so not concurrently.
    op.create_index(
        "ix_data_import_delivered",
        "data_import",
        ["source_code", "finished_at"],
        postgresql_where=sa.text("state = 'finished'"),
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
