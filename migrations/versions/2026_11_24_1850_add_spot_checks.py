"""add spot checks

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "spot_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_until", sa.Date(), nullable=False),
        sa.Column("per_authority", sa.Integer(), nullable=False),
        sa.Column("seed_source", sa.Text(), nullable=False),
        sa.Column("form_edition", sa.Text(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("population_digest", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=True),
        sa.Column("announced_by", sa.Text(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=True),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('announced', 'drawn')", name=op.f("ck_spot_check_state_known")),
        sa.CheckConstraint("(state = 'announced') = (seed IS NULL)", name=op.f("ck_spot_check_drawn_by_a_seed")),
        sa.CheckConstraint("period_from <= period_until", name=op.f("ck_spot_check_period_runs_forward")),
        sa.CheckConstraint("per_authority > 0", name=op.f("ck_spot_check_size_positive")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_spot_check_authority_code_authority")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_check")),
        info={"placement": "local"},
    )
    op.create_table(
        "spot_check_member",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("record_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["spot_check.id"], name=op.f("fk_spot_check_member_check_id_spot_check")),
        sa.PrimaryKeyConstraint("check_id", "key", name=op.f("pk_spot_check_member")),
        info={"placement": "local"},
    )
    op.create_table(
        "spot_check_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("record_version", sa.Integer(), nullable=False),
        sa.Column("scores", postgresql.JSONB(), nullable=True),
        sa.Column("findings", postgresql.JSONB(), nullable=True),
        sa.Column("scored_by", sa.Text(), nullable=True),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", postgresql.JSONB(), nullable=True),
        sa.Column("closed", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "state IN ('drawn', 'passed', 'returned', 'answered', 'closed')",
            name=op.f("ck_spot_check_item_state_known"),
        ),
        sa.CheckConstraint(
            "(state = 'drawn') = (scores IS NULL)", name=op.f("ck_spot_check_item_scored_once_it_was_looked_at")
        ),
        sa.CheckConstraint(
            "state NOT IN ('answered', 'closed') OR answer IS NOT NULL",
            name=op.f("ck_spot_check_item_answered_says_what"),
        ),
        sa.ForeignKeyConstraint(["check_id"], ["spot_check.id"], name=op.f("fk_spot_check_item_check_id_spot_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_check_item")),
        info={"placement": "local"},
    )
    op.create_index("ix_spot_check_item_check_id", "spot_check_item", ["check_id", "id"])
    op.create_index("ix_spot_check_item_authority", "spot_check_item", ["authority_code", "state", "id"])


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
