"""sign in at issuers

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.alter_column("browser_session", "key_id", existing_type=sa.Uuid(), nullable=True)
    for column in (
        sa.Column("principal_id", sa.Uuid(), nullable=True),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("claim_grants", postgresql.JSONB(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("browser_session", column)
    op.create_foreign_key(
        op.f("fk_browser_session_principal_id_principal"), "browser_session", "principal", ["principal_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_browser_session_of_a_key_or_at_an_issuer"),
        "browser_session",
        "(key_id IS NULL) <> (principal_id IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_browser_session_principal_with_issuer"),
        "browser_session",
        "(principal_id IS NULL) = (issuer IS NULL) AND (principal_id IS NULL) = (name IS NULL)"
        " AND (principal_id IS NULL) = (claim_grants IS NULL)",
    )
    # Sign-ins live for hours, so the table is small and the index is built at once.
    op.create_index(
        "ix_browser_session_principal_id",
        "browser_session",
        ["principal_id"],
        postgresql_where=sa.text("principal_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM browser_session WHERE key_id IS NULL")
    op.drop_index("ix_browser_session_principal_id", "browser_session")
    op.drop_constraint(op.f("ck_browser_session_principal_with_issuer"), "browser_session")
    op.drop_constraint(op.f("ck_browser_session_of_a_key_or_at_an_issuer"), "browser_session")
    op.drop_constraint(op.f("fk_browser_session_principal_id_principal"), "browser_session")
    for name in ("confirmed_at", "claim_grants", "name", "issuer", "principal_id"):
        op.drop_column("browser_session", name)
    op.alter_column("browser_session", "key_id", existing_type=sa.Uuid(), nullable=False)
