"""trust sources

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

VERSIONS = ("subject_version", "penalty_version", "blacklist_entry_version")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "source", sa.Column("trust", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    for table in VERSIONS:
        op.add_column(table, sa.Column("field_sources", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_index(
        "ix_source_statement_open",
        "source_statement",
        ["uscc", "kind", "record_id", "source_code"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )


def downgrade() -> None:
    op.drop_index("ix_source_statement_open", table_name="source_statement")
    for table in reversed(VERSIONS):
        op.drop_column(table, "field_sources")
    op.drop_column("source", "trust")
