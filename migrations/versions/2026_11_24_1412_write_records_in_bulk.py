"""write records in bulk

Records and names lose their foreign keys: each row's check, with a lock on its parent, took half of the time of a large
import (docs/decisions/0003-bulk-writes.md).

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_FOREIGN_KEYS = (
    ("fk_penalty_uscc_subject", "penalty"),
    ("fk_penalty_version_uscc_id_penalty", "penalty_version"),
    ("fk_blacklist_entry_uscc_subject", "blacklist_entry"),
    ("fk_blacklist_entry_version_uscc_id_blacklist_entry", "blacklist_entry_version"),
    ("fk_subject_name_uscc_subject", "subject_name"),
    ("fk_import_row_import_id_data_import", "import_row"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, table in _FOREIGN_KEYS:
        op.drop_constraint(name, table, type_="foreignkey")


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
