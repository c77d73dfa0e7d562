"""`xinyong feeds`: what is exchanged with other systems, and what stops it."""

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from service.cli.terminal import commanded, out, with_database
from service.clock import legal_day, system_clock
from service.db import Database, driver
from service.feeds.actions import switch_feed, try_items_again
from service.feeds.definitions import load_definitions
from service.feeds.holding import count_held
from service.feeds.incoming import decide_delivery, list_deliveries
from service.feeds.queries import count_items, list_feeds, list_items, sync_feeds
from service.feeds.still_shown import as_csv, list_still_shown
from service.feeds.views import feed_view
from service.settings import Settings
from service.versions import ANY_VERSION

app = typer.Typer(help="Feeds to and from other disclosure systems.", no_args_is_help=True)


@app.command("check")
def feeds_check(
    folder: Annotated[Path | None, typer.Argument(help="Folder of definitions; none: the configured one.")] = None,
) -> None:
    """Read the definition files and say what each does, without touching a database or the other side.

    Example: [bold]xinyong feeds check feeds/[/bold]
    """
    settings = Settings()
    place = folder or settings.feeds_folder()
    found = load_definitions(place)
    for one in found:
        what = f"{one.shaped.mapping}, {one.reports}" if one.direction == "out" else "incoming"
        how = one.transport["type"] if one.connected else "not connected"
        out.print(f"{one.id}  {one.direction}  {one.target}  {what}  {how}", soft_wrap=True)
    out.print(f"{len(found)} feeds in {place}", soft_wrap=True)


@app.command("list")
def feeds_list() -> None:
    """List the feeds: what waits, what was accepted or set aside, what stops them, whether both sides are equal.

    Example: [bold]xinyong feeds list[/bold]
    """
    settings = Settings()

    async def work(database: Database) -> list[dict[str, Any]]:
        async with commanded(database, "xinyong feeds list") as session:
            connection = await driver(session)
            await sync_feeds(connection, load_definitions(settings.feeds_folder()), now=system_clock())
            counts = await count_items(connection)
            held = await count_held(connection, today=legal_day(system_clock()))
            return [
                feed_view(feed, counts.get(feed.id, {}), held.get(feed.id)) for feed in await list_feeds(connection)
            ]

    table = Table(title=None, box=None, padding=(0, 2))
    for heading in ("feed", "state", "queued", "sent", "accepted", "set aside", "equal", "decide by", "trouble"):
        table.add_column(heading)
    for one in with_database(settings, work):
        counts, trouble, held = one["counts"], one["trouble"], one["held"]
        equal = {None: "not compared", True: "yes", False: "NO"}[one["is_equal"]]
        table.add_row(
            str(one["id"]),
            str(one["state"]),
            str(counts.get("queued", 0)),
            str(counts.get("sent", 0) + counts.get("received", 0) + counts.get("withdrawn_sent", 0)),
            str(counts.get("accepted", 0)),
            str(counts.get("dead", 0)),
            equal,
            ""
            if held is None
            else f"{held['decide_by']} ({held['count']} held{', OVERDUE' if held['overdue'] else ''})",
            "" if trouble is None else f"{trouble['code']}: {trouble['words']}",
        )
    out.print(table)


@app.command("items")
def feeds_items(
    feed: str,
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Only those that were set aside.")] = False,
) -> None:
    """Show the records on a feed, each with what the other side said.

    Example: [bold]xinyong feeds items cq-creditchina --dead[/bold]
    """

    async def work(database: Database) -> list[str]:
        async with database.reading() as session:
            rows = await list_items(
                await driver(session), feed_id=feed, state=state, dead=dead or None, after=None, limit=1000
            )
        return [
            f"{row['uscc']}  {row['record_id']}  {row['operation']}  {row['state']}  due {row['due_on'] or '-'}"
            f"  {row['file_name'] or '-'}  {row['reason'] or ''}"
            for row in rows
        ]

    for line in with_database(Settings(), work):
        out.print(line, soft_wrap=True)


@app.command("retry")
def feeds_retry(
    feed: str, record: Annotated[UUID | None, typer.Option(help="One record; none: all that were set aside.")] = None
) -> None:
    """Queue what was rejected or could not be sent once more.

    Example: [bold]xinyong feeds retry cq-creditchina[/bold]
    """

    async def work(database: Database) -> int:
        async with commanded(database, "xinyong feeds retry") as session:
            return await try_items_again(session, feed_id=feed, record_id=record, now=system_clock())

    out.print(f"{with_database(Settings(), work)} queued again.")


@app.command("still-shown")
def feeds_still_shown(
    *,
    csv: Annotated[bool, typer.Option("--csv", help="As CSV, for a notice.")] = False,
) -> None:
    """Show which systems still show what has ended, and since when; no record is named.

    Example: [bold]xinyong feeds still-shown --csv[/bold]
    """

    async def work(database: Database) -> list[dict[str, Any]]:
        async with database.reading() as session:
            return await list_still_shown(await driver(session), only_public=False)

    systems = with_database(Settings(), work)
    if csv:
        out.print(as_csv(systems, now=system_clock()), soft_wrap=True, end="", markup=False, highlight=False)
        return
    for one in systems:
        out.print(f"{one['name']}  {one['count']} since {one['since']}, compared {one['compared_at']}", soft_wrap=True)
    if not systems:
        out.print("No system that was compared shows what has ended.")


@app.command("deliveries")
def feeds_deliveries(feed: str) -> None:
    """Show the files that a feed brought in, newest first, and which are held for a person.

    Example: [bold]xinyong feeds deliveries city-in[/bold]
    """

    async def work(database: Database) -> list[str]:
        async with database.reading() as session:
            rows = await list_deliveries(await driver(session), feed_id=feed, after=None, limit=100)
        return [
            f"{row['id']}  {row['fetched_at']:%Y-%m-%d %H:%M}  {row['name']}  {row['state']}"
            f"  hidden {row['hidden_count']}  restored {row['restored_count']}  ended at once {row['ends_count']}"
            f"  decide by {row['decide_by'] or '-'}  {row['brake'] or row['problem'] or ''}"
            for row in rows
        ]

    for line in with_database(Settings(), work):
        out.print(line, soft_wrap=True)


@app.command("approve")
def feeds_approve(
    feed: str, delivery: UUID, reason: Annotated[str, typer.Option(help="Why; it stays with the file.")]
) -> None:
    """Take a held file in.

    Example: [bold]xinyong feeds approve city-in 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c04 --reason 已核实[/bold]
    """
    _decide(feed, delivery, reason, approved=True)


@app.command("reject")
def feeds_reject(
    feed: str, delivery: UUID, reason: Annotated[str, typer.Option(help="Why; it stays with the file.")]
) -> None:
    """Turn a held file away.

    Example: [bold]xinyong feeds reject city-in 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c04 --reason 文件不完整[/bold]
    """
    _decide(feed, delivery, reason, approved=False)


def _decide(feed: str, delivery: UUID, reason: str, *, approved: bool) -> None:
    settings = Settings()

    async def work(database: Database) -> str:
        async with commanded(database, f"xinyong feeds {'approve' if approved else 'reject'}") as session:
            row = await decide_delivery(
                session,
                feed_id=feed,
                delivery_id=delivery,
                approved=approved,
                reason=reason,
                actor="command line",
                expected=ANY_VERSION,
                data_dir=settings.data_dir,
                now=system_clock(),
            )
            return f"{row['name']} is {row['state']}."

    out.print(with_database(settings, work))


@app.command("pause")
def feeds_pause(feed: str) -> None:
    """Send and fetch nothing more until the feed is resumed.

    Example: [bold]xinyong feeds pause cq-creditchina[/bold]
    """
    _switch(feed, active=False)


@app.command("resume")
def feeds_resume(feed: str) -> None:
    """Let a paused feed go on, and try one that failed at once.

    Example: [bold]xinyong feeds resume cq-creditchina[/bold]
    """
    _switch(feed, active=True)


def _switch(feed: str, *, active: bool) -> None:
    async def work(database: Database) -> str:
        async with commanded(database, f"xinyong feeds {'resume' if active else 'pause'}") as session:
            found = await switch_feed(session, feed_id=feed, active=active, expected=ANY_VERSION, now=system_clock())
            return found.state

    out.print(f"{feed} is {with_database(Settings(), work)}.")
