"""state former codes

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "subject_version",
        sa.Column("former_codes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("subject_version", sa.Column("former_succession", sa.Text(), nullable=True))
    # Few rows state former codes, so that this index is small and quickly built.
    op.create_index(
        "ix_subject_version_former_codes",
        "subject_version",
        ["uscc"],
        unique=False,
        postgresql_where=sa.text("superseded_at IS NULL AND former_codes <> '{}'"),
    )


def downgrade() -> None:
    op.drop_index("ix_subject_version_former_codes", table_name="subject_version")
    op.drop_column("subject_version", "former_succession")
    op.drop_column("subject_version", "former_codes")
