"""add audit tables

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The server's role may not create tables; by this function it may create the partitions of the audit, and nothing else.
# A partition is made whole before it is attached, so that its indexes and constraints have names by the convention.
MAKE_PARTITION = """
CREATE FUNCTION audit_make_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', month);
    following date := first + interval '1 month';
    name text := 'audit_entry_' || to_char(first, 'YYYY_MM');
BEGIN
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM set_config('lock_timeout', '3s', true);
    EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_entry)', name);
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I PRIMARY KEY (at, id)', name, 'pk_' || name);
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I CHECK (kind IN (''write'', ''read'', ''answer'', ''refusal'', ''count''))',
        name, 'ck_audit_entry_kind_known');
    EXECUTE format('CREATE INDEX %I ON public.%I (uscc, at) WHERE uscc IS NOT NULL', 'ix_' || name || '_uscc', name);
    EXECUTE format('CREATE INDEX %I ON public.%I USING gin (owners) WHERE owners IS NOT NULL', 'ix_' || name || '_owners', name);
    EXECUTE format('ALTER TABLE public.audit_entry ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        name, first::text || ' 00:00+00', following::text || ' 00:00+00');
    RETURN true;
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "audit_entry",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=True),
        sa.Column("roles", sa.Text(), nullable=True),
        sa.Column("authority_code", sa.Text(), nullable=True),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("record_kind", sa.Text(), nullable=True),
        sa.Column("record_id", sa.Text(), nullable=True),
        sa.Column("owners", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("entry_count", sa.Integer(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("codes", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('write', 'read', 'answer', 'refusal', 'count')", name=op.f("ck_audit_entry_kind_known")
        ),
        sa.PrimaryKeyConstraint("at", "id", name=op.f("pk_audit_entry")),
        info={"placement": "local", "append_only": "yes"},
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_audit_entry_uscc", "audit_entry", ["uscc", "at"], postgresql_where=sa.text("uscc IS NOT NULL"))
    op.create_index(
        "ix_audit_entry_owners",
        "audit_entry",
        ["owners"],
        postgresql_using="gin",
        postgresql_where=sa.text("owners IS NOT NULL"),
    )
    # Already compact: packing them again costs time and gains nothing.
    op.execute("ALTER TABLE audit_entry ALTER COLUMN codes SET STORAGE EXTERNAL")
    op.execute(
        """CREATE TABLE audit_entry_default (LIKE audit_entry,
        CONSTRAINT pk_audit_entry_default PRIMARY KEY (at, id),
        CONSTRAINT ck_audit_entry_kind_known CHECK (kind IN ('write', 'read', 'answer', 'refusal', 'count')))"""
    )
    op.execute("CREATE INDEX ix_audit_entry_default_uscc ON audit_entry_default (uscc, at) WHERE uscc IS NOT NULL")
    op.execute(
        "CREATE INDEX ix_audit_entry_default_owners ON audit_entry_default USING gin (owners) WHERE owners IS NOT NULL"
    )
    op.execute("ALTER TABLE audit_entry ATTACH PARTITION audit_entry_default DEFAULT")
    op.execute(MAKE_PARTITION)
    op.create_table(
        "audit_pending",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entry_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_pending")),
        info={"placement": "local"},
    )
    op.create_table(
        "audit_block",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("first_position", sa.BigInteger(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("entry_ids", sa.LargeBinary(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_block")),
        info={"placement": "local", "append_only": "yes"},
    )
    op.create_table(
        "audit_head",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_head")),
        info={"placement": "local", "append_only": "yes"},
    )
    op.create_table(
        "audit_seal",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_audit_seal")),
        info={"placement": "local", "append_only": "yes"},
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
