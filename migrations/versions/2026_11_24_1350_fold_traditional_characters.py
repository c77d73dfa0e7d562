"""fold traditional characters

Names are found whichever of both writings they or the term are in: stored folded names that hold a traditional character
are folded again. There are few of them.

Deploy rule: code of the version before must run on the schema after this migration. Add columns nullable, backfill in a
job, enforce later; build indexes concurrently. No ORM imports and no business rules here. Name every constraint.
"""

import sqlalchemy as sa
from alembic import op

from service.reading.names import SIMPLIFIED, bigrams, fold_name

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    connection = op.get_bind()
    names = connection.execute(
        sa.text("SELECT DISTINCT name FROM subject_name WHERE folded ~ :traditional"),
        {"traditional": f"[{''.join(SIMPLIFIED)}]"},
    ).scalars()
    again = [{"of": name, "folded": fold_name(name), "pieces": bigrams(fold_name(name))} for name in names]
    if again:
        connection.execute(
            sa.text("UPDATE subject_name SET folded = :folded, bigrams = :pieces WHERE name = :of"), again
        )


def downgrade() -> None:
    raise RuntimeError("this schema only goes forward; restore a backup to go back")
