from collections.abc import Sequence
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.rules import Actor
from service.access.seen import note_owners
from service.access.visibility import IMPORT_ROLES, imports_visible_to
from service.imports.rules import MayNotImport, NoSuchImport, NoSuchRow
from service.imports.shapes import Shape
from service.models import DataImport, ImportEvent, ImportRow

IMPORT_LOCKS = 0x58494D  # first key of the two-key advisory locks that claim an import


async def get_import(session: AsyncSession, import_id: UUID, *, actor: Actor | None = None) -> DataImport:
    """Return an import; with `actor` only one that it may read.

    Raises:
        NoSuchImport: there is none.
    """
    query = select(DataImport).where(DataImport.id == import_id)
    if actor is not None:
        query = query.where(imports_visible_to(actor))
    found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise NoSuchImport(f"No import {import_id}.", detail_zh="没有该导入。")
    note_owners(session, [found.authority_code])
    return found


async def get_own_import(session: AsyncSession, import_id: UUID, *, actor: Actor) -> DataImport:
    """Return an import that the actor may change: one of an authority for which it hands files in.

    Raises:
        NoSuchImport: there is none that the actor may read.
        MayNotImport: it may read it and not change it.
    """
    found = await get_import(session, import_id, actor=actor)
    if not actor.acts_for(found.authority_code, *IMPORT_ROLES):
        raise MayNotImport(
            f"The import is {found.authority_code!r}'s; you hand no files in for it.", detail_zh="该密钥不代表此机关。"
        )
    return found


async def list_imports(session: AsyncSession, *, actor: Actor, after: UUID | None, limit: int) -> Sequence[DataImport]:
    """Return the imports that the actor may read, newest first (their ids grow with time), after the one named."""
    query = select(DataImport).where(imports_visible_to(actor)).order_by(DataImport.id.desc()).limit(limit)
    if after is not None:
        query = query.where(DataImport.id < after)
    found = (await session.scalars(query)).all()
    note_owners(session, (one.authority_code for one in found[: limit - 1]))
    return found


async def list_rows(
    session: AsyncSession, *, import_id: UUID, outcome: str | None, reason: str | None, after: int, limit: int
) -> Sequence[ImportRow]:
    """Return rows of an import in file order after row number `after`."""
    query = (
        select(ImportRow)
        .where(ImportRow.import_id == import_id, ImportRow.n > after)
        .order_by(ImportRow.n)
        .limit(limit)
    )
    if outcome is not None:
        query = query.where(ImportRow.outcome == outcome)
    if reason is not None:
        query = query.where(ImportRow.reasons.any(reason))  # type: ignore[arg-type]
    return (await session.scalars(query)).all()


async def lock_row(session: AsyncSession, *, import_id: UUID, n: int) -> ImportRow:
    """Return one row of an import, locked.

    Raises:
        NoSuchRow: the import has no row of that number.
    """
    found = await session.scalar(
        select(ImportRow).where(ImportRow.import_id == import_id, ImportRow.n == n).with_for_update()
    )
    if found is None:
        raise NoSuchRow(f"Import {import_id} has no row {n}.", detail_zh="没有该行。")
    return found


async def list_events(session: AsyncSession, *, import_id: UUID, limit: int = 200) -> Sequence[ImportEvent]:
    """Return what happened to an import or its rows after the first outcome, oldest first."""
    query = select(ImportEvent).where(ImportEvent.import_id == import_id).order_by(ImportEvent.id).limit(limit)
    return (await session.scalars(query)).all()


async def count_outcomes(session: AsyncSession, import_id: UUID) -> dict[str, dict[str, int]]:
    """Return the sums of an import as they are now: rows by outcome and by reason."""
    outcomes = await session.execute(
        select(ImportRow.outcome, func.count()).where(ImportRow.import_id == import_id).group_by(ImportRow.outcome)
    )
    word = func.unnest(ImportRow.reasons).label("word")
    words = select(word).where(ImportRow.import_id == import_id).subquery()
    reasons = await session.execute(select(words.c.word, func.count()).group_by(words.c.word))
    return {
        "outcomes": dict(sorted(outcomes.all())),
        "reasons": dict(sorted(reasons.all())),
    }


async def find_open_imports(session: AsyncSession) -> Sequence[UUID]:
    """Return the imports that wait or were left running, oldest first."""
    query = (
        select(DataImport.id)
        .where(DataImport.state.in_(("queued", "running")))
        .order_by(DataImport.created_at, DataImport.id)
    )
    return (await session.scalars(query)).all()


#: A waiting row (r) that can be taken in: a subject holds its older number by now, or its authority ($1) is known.
_READY = """r.waiting_for IS NOT NULL AND r.outcome = 'quarantined' AND (
    r.reasons = ARRAY['waiting_subject'] AND EXISTS (SELECT FROM subject_identifier i WHERE i.value = r.waiting_for)
    OR r.reasons = ARRAY['waiting_authority'] AND r.waiting_for = ANY ($1))"""


async def list_awaited_authorities(session: AsyncSession) -> Sequence[str]:
    """Return the names (or codes) of authorities that rows of finished imports wait for, as the rows state them."""
    found = await session.scalars(
        select(ImportRow.waiting_for)
        .join(DataImport, DataImport.id == ImportRow.import_id)
        .where(
            DataImport.state == "finished",
            ImportRow.waiting_for.is_not(None),
            ImportRow.outcome == "quarantined",
            ImportRow.reasons == ["waiting_authority"],
        )
        .distinct()
    )
    return [name for name in found if name is not None]


async def find_ready_waiting(session: AsyncSession, authorities: Sequence[str]) -> Sequence[UUID]:
    """Return finished imports that have waiting rows which can be taken in; `authorities` are awaited and now known."""
    rows = await session.connection()
    found = await rows.exec_driver_sql(
        f"""SELECT DISTINCT r.import_id FROM import_row r
        JOIN data_import d ON d.id = r.import_id AND d.state = 'finished' WHERE {_READY}""",
        (list(authorities),),
    )
    return [row[0] for row in found]


async def lock_ready_rows(
    session: AsyncSession, import_id: UUID, authorities: Sequence[str], *, limit: int
) -> Sequence[ImportRow]:
    """Return the first waiting rows of an import that can be taken in, locked; `authorities` as above."""
    connection = await session.connection()
    found = await connection.exec_driver_sql(
        f"SELECT n FROM import_row r WHERE {_READY} AND import_id = $2 ORDER BY n LIMIT $3",
        (list(authorities), import_id, limit),
    )
    rows = await session.scalars(
        select(ImportRow)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.n.in_([row[0] for row in found]),
            # Asked again of the locked row: another process may have taken it in while this one waited.
            ImportRow.waiting_for.is_not(None),
            ImportRow.outcome == "quarantined",
        )
        .order_by(ImportRow.n)
        .with_for_update()
    )
    return rows.all()


async def is_known_file(connection: Connection, *, import_id: UUID, sha256: str, kind: str, source: str) -> bool:
    """Return whether a byte-identical file of the same source was taken in before and not reverted."""
    found: bool = await connection.fetchval(
        """SELECT EXISTS (SELECT FROM data_import WHERE file_sha256 = $1 AND kind = $2 AND state = 'finished' AND id <> $3
        AND coalesce(source_code, 'own:' || authority_code) = $4
        AND NOT coalesce((options ->> 'dry_run')::boolean, false))""",
        sha256,
        kind,
        import_id,
        source,
    )
    return found


async def taken_so_far(connection: Connection, *, import_id: UUID, source: str) -> tuple[int, int]:
    """Return how many other imports of the source have ended, and the last thing that befell one of their rows.

    The same twice says that nothing of the source was taken in or back in between. No clock is asked: those of two
    machines differ.
    """
    ended, event = await connection.fetchrow(
        """SELECT count(*) FILTER (WHERE finished_at IS NOT NULL),
               coalesce(max((SELECT max(e.id) FROM import_event e WHERE e.import_id = d.id)), 0)
        FROM data_import d WHERE id <> $1 AND coalesce(source_code, 'own:' || authority_code) = $2""",
        import_id,
        source,
    )
    return ended, event


async def last_digests(connection: Connection, shape: Shape, source: str) -> bytes:
    """Return the first eight bytes of the cells' digest of every current version that `source` stated, one behind the other."""
    told: bytes | None = await connection.fetchval(
        f"""SELECT string_agg(substring(row_digest FROM 1 FOR 8), NULL) FROM {shape.version}
        WHERE source_code = $1 AND superseded_at IS NULL AND state <> 'void' AND row_digest IS NOT NULL""",
        source,
    )
    return told or b""
