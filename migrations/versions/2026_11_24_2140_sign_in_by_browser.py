"""sign in by browser

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "browser_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_browser_session_ends_after_it_begins")),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_browser_session_key_id_api_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_browser_session")),
        info={"placement": "local"},
    )
    op.create_index("uq_browser_session_token_hash", "browser_session", ["token_hash"], unique=True)
    op.create_index("ix_browser_session_key_id", "browser_session", ["key_id"])


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
