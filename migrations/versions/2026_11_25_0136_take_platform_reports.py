"""take platform reports

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "platform_measure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("shop_name", sa.Text(), nullable=False),
        sa.Column("violation", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("publish_by", sa.Date(), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("taken_down_on", sa.Date(), nullable=True),
        sa.Column("taken_down_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "measure IN ('warning', 'suspension', 'termination')", name=op.f("ck_platform_measure_measure_known")
        ),
        sa.CheckConstraint(
            "taken_down_because IN ('ended', 'corrected', 'withdrawn')", name=op.f("ck_platform_measure_reason_known")
        ),
        sa.CheckConstraint(
            "(taken_down_on IS NULL) = (taken_down_because IS NULL)",
            name=op.f("ck_platform_measure_taken_down_says_why"),
        ),
        sa.CheckConstraint("published_on >= taken_on", name=op.f("ck_platform_measure_taken_before_published")),
        sa.CheckConstraint(
            "taken_down_on >= published_on", name=op.f("ck_platform_measure_published_before_taken_down")
        ),
        sa.CheckConstraint("until_on >= taken_on", name=op.f("ck_platform_measure_ends_after_it_begins")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_platform_measure_authority_code_authority")
        ),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["principal.id"], name=op.f("fk_platform_measure_principal_id_principal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_measure")),
        info={"placement": "local"},
    )
    op.create_index("ix_platform_measure_authority_code_id", "platform_measure", ["authority_code", "id"], unique=False)
    op.create_index("ix_platform_measure_principal_id_id", "platform_measure", ["principal_id", "id"], unique=False)
    op.create_table(
        "report_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("reminded_at", INSTANT, nullable=True),
        sa.Column("overdue_at", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('identity', 'lead', 'assistance', 'transactions')", name=op.f("ck_report_request_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'closed', 'withdrawn')", name=op.f("ck_report_request_state_known")
        ),
        sa.CheckConstraint("length(trim(legal_basis)) > 0", name=op.f("ck_report_request_has_basis")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_report_request_authority_code_authority")
        ),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["principal.id"], name=op.f("fk_report_request_principal_id_principal")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_request")),
        info={"placement": "local"},
    )
    op.create_index("ix_report_request_authority_code_id", "report_request", ["authority_code", "id"], unique=False)
    op.create_index(
        "ix_report_request_due_on",
        "report_request",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_report_request_principal_id_id", "report_request", ["principal_id", "id"], unique=False)
    op.create_table(
        "sealing_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("seals_until", INSTANT, nullable=True),
        sa.Column("retired_by", sa.Text(), nullable=True),
        sa.Column("retired_at", INSTANT, nullable=True),
        sa.CheckConstraint("NOT jwk ? 'd'", name=op.f("ck_sealing_key_public_half_only")),
        sa.CheckConstraint(
            "(retired_at IS NULL) = (retired_by IS NULL)", name=op.f("ck_sealing_key_retired_by_somebody")
        ),
        sa.CheckConstraint("length(kid) = 43", name=op.f("ck_sealing_key_kid_shape")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_sealing_key_authority_code_authority")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealing_key")),
        info={"placement": "local"},
    )
    op.create_index("ix_sealing_key_authority_code_id", "sealing_key", ["authority_code", "id"], unique=False)
    op.create_index("uq_sealing_key_kid", "sealing_key", ["kid"], unique=True)
    op.create_table(
        "platform_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("envelope_id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_until", sa.Date(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("bytes_count", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "(state = 'received') = (settled_at IS NULL)", name=op.f("ck_platform_report_settled_at_an_instant")
        ),
        sa.CheckConstraint(
            "(state = 'returned') = (cardinality(reasons) > 0)", name=op.f("ck_platform_report_returned_with_reason")
        ),
        sa.CheckConstraint(
            "kind IN ('identity', 'lead', 'assistance', 'transactions')", name=op.f("ck_platform_report_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('received', 'accepted', 'returned')", name=op.f("ck_platform_report_state_known")
        ),
        sa.CheckConstraint(
            "(sealed IS NULL) = (erased_at IS NOT NULL)", name=op.f("ck_platform_report_erased_at_an_instant")
        ),
        sa.CheckConstraint("part BETWEEN 1 AND parts", name=op.f("ck_platform_report_part_of_parts")),
        sa.CheckConstraint("period_until >= period_from", name=op.f("ck_platform_report_period_ends_after_it_begins")),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_platform_report_authority_code_authority")
        ),
        sa.ForeignKeyConstraint(["kid"], ["sealing_key.kid"], name=op.f("fk_platform_report_kid_sealing_key")),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["principal.id"], name=op.f("fk_platform_report_principal_id_principal")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["report_request.id"], name=op.f("fk_platform_report_request_id_report_request")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_report")),
        info={"placement": "local"},
    )
    op.create_index("ix_platform_report_authority_code_id", "platform_report", ["authority_code", "id"], unique=False)
    op.create_index("ix_platform_report_principal_id_id", "platform_report", ["principal_id", "id"], unique=False)
    op.create_index("ix_platform_report_received_at", "platform_report", ["received_at"], unique=False)
    op.create_index("ix_platform_report_request_id", "platform_report", ["request_id"], unique=False)
    op.create_index("uq_platform_report_digest", "platform_report", ["digest"], unique=True)
    op.create_index(
        "uq_platform_report_principal_id_envelope_id", "platform_report", ["principal_id", "envelope_id"], unique=True
    )


def downgrade() -> None:
    op.drop_table("platform_report")
    op.drop_table("sealing_key")
    op.drop_table("report_request")
    op.drop_table("platform_measure")
