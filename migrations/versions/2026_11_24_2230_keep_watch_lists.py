"""keep watch lists

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "watchlist",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code_count >= 0", name=op.f("ck_watchlist_codes_counted")),
        sa.ForeignKeyConstraint(["principal_id"], ["principal.id"], name=op.f("fk_watchlist_principal_id_principal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watchlist")),
        info={"placement": "local"},
    )
    op.create_index("ix_watchlist_principal_id", "watchlist", ["principal_id", "id"], unique=False)
    op.create_index("uq_watchlist_number", "watchlist", ["number"], unique=True)
    op.create_table(
        "watched_code",
        sa.Column("list_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("since_position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_number"],
            ["watchlist.number"],
            name=op.f("fk_watched_code_list_number_watchlist"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("list_number", "uscc", name=op.f("pk_watched_code")),
        info={"placement": "local"},
    )
    op.create_index("ix_watched_code_uscc", "watched_code", ["uscc", "list_number"], unique=False)
    op.add_column("webhook_endpoint", sa.Column("watchlist_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_webhook_endpoint_watchlist_id_watchlist"), "webhook_endpoint", "watchlist", ["watchlist_id"], ["id"]
    )
    op.create_index("ix_webhook_endpoint_watchlist_id", "webhook_endpoint", ["watchlist_id"], unique=False)


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
