"""screen merchant bases

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "screening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("list_name", sa.Text(), nullable=True),
        sa.Column("compared_with", sa.Uuid(), nullable=True),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("done_share", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("checked_position", sa.BigInteger(), nullable=True),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown_until", sa.Date(), nullable=True),
        sa.Column("sums", postgresql.JSONB(), nullable=True),
        sa.Column("result_size", sa.BigInteger(), nullable=True),
        sa.Column("result_sha256", sa.Text(), nullable=True),
        sa.Column("problem", postgresql.JSONB(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("keep_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'finished', 'outdated', 'failed', 'cancelled')",
            name=op.f("ck_screening_state_known"),
        ),
        sa.CheckConstraint(
            "state <> 'finished' OR (position IS NOT NULL AND checked_position IS NOT NULL AND sums IS NOT NULL"
            " AND result_sha256 IS NOT NULL)",
            name=op.f("ck_screening_finished_is_whole"),
        ),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"], name=op.f("fk_screening_principal_id_principal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening")),
        info={"placement": "local"},
    )
    op.create_index("ix_screening_principal_id", "screening", ["principal_id", "id"], unique=False)
    op.create_index("ix_screening_keep_until", "screening", ["keep_until"], unique=False)
    op.create_index(
        "ix_screening_open",
        "screening",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )


def downgrade() -> None:
    op.drop_table("screening")
