"""add job runs

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "job",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint("every_seconds > 0", name=op.f("ck_job_wakes_sometimes")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job")),
        info={"placement": "local"},
    )
    op.create_table(
        "job_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_name", sa.Text(), nullable=False),
        sa.Column("scheduled_for", sa.DateTime(timezone=True)),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_ms", sa.BigInteger()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger()),
        sa.Column("problem", sa.Text()),
        sa.Column("missed_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("outcome IN ('running', 'done', 'failed', 'killed')", name=op.f("ck_job_run_outcome_known")),
        sa.CheckConstraint("(outcome = 'failed') = (problem IS NOT NULL)", name=op.f("ck_job_run_failed_says_why")),
        sa.CheckConstraint("(outcome = 'done') = (count IS NOT NULL)", name=op.f("ck_job_run_done_has_count")),
        sa.CheckConstraint(
            "(outcome IN ('done', 'failed')) = (duration_ms IS NOT NULL)", name=op.f("ck_job_run_ended_has_duration")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
        info={"placement": "local"},
    )
    op.create_index(
        "uq_job_run_tick",
        "job_run",
        ["job_name", "scheduled_for"],
        unique=True,
        postgresql_where=sa.text("scheduled_for IS NOT NULL"),
    )
    op.create_index("ix_job_run_job_name", "job_run", ["job_name", "id"])
    op.create_index("ix_job_run_started_at", "job_run", ["started_at"])


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
