"""keep repairs and entry cases

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "case_event",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("case_kind", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("act", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("case_kind IN ('repair', 'objection')", name=op.f("ck_case_event_case_kind_known")),
        sa.PrimaryKeyConstraint("uscc", "case_id", "version_no", name=op.f("pk_case_event")),
        info={"placement": "subject"},
    )
    op.create_table(
        "objection",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("filed_by", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "nature IN ('inaccurate', 'wrong_subject', 'query')", name=op.f("ck_objection_nature_known")
        ),
        sa.CheckConstraint(
            "record_kind IN ('penalty', 'blacklist_entry')", name=op.f("ck_objection_record_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'upheld', 'rejected', 'taken_back')", name=op.f("ck_objection_state_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('upheld', 'rejected') OR decision_reason IS NOT NULL",
            name=op.f("ck_objection_decided_with_reasons"),
        ),
        sa.CheckConstraint("uscc ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'", name=op.f("ck_objection_uscc_shape")),
        sa.PrimaryKeyConstraint("uscc", "id", name=op.f("pk_objection")),
        info={"placement": "subject"},
    )
    op.create_index("ix_objection_authority", "objection", ["authority_code", "state"], unique=False)
    op.create_index("ix_objection_record", "objection", ["uscc", "record_id"], unique=False)
    op.create_table(
        "repair",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("intake", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=False),
        sa.Column("court_document_no", sa.Text(), nullable=True),
        sa.Column("filed_by", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_started_on", sa.Date(), nullable=True),
        sa.Column("acceptance_due_on", sa.Date(), nullable=True),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("decision_due_on", sa.Date(), nullable=True),
        sa.Column("provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("conditions", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("decision_basis", sa.Text(), nullable=True),
        sa.Column("decision_document_no", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(intake = 'local') = (clock_started_on IS NULL)", name=op.f("ck_repair_local_starts_no_clock")
        ),
        sa.CheckConstraint(
            "ground IN ('performance', 'bankruptcy_reorganisation')", name=op.f("ck_repair_ground_known")
        ),
        sa.CheckConstraint(
            "intake IN ('credit_china', 'gsxt', 'designated', 'local')", name=op.f("ck_repair_intake_known")
        ),
        sa.CheckConstraint("record_kind IN ('penalty', 'blacklist_entry')", name=op.f("ck_repair_record_kind_known")),
        sa.CheckConstraint("state <> 'refused' OR decision_basis IS NOT NULL", name=op.f("ck_repair_refused_by_law")),
        sa.CheckConstraint(
            "state IN ('filed', 'accepted', 'not_accepted', 'granted', 'refused', 'taken_back')",
            name=op.f("ck_repair_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('granted', 'refused', 'not_accepted') OR decision_reason IS NOT NULL",
            name=op.f("ck_repair_decided_with_reasons"),
        ),
        sa.CheckConstraint("uscc ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'", name=op.f("ck_repair_uscc_shape")),
        sa.PrimaryKeyConstraint("uscc", "id", name=op.f("pk_repair")),
        info={"placement": "subject"},
    )
    op.create_index("ix_repair_authority", "repair", ["authority_code", "state"], unique=False)
    op.create_index(
        "uq_repair_open",
        "repair",
        ["uscc", "record_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('filed', 'accepted')"),
    )
    op.create_table(
        "blacklist_entry_revocation",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("penalty_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("fell_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)", name=op.f("ck_blacklist_entry_revocation_decided_at_some_time")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'revoked', 'kept', 'ended')", name=op.f("ck_blacklist_entry_revocation_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["uscc", "entry_id"],
            ["blacklist_entry.uscc", "blacklist_entry.id"],
            name=op.f("fk_blacklist_entry_revocation_uscc_entry_id_blacklist_entry"),
        ),
        sa.PrimaryKeyConstraint("uscc", "id", name=op.f("pk_blacklist_entry_revocation")),
        info={"placement": "subject"},
    )
    op.create_index(
        "uq_blacklist_entry_revocation_open",
        "blacklist_entry_revocation",
        ["uscc", "entry_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "blacklist_entry_support",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("penalty_id", sa.Uuid(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["uscc", "entry_id"],
            ["blacklist_entry.uscc", "blacklist_entry.id"],
            name=op.f("fk_blacklist_entry_support_uscc_entry_id_blacklist_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["uscc", "penalty_id"],
            ["penalty.uscc", "penalty.id"],
            name=op.f("fk_blacklist_entry_support_uscc_penalty_id_penalty"),
        ),
        sa.PrimaryKeyConstraint("uscc", "entry_id", "penalty_id", name=op.f("pk_blacklist_entry_support")),
        info={"placement": "subject"},
    )
    op.create_index(
        "ix_blacklist_entry_support_penalty", "blacklist_entry_support", ["uscc", "penalty_id"], unique=False
    )
    op.add_column("blacklist_entry_version", sa.Column("ground_code", sa.Text(), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("legal_basis", sa.Text(), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("evidence", sa.Text(), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("found_on", sa.Date(), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("notified_on", sa.Date(), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("statement_until", sa.Date(), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("consented_on", sa.Date(), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("consent_document_no", sa.Text(), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("repair_notice_served_on", sa.Date(), nullable=True))


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
