"""What the server's role may do in the database: everything it needs, and in the audit only add and read.

The owner of the schema, who migrates, grants it after every migration; the server never knows the owner's password.
"""

from dataclasses import dataclass

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncSession

from service.db import Database
from service.errors import Unavailable
from service.models import Base

#: Tables of versions: of a row that stands there the server may write when it was superseded, and nothing else.
VERSIONED = tuple(
    sorted(
        table.name
        for table in Base.metadata.tables.values()
        if table.name.endswith("_version") and "superseded_at" in table.columns
    )
)
APPEND_ONLY = tuple(sorted(table.name for table in Base.metadata.tables.values() if "append_only" in table.info))


class NoServerRole(Unavailable):
    """The server's role does not exist in the database, and the owner may not create roles."""

    code = "no_server_role"


@dataclass(frozen=True, slots=True)
class Granted:
    """Whose privileges were set. Where `role` is `owner` the audit is not protected from the server."""

    role: str
    owner: str

    @property
    def separate(self) -> bool:
        """Whether the server's role is another than the owner's."""
        return self.role != self.owner


def setup_sql(role: str) -> str:
    """Return the SQL that an administrator of the database runs once, where the owner may not create roles."""
    return f"CREATE ROLE \"{role}\" LOGIN PASSWORD '…';"


async def grant_privileges(owner_url: str, server_url: str) -> Granted:
    """Set the privileges of the server's role, which is created where it is missing and the owner may do so.

    Run after every migration: new tables are granted too. Several runs change nothing more.

    Raises:
        NoServerRole: the role is missing and the owner may not create it.
    """
    server = make_url(server_url)
    database = Database(owner_url, application="xinyong migrate", pool_size=1)
    try:
        async with database.transaction() as session:
            owner = str(await session.scalar(text("SELECT current_user")))
            role = server.username or owner
            if role != owner:
                await _make_role(session, role, server.password)
                await _grant(session, role)
    finally:
        await database.dispose()
    return Granted(role, owner)


async def may_alter_audit(session: AsyncSession) -> bool:
    """Return whether the session's own role could change or delete entries of the audit."""
    found = await session.scalar(
        text(
            "SELECT bool_or(has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE') OR pg_has_role(relowner, 'USAGE'))"
            " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY(:tables)"
        ),
        {"tables": list(APPEND_ONLY)},
    )
    return bool(found)


async def _make_role(session: AsyncSession, role: str, password: str | None) -> None:
    if await session.scalar(text("SELECT true FROM pg_roles WHERE rolname = :role"), {"role": role}):
        return
    if not await session.scalar(text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")):
        raise NoServerRole(
            f"The database has no role {role!r}, in whose name the server connects, and the owner may not create one. Let an"
            f" administrator of the database run this once, then run `xinyong migrate` again:\n\n    {setup_sql(role)}\n",
            detail_zh="数据库中没有服务所用的角色，请由数据库管理员创建后重试。",
        )
    await _run(session, "CREATE ROLE %I LOGIN", role)
    if password is not None:
        await _run(session, "ALTER ROLE %I PASSWORD %L", role, password)


async def _grant(session: AsyncSession, role: str) -> None:
    # What a killed import left behind belongs to the role that made it; its next attempt makes it anew.
    left = await session.scalars(
        text("SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'staging'"
             " AND tableowner = current_user")
    )  # fmt: skip
    for table in left.all():
        await session.execute(text(f"DROP TABLE {table} CASCADE"))
    for grant in (
        "GRANT USAGE ON SCHEMA public TO %I",
        "GRANT USAGE, CREATE ON SCHEMA staging TO %I",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO %I",
        "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM %I",
    ):
        await _run(session, grant, role)
    for table in VERSIONED:
        await _run(session, f"REVOKE UPDATE ON {table} FROM %I", role)
        await _run(session, f"GRANT UPDATE (superseded_at) ON {table} TO %I", role)
    closed = await session.scalars(
        text(
            "SELECT relid::regclass::text FROM unnest(CAST(:tables AS text[])) AS t (name),"
            " LATERAL pg_partition_tree(name::regclass) UNION SELECT unnest(CAST(:tables AS text[]))"
        ),
        {"tables": list(APPEND_ONLY)},
    )
    for table in closed.all():
        await _run(session, f"REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON {table} FROM %I", role)


async def _run(session: AsyncSession, template: str, *words: str) -> None:
    names = {f"w{n}": word for n, word in enumerate(words)}
    casts = "".join(f", CAST(:w{n} AS text)" for n in range(len(words)))
    statement = await session.scalar(
        text(f"SELECT format(CAST(:template AS text){casts})"), {"template": template, **names}
    )
    await session.execute(text(str(statement).replace(":", "\\:")))


def words(granted: Granted) -> str:
    """Return a sentence on who may alter the audit, for the operator's terminal."""
    if granted.separate:
        return f"The role {granted.role} may add to the audit and read it, and not alter it."
    return (
        f"The server connects as {granted.role}, who owns the tables and could alter the audit. Give it a role of its own:"
        " name that role in XINYONG_DATABASE_URL, this one in XINYONG_OWNER_DATABASE_URL, and run `xinyong migrate`."
    )
