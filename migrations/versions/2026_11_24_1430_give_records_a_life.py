"""give records a life

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PENALTY_STATES = "state IN ('draft', 'submitted', 'returned', 'approved', 'published', 'withheld', 'suspended', 'recalled', 'ended', 'void')"
ENTRY_STATES = "state IN ('draft', 'proposed', 'notified', 'consented', 'published', 'suspended', 'recalled', 'not_listed', 'ended', 'void')"
TRUTHS = (
    ("reviewer_did_not_record", "reviewer IS NULL OR NOT reviewer = ANY (recorders)"),
    ("ended_says_how", "state <> 'ended' OR ending IS NOT NULL OR command IN ('import', 'revert_import')"),
)
PENALTY_TRUTHS = (
    ("published_by_reviewer", "command <> 'publish' OR (reviewer IS NOT NULL AND published_on IS NOT NULL)"),
    (
        "withheld_has_reason_and_end",
        "state <> 'withheld' OR (reason IS NOT NULL AND withheld_until IS NOT NULL AND reviewer IS NOT NULL)",
    ),
    ("suspended_has_basis", "state <> 'suspended' OR (reason IS NOT NULL AND basis IS NOT NULL)"),
)
ENTRY_TRUTHS = (
    (
        "listed_by_reviewer_with_basis",
        "command <> 'list' OR (reviewer IS NOT NULL AND listed_on IS NOT NULL AND basis IS NOT NULL)",
    ),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "document",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("findings", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('decision', 'decision_redacted', 'summary', 'publication_notice', 'repair_notice', 'service_proof', 'evidence', 'proof_of_performance', 'credit_commitment', 'order', 'other')",
            name=op.f("ck_document_kind_known"),
        ),
        sa.CheckConstraint(
            "record_kind IN ('penalty', 'blacklist_entry', 'repair', 'objection')",
            name=op.f("ck_document_record_kind_known"),
        ),
        sa.CheckConstraint("uscc ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'", name=op.f("ck_document_uscc_shape")),
        sa.PrimaryKeyConstraint("uscc", "id", name=op.f("pk_document")),
        info={"placement": "subject"},
    )
    op.create_index("ix_document_record", "document", ["uscc", "record_id"], unique=False)
    op.create_index("ix_document_sha256", "document", ["sha256"], unique=False)
    op.create_table(
        "document_content",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("sha256 = encode(sha256(content), 'hex')", name=op.f("ck_document_content_digest_true")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_document_content")),
        info={"placement": "local"},
    )
    op.create_table(
        "outbox_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("record_kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_item")),
        info={"placement": "local"},
    )
    op.create_index(
        "ix_outbox_item_open", "outbox_item", ["topic", "id"], unique=False, postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_index("ix_outbox_item_uscc", "outbox_item", ["uscc", "record_id"], unique=False)
    op.create_table(
        "penalty_correction",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("penalty_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("version_no", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(state = 'proposed') = (decided_by IS NULL)", name=op.f("ck_penalty_correction_decided_by_somebody")
        ),
        sa.CheckConstraint(
            "nature IN ('content', 'personal_data', 'secret')", name=op.f("ck_penalty_correction_nature_known")
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'applied', 'rejected')", name=op.f("ck_penalty_correction_state_known")
        ),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> proposed_by",
            name=op.f("ck_penalty_correction_reviewer_did_not_propose"),
        ),
        sa.ForeignKeyConstraint(
            ["uscc", "penalty_id"],
            ["penalty.uscc", "penalty.id"],
            name=op.f("fk_penalty_correction_uscc_penalty_id_penalty"),
        ),
        sa.PrimaryKeyConstraint("uscc", "id", name=op.f("pk_penalty_correction")),
        info={"placement": "subject"},
    )
    op.create_index(
        "uq_penalty_correction_open",
        "penalty_correction",
        ["uscc", "penalty_id"],
        unique=True,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_table(
        "withdrawal_notice",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("penalty_id", sa.Uuid(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("authority_name", sa.Text(), nullable=False),
        sa.Column("fall", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fell_on", sa.Date(), nullable=False),
        sa.Column("shown_from", sa.Date(), nullable=False),
        sa.Column("shown_until", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "fall IN ('changed', 'revoked', 'unlawful', 'invalid')", name=op.f("ck_withdrawal_notice_fall_known")
        ),
        sa.CheckConstraint("shown_from <= shown_until", name=op.f("ck_withdrawal_notice_shown_for_a_while")),
        sa.ForeignKeyConstraint(
            ["uscc", "penalty_id"],
            ["penalty.uscc", "penalty.id"],
            name=op.f("fk_withdrawal_notice_uscc_penalty_id_penalty"),
        ),
        sa.PrimaryKeyConstraint("uscc", "penalty_id", name=op.f("pk_withdrawal_notice")),
        info={"placement": "subject"},
    )
    op.create_index(
        "ix_withdrawal_notice_shown_until", "withdrawal_notice", ["shown_until", "penalty_id"], unique=False
    )
    op.add_column("blacklist_entry_version", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("effective_on", sa.Date(), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("act", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("blacklist_entry_version", sa.Column("ending", sa.Text(), nullable=True))
    op.add_column(
        "blacklist_entry_version",
        sa.Column("recorders", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("blacklist_entry_version", sa.Column("reviewer", sa.Text(), nullable=True))
    op.add_column(
        "blacklist_entry_version",
        sa.Column("silences_before", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "blacklist_entry_version", sa.Column("redactions", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column(
        "blacklist_entry_version", sa.Column("originals", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column("penalty_version", sa.Column("served_on", sa.Date(), nullable=True))
    op.add_column("penalty_version", sa.Column("publication_told_on", sa.Date(), nullable=True))
    op.add_column("penalty_version", sa.Column("repair_notice_served_on", sa.Date(), nullable=True))
    op.add_column("penalty_version", sa.Column("restriction_until", sa.Date(), nullable=True))
    op.add_column("penalty_version", sa.Column("display_exception", sa.Text(), nullable=True))
    op.add_column("penalty_version", sa.Column("display_exception_until", sa.Date(), nullable=True))
    op.add_column("penalty_version", sa.Column("withheld_until", sa.Date(), nullable=True))
    op.add_column("penalty_version", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("penalty_version", sa.Column("effective_on", sa.Date(), nullable=True))
    op.add_column("penalty_version", sa.Column("act", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("penalty_version", sa.Column("ending", sa.Text(), nullable=True))
    op.add_column(
        "penalty_version", sa.Column("recorders", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("penalty_version", sa.Column("reviewer", sa.Text(), nullable=True))
    op.add_column(
        "penalty_version", sa.Column("silences_before", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("penalty_version", sa.Column("redactions", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("penalty_version", sa.Column("originals", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    for kind, states in (("penalty", PENALTY_STATES), ("blacklist_entry", ENTRY_STATES)):
        for table in (kind, f"{kind}_version"):
            name = op.f(f"ck_{table}_state_known")
            op.drop_constraint(name, table, type_="check")
            op.create_check_constraint(name, table, states)
        for name, truth in TRUTHS:
            op.create_check_constraint(op.f(f"ck_{kind}_version_{name}"), f"{kind}_version", truth)
    for name, truth in PENALTY_TRUTHS:
        op.create_check_constraint(op.f(f"ck_penalty_version_{name}"), "penalty_version", truth)
    for name, truth in ENTRY_TRUTHS:
        op.create_check_constraint(op.f(f"ck_blacklist_entry_version_{name}"), "blacklist_entry_version", truth)


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
