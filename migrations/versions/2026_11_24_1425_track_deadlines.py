"""track deadlines

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "deadline",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("deadline", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("bearer", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("met_on", sa.Date(), nullable=True),
        sa.Column("rejected_on", sa.Date(), nullable=True),
        sa.Column("rejections", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("reminded_for", sa.Date(), nullable=True),
        sa.Column("escalated_on", sa.Date(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('open', 'met', 'withheld', 'dropped')", name=op.f("ck_deadline_state_known")),
        sa.CheckConstraint(
            "bearer IN ('authority', 'registering_authority', 'subject')", name=op.f("ck_deadline_bearer_known")
        ),
        sa.CheckConstraint("(state = 'met') = (met_on IS NOT NULL)", name=op.f("ck_deadline_met_has_day")),
        sa.CheckConstraint("starts_on < due_on", name=op.f("ck_deadline_runs_forward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline")),
        info={"placement": "local"},
    )
    op.create_index("uq_deadline_record", "deadline", ["uscc", "record_id", "deadline"], unique=True)
    op.create_index("ix_deadline_due", "deadline", ["due_on", "id"], unique=False)
    op.create_index("ix_deadline_authority", "deadline", ["authority_code", "due_on", "id"], unique=False)
    op.create_index(
        "ix_deadline_open", "deadline", ["due_on", "id"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "deadline_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("deadline_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("was_due_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["deadline_id"], ["deadline.id"], name=op.f("fk_deadline_event_deadline_id_deadline")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_event")),
        info={"placement": "local"},
    )
    op.create_index("ix_deadline_event_deadline_id", "deadline_event", ["deadline_id", "id"], unique=False)
    op.create_index(
        "ix_deadline_event_moved", "deadline_event", ["id"], unique=False, postgresql_where=sa.text("event = 'moved'")
    )
    op.create_table(
        "deadline_cursor",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("law", sa.Text(), nullable=True),
        sa.Column("reviewing", sa.Text(), nullable=True),
        sa.Column("reviewed_uscc", sa.Text(), nullable=True),
        sa.Column("reviewed_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("one", name=op.f("ck_deadline_cursor_single_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_deadline_cursor")),
        info={"placement": "local"},
    )
    op.execute("INSERT INTO deadline_cursor (one, position) VALUES (true, 0)")


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
