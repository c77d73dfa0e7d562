"""order job runs

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "job_order",
        sa.Column("job_name", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_name"], ["job.name"], name=op.f("fk_job_order_job_name_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_name", name=op.f("pk_job_order")),
        info={"placement": "local"},
    )


def downgrade() -> None:
    op.drop_table("job_order")
