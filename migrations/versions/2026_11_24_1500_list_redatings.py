"""list redatings

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "redating",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("rule_before", sa.Text(), nullable=True),
        sa.Column("rule_after", sa.Text(), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'applied', 'kept', 'moot')", name=op.f("ck_redating_state_known")),
        sa.CheckConstraint(
            "effect IN ('shorter', 'longer', 'shown', 'hidden', 'unchanged')", name=op.f("ck_redating_effect_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('applied', 'kept') OR decided_by IS NOT NULL", name=op.f("ck_redating_decided_by_somebody")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redating")),
        info={"placement": "local"},
    )
    op.create_index(
        "uq_redating_open",
        "redating",
        ["uscc", "record_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_redating_record", "redating", ["uscc", "record_id"], unique=False)
    op.create_index("ix_redating_authority", "redating", ["authority_code", "state", "id"], unique=False)
    op.create_table(
        "redating_cursor",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("law", sa.Text(), nullable=True),
        sa.Column("reviewing", sa.Text(), nullable=True),
        sa.Column("reviewed_uscc", sa.Text(), nullable=True),
        sa.Column("reviewed_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("one", name=op.f("ck_redating_cursor_single_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_redating_cursor")),
        info={"placement": "local"},
    )
    op.execute("INSERT INTO redating_cursor (one, position) VALUES (true, 0)")


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
