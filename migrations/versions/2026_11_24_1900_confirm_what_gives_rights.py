"""confirm what gives rights

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

PROPOSED = {
    "access_grant": ("granted_by", "granted_at"),
    "api_key": ("created_by", "created_at"),
    "substitution": ("registered_by", "registered_at"),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("principal", sa.Column("blocked_by", sa.Text()))
    op.add_column("principal", sa.Column("blocked_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        op.f("ck_principal_blocked_by_somebody"), "principal", "(blocked_at IS NULL) = (blocked_by IS NULL)"
    )
    for table, (by, at) in PROPOSED.items():
        op.add_column(table, sa.Column("confirmed_by", sa.Text()))
        op.add_column(table, sa.Column("confirmed_at", sa.DateTime(timezone=True)))
        # What is there counts already; that no second administrator looked at it is written down.
        op.execute(f"UPDATE {table} SET confirmed_at = {at}, confirmed_by = 'upgrade'")  # noqa: S608 - names above
        op.create_check_constraint(
            op.f(f"ck_{table}_confirmed_at_an_instant"), table, "confirmed_by IS NULL OR confirmed_at IS NOT NULL"
        )
        op.create_check_constraint(op.f(f"ck_{table}_confirmed_by_somebody_else"), table, f"confirmed_by <> {by}")
    op.create_check_constraint(
        op.f("ck_access_grant_not_by_one_administrator"),
        "access_grant",
        "role IN ('exporter', 'platform', 'subject_agent') OR confirmed_at IS NULL OR confirmed_by IS NOT NULL"
        " OR granted_by !~ '^[0-9a-f]{8}-[0-9a-f-]{27}$'",
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
