"""redate entries

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("redating", sa.Column("record_kind", sa.Text(), server_default=sa.text("'penalty'"), nullable=False))
    op.create_check_constraint(
        op.f("ck_redating_record_kind_known"), "redating", "record_kind IN ('penalty', 'blacklist_entry')"
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
