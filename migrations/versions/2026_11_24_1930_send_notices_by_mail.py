"""send notices by mail

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "notice_address",
        sa.Column("authority_code", sa.Text(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("addresses", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stated_by", sa.Text(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_notice_address_authority_code_authority")
        ),
        sa.PrimaryKeyConstraint("authority_code", name=op.f("pk_notice_address")),
        info={"placement": "local"},
    )
    op.create_table(
        "mail_delivery",
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_mail_delivery_attempts_counted")),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox_item.id"], name=op.f("fk_mail_delivery_outbox_id_outbox_item")),
        sa.PrimaryKeyConstraint("outbox_id", "address", name=op.f("pk_mail_delivery")),
        info={"placement": "local"},
    )
    op.create_index(
        "ix_mail_delivery_next_at", "mail_delivery", ["next_at"], postgresql_where=sa.text("sent_at IS NULL")
    )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
