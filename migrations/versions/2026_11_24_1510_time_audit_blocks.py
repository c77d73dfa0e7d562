"""time audit blocks

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# As before, and entries that came before their partition are taken into it.
MAKE_PARTITION = """
CREATE OR REPLACE FUNCTION audit_make_partition(month date) RETURNS boolean
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
    -- First of all: a writer that had chosen the default partition already would fail after the attachment.
    LOCK TABLE public.audit_entry IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_entry)', name);
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I PRIMARY KEY (at, id)', name, 'pk_' || name);
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I CHECK (kind IN (''write'', ''read'', ''answer'', ''refusal'', ''count''))',
        name, 'ck_audit_entry_kind_known');
    EXECUTE format('CREATE INDEX %I ON public.%I (uscc, at) WHERE uscc IS NOT NULL', 'ix_' || name || '_uscc', name);
    EXECUTE format('CREATE INDEX %I ON public.%I USING gin (owners) WHERE owners IS NOT NULL', 'ix_' || name || '_owners', name);
    EXECUTE format('WITH early AS (DELETE FROM public.audit_entry_default WHERE at >= %L AND at < %L RETURNING *)
        INSERT INTO public.%I SELECT * FROM early', first::text || ' 00:00+00', following::text || ' 00:00+00', name);
    EXECUTE format('ALTER TABLE public.audit_entry ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        name, first::text || ' 00:00+00', following::text || ' 00:00+00');
    RETURN true;
END
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(MAKE_PARTITION)
    # No version that wrote blocks is older than this one: the table is empty.
    for name in ("first_at", "last_at"):
        op.add_column("audit_block", sa.Column(name, sa.DateTime(timezone=True), nullable=False))


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
