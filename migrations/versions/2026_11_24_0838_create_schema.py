"""create schema

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        info={"placement": "local"},
    )
    op.create_index("uq_api_key_secret_hash", "api_key", ["secret_hash"], unique=True)
    op.create_table(
        "authority",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("aliases", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("successor_code", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("citation", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["parent_code"], ["authority.code"], name=op.f("fk_authority_parent_code_authority")),
        sa.ForeignKeyConstraint(
            ["successor_code"], ["authority.code"], name=op.f("fk_authority_successor_code_authority")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_authority")),
        info={"placement": "reference"},
    )
    op.create_table(
        "blacklist",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("aliases", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("basis_level", sa.Text(), nullable=False),
        sa.Column("list_authority", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("catalog_edition", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("period_months", sa.Integer(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "basis_level IN ('law', 'administrative_regulation', 'central_policy', 'department_rule', 'local_regulation')",
            name=op.f("ck_blacklist_basis_level_known"),
        ),
        sa.CheckConstraint("scope IN ('national', 'local')", name=op.f("ck_blacklist_scope_known")),
        sa.CheckConstraint("severity IN ('serious', 'abnormal', 'notice')", name=op.f("ck_blacklist_severity_known")),
        sa.CheckConstraint("length(trim(legal_basis)) > 0", name=op.f("ck_blacklist_has_legal_basis")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blacklist")),
        info={"placement": "reference"},
    )
    op.create_table(
        "catalog_version",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("seed_digest", sa.Text(), nullable=True),
        sa.CheckConstraint("one", name=op.f("ck_catalog_version_single_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_catalog_version")),
        info={"placement": "reference"},
    )
    op.create_table(
        "change",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sequenced_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('subject', 'penalty', 'blacklist_entry')", name=op.f("ck_change_kind_known")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_change")),
        info={"placement": "local"},
    )
    op.create_index("ix_change_sequenced_at", "change", ["sequenced_at"], unique=False, postgresql_using="brin")
    op.create_index("ix_change_uscc", "change", ["uscc", "record_id", "version_no"], unique=False)
    op.create_table(
        "change_log",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("log_id", sa.Uuid(), nullable=False),
        sa.Column("head_position", sa.BigInteger(), nullable=False),
        sa.Column("head_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_change_log_single_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_change_log")),
        info={"placement": "local"},
    )
    op.create_table(
        "data_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("source_code", sa.Text(), nullable=True),
        sa.Column("list_id", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("file_path", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("done_share", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("table_info", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reverted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('subjects', 'penalties', 'blacklist')", name=op.f("ck_data_import_kind_known")),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'finished', 'failed', 'reverted')", name=op.f("ck_data_import_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_import")),
        info={"placement": "local"},
    )
    op.create_index("ix_data_import_file_sha256", "data_import", ["file_sha256"], unique=False)
    op.create_index(
        "ix_data_import_open",
        "data_import",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_table(
        "legal_rule",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("citation", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("grade IN ('verified', 'secondary', 'unverified')", name=op.f("ck_legal_rule_grade_known")),
        sa.CheckConstraint("kind IN ('period', 'deadline', 'parameter')", name=op.f("ck_legal_rule_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_rule")),
        info={"placement": "reference"},
    )
    op.create_table(
        "pending_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('subject', 'penalty', 'blacklist_entry')", name=op.f("ck_pending_change_kind_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_change")),
        info={"placement": "local"},
    )
    op.create_index("ix_pending_change_uscc", "pending_change", ["uscc"], unique=False)
    op.create_table(
        "region",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("first_edition", sa.Text(), nullable=False),
        sa.Column("last_edition", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", "name", name=op.f("pk_region")),
        info={"placement": "reference"},
    )
    op.create_table(
        "source",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("published_where", sa.Text(), nullable=True),
        sa.Column("covers", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("importing_authorities", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("stale_after_days", sa.Integer(), server_default=sa.text("35"), nullable=False),
        sa.Column("licence", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("NOT published OR published_where IS NOT NULL", name=op.f("ck_source_published_says_where")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_source")),
        info={"placement": "reference"},
    )
    op.create_table(
        "source_statement",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("source_code", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("import_row", sa.BigInteger(), nullable=False),
        sa.Column("row_digest", sa.LargeBinary(), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("differs", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('agrees', 'open', 'settled', 'void')", name=op.f("ck_source_statement_status_known")
        ),
        sa.PrimaryKeyConstraint(
            "uscc", "kind", "record_id", "source_code", "import_id", name=op.f("pk_source_statement")
        ),
        info={"placement": "subject"},
    )
    op.create_index("ix_source_statement_import_id", "source_statement", ["import_id"], unique=False)
    op.create_table(
        "subject",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("uscc ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'", name=op.f("ck_subject_uscc_shape")),
        sa.PrimaryKeyConstraint("uscc", name=op.f("pk_subject")),
        info={"placement": "subject"},
    )
    op.create_table(
        "blacklist_entry",
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("natural_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'ended', 'void')", name=op.f("ck_blacklist_entry_state_known")
        ),
        sa.CheckConstraint("uscc ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'", name=op.f("ck_blacklist_entry_uscc_shape")),
        sa.ForeignKeyConstraint(["list_id"], ["blacklist.id"], name=op.f("fk_blacklist_entry_list_id_blacklist")),
        sa.ForeignKeyConstraint(["uscc"], ["subject.uscc"], name=op.f("fk_blacklist_entry_uscc_subject")),
        sa.PrimaryKeyConstraint("uscc", "id", name=op.f("pk_blacklist_entry")),
        info={"placement": "subject"},
    )
    op.create_index(
        "uq_blacklist_entry_natural_key",
        "blacklist_entry",
        ["uscc", "natural_key"],
        unique=True,
        postgresql_where=sa.text("state <> 'void'"),
    )
    op.create_table(
        "import_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=True),
        sa.Column("became", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["data_import.id"], name=op.f("fk_import_event_import_id_data_import")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_event")),
        info={"placement": "local"},
    )
    op.create_index("ix_import_event_import_id", "import_event", ["import_id", "id"], unique=False)
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("version_no", sa.Integer(), nullable=True),
        sa.Column("row_digest", sa.LargeBinary(), nullable=True),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('new', 'changed', 'disputed', 'duplicate', 'quarantined', 'natural_person')",
            name=op.f("ck_import_row_outcome_known"),
        ),
        sa.ForeignKeyConstraint(["import_id"], ["data_import.id"], name=op.f("fk_import_row_import_id_data_import")),
        sa.PrimaryKeyConstraint("import_id", "n", name=op.f("pk_import_row")),
        info={"placement": "local"},
    )
    op.create_index(
        "ix_import_row_quarantined",
        "import_row",
        ["import_id", "n"],
        unique=False,
        postgresql_where=sa.text("outcome = 'quarantined'"),
    )
    op.create_index(
        "ix_import_row_waiting_for",
        "import_row",
        ["waiting_for"],
        unique=False,
        postgresql_where=sa.text("waiting_for IS NOT NULL"),
    )
    op.create_table(
        "penalty",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("natural_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'published', 'ended', 'void')", name=op.f("ck_penalty_state_known")),
        sa.CheckConstraint("uscc ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'", name=op.f("ck_penalty_uscc_shape")),
        sa.ForeignKeyConstraint(["uscc"], ["subject.uscc"], name=op.f("fk_penalty_uscc_subject")),
        sa.PrimaryKeyConstraint("uscc", "id", name=op.f("pk_penalty")),
        info={"placement": "subject"},
    )
    op.create_index(
        "uq_penalty_natural_key",
        "penalty",
        ["uscc", "natural_key"],
        unique=True,
        postgresql_where=sa.text("state <> 'void'"),
    )
    op.create_table(
        "subject_identifier",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["uscc"], ["subject.uscc"], name=op.f("fk_subject_identifier_uscc_subject")),
        sa.PrimaryKeyConstraint("uscc", "kind", "value", name=op.f("pk_subject_identifier")),
        info={"placement": "subject"},
    )
    op.create_index("ix_subject_identifier_value", "subject_identifier", ["value"], unique=False)
    op.create_table(
        "subject_name",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("bigrams", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('registered', 'former', 'record')", name=op.f("ck_subject_name_kind_known")),
        sa.ForeignKeyConstraint(["uscc"], ["subject.uscc"], name=op.f("fk_subject_name_uscc_subject")),
        sa.PrimaryKeyConstraint("uscc", "name", "kind", name=op.f("pk_subject_name")),
        info={"placement": "subject"},
    )
    op.create_index(
        "ix_subject_name_bigrams",
        "subject_name",
        ["bigrams"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "on"},
    )
    op.create_index("ix_subject_name_folded", "subject_name", ["folded"], unique=False)
    op.create_table(
        "subject_version",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_code", sa.Text(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("import_row", sa.BigInteger(), nullable=True),
        sa.Column("row_digest", sa.LargeBinary(), nullable=True),
        sa.Column("content_digest", sa.LargeBinary(), nullable=True),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("former_names", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("registration_status", sa.Text(), nullable=True),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("company_type", sa.Text(), nullable=True),
        sa.Column("party_type", sa.Text(), nullable=True),
        sa.Column("legal_representative", sa.Text(), nullable=True),
        sa.Column("capital_minor", sa.BigInteger(), nullable=True),
        sa.Column("capital_currency", sa.Text(), nullable=True),
        sa.Column("capital_text", sa.Text(), nullable=True),
        sa.Column("business_scope", sa.Text(), nullable=True),
        sa.Column("division_code", sa.Text(), nullable=True),
        sa.Column("region_text", sa.Text(), nullable=True),
        sa.Column("registered_address", sa.Text(), nullable=True),
        sa.Column("registering_authority", sa.Text(), nullable=True),
        sa.Column("reg_no", sa.Text(), nullable=True),
        sa.Column("org_code", sa.Text(), nullable=True),
        sa.Column("tax_no", sa.Text(), nullable=True),
        sa.Column("flags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(["uscc"], ["subject.uscc"], name=op.f("fk_subject_version_uscc_subject")),
        sa.PrimaryKeyConstraint("uscc", "version_no", name=op.f("pk_subject_version")),
        info={"placement": "subject"},
    )
    op.create_index(
        "ix_subject_version_import_id",
        "subject_version",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    op.create_index(
        "uq_subject_version_current",
        "subject_version",
        ["uscc"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "blacklist_entry_version",
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=True),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("listed_on_grade", sa.Text(), nullable=False),
        sa.Column("listed_on_basis", sa.Text(), nullable=True),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("removal_grounds", sa.Text(), nullable=True),
        sa.Column("removal_document_no", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_code", sa.Text(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("import_row", sa.BigInteger(), nullable=True),
        sa.Column("row_digest", sa.LargeBinary(), nullable=True),
        sa.Column("content_digest", sa.LargeBinary(), nullable=True),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("authority_name", sa.Text(), nullable=False),
        sa.Column("party_name", sa.Text(), nullable=True),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("stated_until", sa.Date(), nullable=True),
        sa.Column("flags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("held_texts", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("public_from", sa.Date(), nullable=True),
        sa.Column("public_until", sa.Date(), nullable=True),
        sa.Column("public_rule", sa.Text(), nullable=True),
        sa.Column("public_grade", sa.Text(), nullable=True),
        sa.Column("public_reason", sa.Text(), nullable=True),
        sa.Column("window_flags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint(
            "listed_on_grade IN ('stated', 'assumed')", name=op.f("ck_blacklist_entry_version_listed_on_grade_known")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'ended', 'void')", name=op.f("ck_blacklist_entry_version_state_known")
        ),
        sa.CheckConstraint(
            "(public_from IS NULL) = (public_reason IS NOT NULL)",
            name=op.f("ck_blacklist_entry_version_window_or_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["uscc", "id"],
            ["blacklist_entry.uscc", "blacklist_entry.id"],
            name=op.f("fk_blacklist_entry_version_uscc_id_blacklist_entry"),
        ),
        sa.PrimaryKeyConstraint("uscc", "id", "version_no", name=op.f("pk_blacklist_entry_version")),
        info={"placement": "subject"},
    )
    op.create_index(
        "ix_blacklist_entry_version_import_id",
        "blacklist_entry_version",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    op.create_index(
        "uq_blacklist_entry_version_current",
        "blacklist_entry_version",
        ["uscc", "id"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "penalty_version",
        sa.Column("document_key", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("party_type", sa.Text(), nullable=True),
        sa.Column("kinds", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("fine_fen", sa.BigInteger(), nullable=True),
        sa.Column("fine_text_fen", sa.BigInteger(), nullable=True),
        sa.Column("fine_column_fen", sa.BigInteger(), nullable=True),
        sa.Column("confiscation_fen", sa.BigInteger(), nullable=True),
        sa.Column("violation_type", sa.Text(), nullable=True),
        sa.Column("violation_facts", sa.Text(), nullable=True),
        sa.Column("legal_basis", sa.Text(), nullable=True),
        sa.Column("penalty_content", sa.Text(), nullable=True),
        sa.Column("permit_affected", sa.Text(), nullable=True),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("discretion_step", sa.Text(), nullable=True),
        sa.Column("case_category", sa.Text(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("tier_basis", sa.Text(), nullable=True),
        sa.Column("source_org", sa.Text(), nullable=True),
        sa.Column("legal_representative", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("gsxt_from", sa.Date(), nullable=True),
        sa.Column("gsxt_until", sa.Date(), nullable=True),
        sa.Column("gsxt_rule", sa.Text(), nullable=True),
        sa.Column("gsxt_grade", sa.Text(), nullable=True),
        sa.Column("gsxt_reason", sa.Text(), nullable=True),
        sa.Column("credit_china_from", sa.Date(), nullable=True),
        sa.Column("credit_china_until", sa.Date(), nullable=True),
        sa.Column("credit_china_rule", sa.Text(), nullable=True),
        sa.Column("credit_china_grade", sa.Text(), nullable=True),
        sa.Column("credit_china_reason", sa.Text(), nullable=True),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source_code", sa.Text(), nullable=True),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("import_row", sa.BigInteger(), nullable=True),
        sa.Column("row_digest", sa.LargeBinary(), nullable=True),
        sa.Column("content_digest", sa.LargeBinary(), nullable=True),
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("authority_name", sa.Text(), nullable=False),
        sa.Column("party_name", sa.Text(), nullable=True),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("stated_until", sa.Date(), nullable=True),
        sa.Column("flags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("held_texts", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("public_from", sa.Date(), nullable=True),
        sa.Column("public_until", sa.Date(), nullable=True),
        sa.Column("public_rule", sa.Text(), nullable=True),
        sa.Column("public_grade", sa.Text(), nullable=True),
        sa.Column("public_reason", sa.Text(), nullable=True),
        sa.Column("window_flags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'published', 'ended', 'void')", name=op.f("ck_penalty_version_state_known")
        ),
        sa.CheckConstraint(
            "(public_from IS NULL) = (public_reason IS NOT NULL)", name=op.f("ck_penalty_version_window_or_reason")
        ),
        sa.CheckConstraint(
            "fine_fen >= 0 AND confiscation_fen >= 0", name=op.f("ck_penalty_version_amounts_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["uscc", "id"], ["penalty.uscc", "penalty.id"], name=op.f("fk_penalty_version_uscc_id_penalty")
        ),
        sa.PrimaryKeyConstraint("uscc", "id", "version_no", name=op.f("pk_penalty_version")),
        info={"placement": "subject"},
    )
    op.create_index(
        "ix_penalty_version_import_id",
        "penalty_version",
        ["import_id"],
        unique=False,
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    op.create_index(
        "uq_penalty_version_current",
        "penalty_version",
        ["uscc", "id"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.execute(
        "INSERT INTO change_log (one, log_id, head_position, head_at)"
        " VALUES (true, gen_random_uuid(), 0, clock_timestamp())"
    )
    op.execute("INSERT INTO catalog_version (one, version) VALUES (true, 0)")
    op.execute("CREATE SCHEMA staging")


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
