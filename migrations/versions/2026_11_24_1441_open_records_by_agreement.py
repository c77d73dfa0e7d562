"""open records by agreement and let others stand in

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "data_supply",
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("stated_by", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('subjects', 'penalties', 'blacklist')", name=op.f("ck_data_supply_kind_known")),
        sa.CheckConstraint("every_days > 0", name=op.f("ck_data_supply_every_days_positive")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_data_supply_authority_code_authority")
        ),
        sa.PrimaryKeyConstraint("authority_code", "kind", name=op.f("pk_data_supply")),
        info={"placement": "local"},
    )
    op.create_table(
        "sharing_agreement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requester_code", sa.Text(), nullable=False),
        sa.Column("owner_code", sa.Text(), nullable=False),
        sa.Column("kinds", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'revoked') = (revoked_by IS NOT NULL)", name=op.f("ck_sharing_agreement_revoked_by_somebody")
        ),
        sa.CheckConstraint(
            "kinds <@ ARRAY['penalties', 'blacklist'] AND cardinality(kinds) > 0",
            name=op.f("ck_sharing_agreement_kinds_known"),
        ),
        sa.CheckConstraint(
            "state = 'requested' OR (decided_by IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_sharing_agreement_decided"),
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'approved', 'refused', 'revoked')", name=op.f("ck_sharing_agreement_state_known")
        ),
        sa.CheckConstraint("length(trim(purpose)) > 0", name=op.f("ck_sharing_agreement_has_purpose")),
        sa.CheckConstraint("owner_code <> requester_code", name=op.f("ck_sharing_agreement_between_two")),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_sharing_agreement_ends_after_it_begins")),
        sa.ForeignKeyConstraint(
            ["owner_code"], ["authority.code"], name=op.f("fk_sharing_agreement_owner_code_authority")
        ),
        sa.ForeignKeyConstraint(
            ["requester_code"], ["authority.code"], name=op.f("fk_sharing_agreement_requester_code_authority")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_agreement")),
        info={"placement": "local"},
    )
    op.create_index("ix_sharing_agreement_owner_code", "sharing_agreement", ["owner_code", "id"], unique=False)
    op.create_index("ix_sharing_agreement_requester_code", "sharing_agreement", ["requester_code", "id"], unique=False)
    op.create_table(
        "subject_authorisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("uscc ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'", name=op.f("ck_subject_authorisation_uscc_shape")),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_subject_authorisation_revoked_by_somebody")
        ),
        sa.CheckConstraint("length(trim(document)) > 0", name=op.f("ck_subject_authorisation_has_document")),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_subject_authorisation_ends_after_it_begins")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_subject_authorisation_authority_code_authority")
        ),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["principal.id"], name=op.f("fk_subject_authorisation_principal_id_principal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_authorisation")),
        info={"placement": "local"},
    )
    op.create_index(
        "ix_subject_authorisation_authority_code", "subject_authorisation", ["authority_code", "id"], unique=False
    )
    op.create_index("ix_subject_authorisation_principal_id", "subject_authorisation", ["principal_id"], unique=False)
    op.create_table(
        "substitution",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("for_principal_id", sa.Uuid(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'lent') = (for_principal_id IS NULL)", name=op.f("ck_substitution_lent_or_for_somebody")
        ),
        sa.CheckConstraint("kind IN ('substitute', 'delegation', 'lent')", name=op.f("ck_substitution_kind_known")),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_substitution_ended_by_somebody")),
        sa.CheckConstraint("length(trim(basis)) > 0", name=op.f("ck_substitution_has_basis")),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_substitution_ends_after_it_begins")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_substitution_authority_code_authority")
        ),
        sa.ForeignKeyConstraint(
            ["for_principal_id"], ["principal.id"], name=op.f("fk_substitution_for_principal_id_principal")
        ),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["principal.id"], name=op.f("fk_substitution_principal_id_principal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_substitution")),
        info={"placement": "local"},
    )
    op.create_index("ix_substitution_authority_code", "substitution", ["authority_code", "id"], unique=False)
    op.create_index(
        "ix_substitution_principal_id",
        "substitution",
        ["principal_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
