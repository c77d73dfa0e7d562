"""correct entries

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    name = "blacklist_entry_correction"
    op.create_table(
        name,
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("version_no", sa.Integer(), nullable=True),
        sa.CheckConstraint("nature IN ('content', 'personal_data', 'secret')", name=op.f(f"ck_{name}_nature_known")),
        sa.CheckConstraint("state IN ('proposed', 'applied', 'rejected')", name=op.f(f"ck_{name}_state_known")),
        sa.CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name=op.f(f"ck_{name}_decided_by_somebody")),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> proposed_by", name=op.f(f"ck_{name}_reviewer_did_not_propose")
        ),
        sa.ForeignKeyConstraint(
            ["uscc", "entry_id"],
            ["blacklist_entry.uscc", "blacklist_entry.id"],
            name=op.f(f"fk_{name}_uscc_entry_id_blacklist_entry"),
        ),
        sa.PrimaryKeyConstraint("uscc", "id", name=op.f(f"pk_{name}")),
        info={"placement": "subject"},
    )
    op.create_index(
        f"uq_{name}_open", name, ["uscc", "entry_id"], unique=True, postgresql_where=sa.text("state = 'proposed'")
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
