"""take permits in

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_STATES = "state IN ('recorded', 'withdrawn', 'void')"
_CHANGES = "kind IN ('subject', 'penalty', 'blacklist_entry', 'credit_record')"


def _renew(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "credit_record",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("class_id", sa.Text(), nullable=False),
        sa.Column("natural_key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("uscc ~ '^[0-9A-HJ-NP-RTUWXY]{18}$'", name=op.f("ck_credit_record_uscc_shape")),
        sa.CheckConstraint(_STATES, name=op.f("ck_credit_record_state_known")),
        sa.PrimaryKeyConstraint("uscc", "id", name=op.f("pk_credit_record")),
        info={"placement": "subject"},
    )
    op.execute(
        """INSERT INTO credit_record (uscc, id, class_id, natural_key, state, version_no, created_at)
        SELECT v.uscc, v.id, v.class_id,
               CASE WHEN v.state = 'recorded' THEN v.class_id || '|' || v.authority_code || '|' || v.document_key END,
               v.state, v.version_no, v.recorded_at
        FROM credit_record_version v WHERE v.superseded_at IS NULL"""
    )
    op.create_index(
        "uq_credit_record_natural_key",
        "credit_record",
        ["uscc", "natural_key"],
        unique=True,
        postgresql_where=sa.text("state <> 'void'"),
    )
    op.drop_index("uq_credit_record_version_number", table_name="credit_record_version")
    for column in (
        sa.Column("authority_name", sa.Text(), nullable=True),
        sa.Column("source_org", sa.Text(), nullable=True),
        sa.Column("legal_representative", sa.Text(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("held_texts", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("raw", postgresql.JSONB(), nullable=True),
        sa.Column("field_sources", postgresql.JSONB(), nullable=True),
        sa.Column("recorders", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("import_row", sa.BigInteger(), nullable=True),
        sa.Column("row_digest", sa.LargeBinary(), nullable=True),
        sa.Column("content_digest", sa.LargeBinary(), nullable=True),
    ):
        op.add_column("credit_record_version", column)
    # No version that was handed out had this table. Deadlines say by when a permit is reported, and move with the calendar; the versions kept only what was known once.
    op.drop_column("credit_record_version", "due_on")
    op.drop_column("credit_record_version", "provisional")
    op.create_index(
        "ix_credit_record_version_import_id",
        "credit_record_version",
        ["import_id"],
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    _renew("credit_record_version", "state_known", _STATES)
    _renew("data_import", "kind_known", "kind IN ('subjects', 'penalties', 'blacklist', 'permits')")
    _renew("pending_change", "kind_known", _CHANGES)
    _renew("change", "kind_known", _CHANGES)
    # All records are gone through again: permits that were recorded before have no deadlines yet.
    op.execute("UPDATE deadline_cursor SET law = NULL")


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
