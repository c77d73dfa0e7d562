"""propose rules

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("legal_rule", sa.Column("origin", sa.Text(), server_default=sa.text("'seed'"), nullable=False))
    op.add_column("legal_rule", sa.Column("supersedes", sa.Text(), nullable=True))
    op.add_column("legal_rule", sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_legal_rule_origin_known"), "legal_rule", "origin IN ('seed', 'entered')")
    op.create_check_constraint(op.f("ck_legal_rule_supersedes_another"), "legal_rule", "supersedes <> id")
    op.create_table(
        "rule_proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("supersedes", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('period', 'deadline', 'parameter')", name=op.f("ck_rule_proposal_kind_known")),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name=op.f("ck_rule_proposal_state_known")),
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_by IS NULL)", name=op.f("ck_rule_proposal_decided_by_somebody")
        ),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_rule_proposal_keepers_are_two")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_proposal")),
        info={"placement": "local"},
    )
    op.create_index(
        "uq_rule_proposal_open",
        "rule_proposal",
        ["rule_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
