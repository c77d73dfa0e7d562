"""keep successions of authorities

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "authority_succession",
        sa.Column("predecessor_code", sa.Text(), nullable=False),
        sa.Column("successor_code", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("citation", sa.Text(), nullable=False),
        sa.CheckConstraint("length(trim(citation)) > 0", name=op.f("ck_authority_succession_has_citation")),
        sa.CheckConstraint("predecessor_code <> successor_code", name=op.f("ck_authority_succession_of_another")),
        sa.ForeignKeyConstraint(
            ["predecessor_code"], ["authority.code"], name=op.f("fk_authority_succession_predecessor_code_authority")
        ),
        sa.ForeignKeyConstraint(
            ["successor_code"], ["authority.code"], name=op.f("fk_authority_succession_successor_code_authority")
        ),
        sa.PrimaryKeyConstraint("predecessor_code", "successor_code", name=op.f("pk_authority_succession")),
        info={"placement": "reference"},
    )
    op.execute(
        """INSERT INTO authority_succession (predecessor_code, successor_code, effective_on, citation)
        SELECT code, successor_code, effective_to + 1, coalesce(nullif(trim(citation), ''), name) FROM authority
        WHERE successor_code IS NOT NULL AND effective_to IS NOT NULL AND successor_code <> code"""
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
