"""make documents from templates

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('decision', 'decision_redacted', 'summary', 'publication_notice', 'repair_notice', 'service_proof',"
    " 'evidence', 'proof_of_performance', 'credit_commitment', 'order', 'listing_notice', 'consent', 'repair_decision',"
    " 'termination_certificate', 'other')"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("document", sa.Column("made_from", postgresql.JSONB(), nullable=True))
    op.drop_constraint(op.f("ck_document_kind_known"), "document", type_="check")
    op.create_check_constraint(op.f("ck_document_kind_known"), "document", _KINDS)


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
