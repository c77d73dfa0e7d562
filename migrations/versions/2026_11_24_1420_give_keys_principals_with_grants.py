"""give keys principals with grants

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.

Exception: `api_key.roles` and `api_key.authority_code` go in this step; API processes of the version before are stopped
first, because they would grant by columns that nobody keeps any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
LOCAL = {"placement": "local"}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "principal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=True),
        sa.Column("issuer_subject", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "(issuer IS NULL) = (issuer_subject IS NULL)", name=op.f("ck_principal_issuer_with_subject")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_principal")),
        info=LOCAL,
    )
    op.create_index(
        "uq_principal_issuer_issuer_subject",
        "principal",
        ["issuer", "issuer_subject"],
        unique=True,
        postgresql_where=sa.text("issuer IS NOT NULL"),
    )
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("authority_code", sa.Text(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("granted_at", INSTANT, nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_access_grant_ends_after_it_begins")),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_access_grant_revoked_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["principal.id"], name=op.f("fk_access_grant_principal_id_principal")
        ),
        sa.ForeignKeyConstraint(
            ["authority_code"], ["authority.code"], name=op.f("fk_access_grant_authority_code_authority")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
        info=LOCAL,
    )
    op.create_index("ix_access_grant_principal_id", "access_grant", ["principal_id"])
    op.create_index(
        "ix_access_grant_authority_code_role",
        "access_grant",
        ["authority_code", "role"],
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "access_version",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_access_version_single_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_access_version")),
        info=LOCAL,
    )
    op.execute("INSERT INTO access_version (version) VALUES (1)")
    _extend_keys()


def _extend_keys() -> None:
    op.add_column("api_key", sa.Column("principal_id", sa.Uuid(), nullable=True))
    op.add_column("api_key", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("api_key", sa.Column("networks", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False))
    op.add_column("api_key", sa.Column("created_by", sa.Text(), server_default="migration", nullable=False))
    op.add_column("api_key", sa.Column("expires_at", INSTANT, nullable=True))
    op.add_column("api_key", sa.Column("last_used_at", INSTANT, nullable=True))
    op.add_column("api_key", sa.Column("rotated_to", sa.Uuid(), nullable=True))
    # A key's id becomes its principal's, so that what versions say of who recorded them stays true.
    op.execute("INSERT INTO principal (id, name, created_at) SELECT id, name, created_at FROM api_key")
    op.execute(
        """INSERT INTO access_grant (id, principal_id, role, authority_code, granted_by, granted_at)
        SELECT gen_random_uuid(), id, unnest(roles), authority_code, 'migration', created_at FROM api_key"""
    )
    op.execute("UPDATE api_key SET principal_id = id")
    op.alter_column("api_key", "principal_id", nullable=False)
    op.alter_column("api_key", "created_by", server_default=None)
    op.drop_column("api_key", "roles")
    op.drop_column("api_key", "authority_code")
    op.create_foreign_key(op.f("fk_api_key_principal_id_principal"), "api_key", "principal", ["principal_id"], ["id"])
    op.create_foreign_key(op.f("fk_api_key_rotated_to_api_key"), "api_key", "api_key", ["rotated_to"], ["id"])
    op.create_index("ix_api_key_principal_id", "api_key", ["principal_id"])


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
