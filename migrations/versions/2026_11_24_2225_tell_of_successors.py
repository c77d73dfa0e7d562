"""tell of successors

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("subject_version", sa.Column("succession", sa.Text(), nullable=True))
    op.add_column(
        "subject_version",
        sa.Column("successors", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("subject_version", sa.Column("succeeded_on", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_subject_version_succession_known"),
        "subject_version",
        "succession IN ('merged', 'split', 'code_changed') AND successors <> '{}' OR succession IS NULL AND successors = '{}'",
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
