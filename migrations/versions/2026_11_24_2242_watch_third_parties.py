"""watch third parties

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "third_party_service",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("terms_version", sa.Text(), nullable=False),
        sa.Column("terms_accepted_at", INSTANT, nullable=False),
        sa.Column("filing", sa.Text(), server_default=sa.text("'none'"), nullable=False),
        sa.Column("filing_no", sa.Text(), nullable=True),
        sa.Column("filed_with", sa.Text(), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("suspended_reason", sa.Text(), nullable=True),
        sa.Column("suspended_at", INSTANT, nullable=True),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint("state IN ('active', 'suspended')", name=op.f("ck_third_party_service_state_known")),
        sa.CheckConstraint(
            "(state = 'suspended') = (suspended_reason IS NOT NULL)",
            name=op.f("ck_third_party_service_suspended_says_why"),
        ),
        sa.CheckConstraint("filing IN ('none', 'filed', 'expired')", name=op.f("ck_third_party_service_filing_known")),
        sa.CheckConstraint(
            "filing = 'none' OR filing_no IS NOT NULL", name=op.f("ck_third_party_service_filed_has_number")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_third_party_service")),
        info={"placement": "local"},
    )
    op.create_index("uq_third_party_service_principal_id", "third_party_service", ["principal_id"], unique=True)
    op.create_table(
        "take_down_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("found", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("checked_by", sa.Text(), nullable=False),
        sa.Column("checked_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["third_party_service.id"], name=op.f("fk_take_down_check_service_id_third_party_service")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_take_down_check")),
        info={"placement": "local"},
    )
    op.create_index("ix_take_down_check_service_id", "take_down_check", ["service_id", "id"], unique=False)
    op.create_table(
        "service_complaint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entered_at", INSTANT, nullable=False),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.CheckConstraint("outcome IN ('upheld', 'rejected')", name=op.f("ck_service_complaint_outcome_known")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (reason IS NULL)", name=op.f("ck_service_complaint_settled_with_reason")
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["third_party_service.id"], name=op.f("fk_service_complaint_service_id_third_party_service")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_complaint")),
        info={"placement": "local"},
    )
    op.create_index("ix_service_complaint_service_id", "service_complaint", ["service_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("service_complaint")
    op.drop_table("take_down_check")
    op.drop_table("third_party_service")
