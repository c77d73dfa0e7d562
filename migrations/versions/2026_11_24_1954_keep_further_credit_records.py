"""keep further credit records

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "credit_record_version",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("class_id", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("source_code", sa.Text(), nullable=False),
        sa.Column("party_name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("document_key", sa.Text(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("uscc ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'", name=op.f("ck_credit_record_version_uscc_shape")),
        sa.CheckConstraint("state IN ('recorded', 'withdrawn')", name=op.f("ck_credit_record_version_state_known")),
        sa.CheckConstraint(
            "state <> 'withdrawn' OR reason IS NOT NULL", name=op.f("ck_credit_record_version_withdrawn_says_why")
        ),
        sa.PrimaryKeyConstraint("uscc", "id", "version_no", name=op.f("pk_credit_record_version")),
        info={"placement": "subject"},
    )
    op.create_index(
        "uq_credit_record_version_current",
        "credit_record_version",
        ["uscc", "id"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_index(
        "uq_credit_record_version_number",
        "credit_record_version",
        ["uscc", "class_id", "authority_code", "document_key"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL AND state = 'recorded' AND document_key IS NOT NULL"),
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
