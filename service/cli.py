"""The `xinyong` command."""

import asyncio
import json
import logging
import signal
import sys
import threading
from collections.abc import Coroutine
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
import uvicorn
from pydantic import ValidationError
from rich.console import Console

from jobs.registry import JOBS
from jobs.scheduler import run_job, serve_jobs
from service.access.actions import create_key, revoke_key
from service.access.queries import list_keys
from service.access.rules import Role
from service.app import create_app
from service.catalog.actions import add_source, sync_seed
from service.catalog.queries import load_catalog
from service.catalog.rules import KnownSource
from service.catalog.seed import load_seed
from service.changes.actions import drain
from service.clock import system_clock
from service.connection import database_url
from service.db import Database
from service.demo import run_demo
from service.embedded import EmbeddedProblem
from service.errors import Refusal
from service.imports.local import import_file
from service.imports.runner import Progress
from service.migrate import migrate as migrate_schema
from service.migrate import refuse_newer
from service.rulebook.load import load_rulebook
from service.rulebook.rules import PenaltyFacts
from service.rulebook.windows import penalty_windows
from service.samples import load_samples
from service.settings import Settings
from service.tables.chunk import Limits
from service.uscc.rules import check
from service.uscc.words import explain

app = typer.Typer(
    help="Xinyong (信用): credit files, blacklist entries and published penalties by unified social credit code.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
jobs_app = typer.Typer(help="The jobs process: sequencer, imports, scheduled jobs.", no_args_is_help=True)
keys_app = typer.Typer(help="API keys. A secret is shown once and stored only as its hash.", no_args_is_help=True)
sources_app = typer.Typer(help="Where rows come from, and what each source covers.", no_args_is_help=True)
rules_app = typer.Typer(help="The rulebook: dated legal periods with citation and grade.", no_args_is_help=True)
app.add_typer(jobs_app, name="jobs")
app.add_typer(keys_app, name="keys")
app.add_typer(sources_app, name="sources")
app.add_typer(rules_app, name="rules")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

OwnedOption = Annotated[bool, typer.Option("--owned", hidden=True)]


def main() -> None:
    """Run the command; what goes wrong in a known way is one sentence and exit code 1."""
    try:
        app()
    except (EmbeddedProblem, Refusal) as problem:
        err.print(f"[red]{getattr(problem, 'code', 'problem')}[/red]: {problem}", soft_wrap=True)
        sys.exit(1)
    except ValidationError as problem:
        for one in problem.errors():
            err.print(f"[red]XINYONG_{'_'.join(map(str, one['loc'])).upper()}[/red]: {one['msg']}", soft_wrap=True)
        sys.exit(1)
    except OSError as problem:
        err.print(f"[red]system[/red]: {problem.strerror or problem}", soft_wrap=True)
        sys.exit(1)


def _settings() -> Settings:
    return Settings()


def _log_to_stderr(settings: Settings) -> None:
    level = getattr(logging, settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _end_with_owner() -> None:
    """End this process when the one that started it is gone: its end of our standard input closes then."""

    def watch() -> None:
        sys.stdin.buffer.read()
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _run(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever the work returns
    return asyncio.run(work)


@app.command()
def migrate() -> None:
    """Bring the database's schema and catalogues up to date.

    Example: [bold]xinyong migrate[/bold]
    """
    with database_url(_settings()) as url:
        _run(_prepare(url))
        out.print("The schema and the catalogues are up to date.")


async def _prepare(url: str) -> None:
    database = Database(url, application="xinyong migrate", pool_size=2)
    try:
        await refuse_newer(database)
        await asyncio.to_thread(migrate_schema, url)
        async with database.transaction() as session:
            await sync_seed(session, load_seed(), now=system_clock())
    finally:
        await database.dispose()


@app.command()
def serve(*, owned: OwnedOption = False) -> None:
    """Serve the API and its documentation pages.

    Example: [bold]XINYONG_PORT=8080 xinyong serve[/bold]
    """
    settings = _settings()
    _log_to_stderr(settings)
    if owned:
        _end_with_owner()
    with database_url(settings) as url:
        database = Database(
            url,
            application="xinyong api",
            pool_size=settings.pool_size,
            statement_timeout_ms=settings.statement_timeout_ms,
        )
        api = create_app(settings, database=database)
        server = uvicorn.Server(
            uvicorn.Config(
                api,
                host=settings.host,
                port=settings.port,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=10,
                loop="uvloop",
            )
        )
        server.run()
        if not server.started:
            raise typer.Exit(1)


@jobs_app.command("serve")
def jobs_serve(*, owned: OwnedOption = False) -> None:
    """Run the sequencer, the imports and the scheduled jobs until told to stop.

    Example: [bold]xinyong jobs serve[/bold]
    """
    settings = _settings()
    _log_to_stderr(settings)
    if owned:
        _end_with_owner()
    with database_url(settings) as url:
        _run(_jobs(url, settings))


async def _jobs(url: str, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    database = Database(url, application="xinyong jobs", pool_size=8)
    try:
        limits = Limits(cells=settings.max_sheet_cells)
        await serve_jobs(database, system_clock, stop, poll_ms=settings.job_poll_ms, limits=limits)
    finally:
        await database.dispose()


@jobs_app.command("list")
def jobs_list() -> None:
    """List the scheduled jobs.

    Example: [bold]xinyong jobs list[/bold]
    """
    for job in JOBS:
        out.print(f"{job.name:<24} every {job.every_seconds:>5} s   {job.words}")


@jobs_app.command("run")
def jobs_run(name: str) -> None:
    """Run one job now.

    Example: [bold]xinyong jobs run take_in_waiting_rows[/bold]
    """
    job = next((one for one in JOBS if one.name == name), None)
    if job is None:
        err.print(f"No job {name!r}. There are: {', '.join(one.name for one in JOBS)}.")
        raise typer.Exit(2)
    with database_url(_settings()) as url:
        out.print(f"{name}: {_run(_with(url, lambda database: run_job(job, database, system_clock)))}")


async def _with(url: str, work: Any) -> Any:  # noqa: ANN401 - passes on what the work takes and returns
    database = Database(url, application="xinyong cli", pool_size=4)
    try:
        return await work(database)
    finally:
        await database.dispose()


@app.command()
def demo() -> None:
    """Run everything on this machine: database, fictitious sample data, API and jobs. Ctrl-C ends all of it.

    This is what `make run` calls. Example: [bold]xinyong demo[/bold]
    """
    raise typer.Exit(run_demo(_settings(), out, _prepare))


@app.command()
def sample() -> None:
    """Load the fictitious sample data, once.

    Example: [bold]xinyong sample[/bold]
    """
    settings = _settings()
    with database_url(settings) as url:
        loaded = _run(
            _with(url, lambda database: load_samples(database, settings.data_dir / "sample", clock=system_clock))
        )
        _run(_with(url, lambda database: drain(database, system_clock)))
        out.print("The sample data is in." if loaded else "The sample data was there already.")


@app.command("import")
def import_command(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV, XLSX, XLS, SpreadsheetML, JSON Lines; .zip, .gz.")
    ],
    kind: Annotated[str, typer.Option(help="subjects, penalties or blacklist.")],
    authority: Annotated[str, typer.Option(help="Code or name of the importing authority.")],
    source: Annotated[str | None, typer.Option(help="Source that has published the rows; none: own drafts.")] = None,
    list_: Annotated[str | None, typer.Option("--list", help="List of the entries, where the file names none.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file; none: found.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook; none: found.")] = None,
    listed_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of listing for rows that state none.")
    ] = None,
    basis: Annotated[str | None, typer.Option(help="Where that day is stated.")] = None,
    column_map: Annotated[
        list[str] | None, typer.Option("--map", help='"their column=our field", may be repeated.')
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show map, first rows and sums; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Import a file and show what became of every row.

    Example: [bold]xinyong import penalties.xlsx --kind penalties --authority cq-market-regulation --source city-site[/bold]
    """
    if kind not in {"subjects", "penalties", "blacklist"}:
        err.print(f"--kind is subjects, penalties or blacklist, not {kind!r}.")
        raise typer.Exit(2)
    pairs = dict(pair.split("=", 1) for pair in column_map or () if "=" in pair)
    settings = _settings()
    request = {
        "kind": kind,
        "authority": authority,
        "source": source,
        "list": list_,
        "encoding": encoding,
        "sheet": sheet,
        "listed_on": listed_on.date() if listed_on else None,
        "basis": basis,
        "column_map": pairs,
        "dry_run": dry_run,
    }
    with database_url(settings) as url, _progress_bar() as report:
        result = _run(
            _with(
                url, lambda database: import_file(database, settings, file, request, clock=system_clock, report=report)
            )
        )
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, default=str) + "\n")
    else:
        _show_import(result)
    if result["state"] == "failed":
        raise typer.Exit(1)


def _progress_bar() -> Any:  # noqa: ANN401 - a context manager that yields a reporting function
    from contextlib import contextmanager  # noqa: PLC0415 - used here only

    from rich.progress import Progress as Bar  # noqa: PLC0415 - slow to import and needed by one command
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    @contextmanager
    def bar() -> Any:  # noqa: ANN401
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.completed:,} rows"),
            TimeElapsedColumn(),
        )
        with Bar(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
            task = shown.add_task("reading", total=None)

            def report(progress: Progress) -> None:
                shown.update(task, description=progress.phase, completed=progress.rows)

            yield report

    return bar()


def _show_import(result: dict[str, Any]) -> None:
    from rich.table import Table  # noqa: PLC0415 - needed by one command

    from service.imports.rules import REASONS  # noqa: PLC0415

    if result["problem"]:
        err.print(f"[red]{result['problem']['code']}[/red]: {result['problem']['detail']}", soft_wrap=True)
        return
    info = result["table"]
    out.print(
        f"{result['file_name']}: {info['format']}, header in line {info['header_line']}, column map {info['map']}"
    )
    for name, column in info["fields"].items():
        out.print(f"  {column}  →  {name}", style="dim")
    for warning in info["warnings"]:
        out.print(f"  note: {warning['detail']}", style="yellow")
    for row in info.get("first_rows", ()):
        out.print(
            f"  line {row['line']}: {row['outcome']} {row['uscc'] or ''} {row['content']}", style="dim", soft_wrap=True
        )
    table = Table(title=None, box=None, padding=(0, 2))
    table.add_column("outcome")
    table.add_column("rows", justify="right")
    for outcome, rows in result["counts"]["outcomes"].items():
        table.add_row(outcome, f"{rows:,}")
    table.add_row("[bold]in all", f"[bold]{result['rows_read']:,}")
    out.print(table)
    for reason, rows in result["counts"]["reasons"].items():
        known = REASONS.get(reason)
        out.print(f"  {rows:,} × {reason}: {known.words + ' ' + known.remedy if known else ''}", soft_wrap=True)
    out.print(f"import {result['id']}" + (" (dry run: nothing was written)" if result["dry_run"] else ""))


@app.command()
def uscc(codes: Annotated[list[str], typer.Argument(help="One or more codes.")]) -> None:
    """Explain codes in words, offline.

    Example: [bold]xinyong uscc 91350100M000100Y43[/bold]
    """
    names = {region.code: region.name for region in load_seed().regions}
    worst = 0
    for code in codes:
        found = check(code)
        out.print("\n".join(explain(found, division_names=names)), soft_wrap=True)
        worst = max(worst, 0 if found.is_key else 1)
    raise typer.Exit(worst)


@rules_app.command("explain")
def rules_explain(
    decided: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of the decision.")],
    kinds: Annotated[str, typer.Option(help="Kinds of penalty, joined by commas: fine, warning, stop_business …")],
    fine_yuan: Annotated[float | None, typer.Option(help="Amount of the fine in yuan.")] = None,
    province: Annotated[str | None, typer.Option(help="First two digits of the authority's division code.")] = None,
    published: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of publication.")] = None,
    system: Annotated[
        str, typer.Option(help="The authority's system: market_regulation, environment …")
    ] = "market_regulation",
) -> None:
    """Say from when to when a penalty is shown on each channel, by which row and how well it is known. Offline.

    Example: [bold]xinyong rules explain --decided 2026-03-30 --kinds fine --fine-yuan 5000 --province 42[/bold]
    """
    seed = load_seed()
    rulebook = load_rulebook(
        (rule.body for rule in seed.rules if rule.kind == "period"),
        (rule.body for rule in seed.rules if rule.kind == "parameter"),
    )
    published_on: date | None = published.date() if published else None
    facts = PenaltyFacts(
        authority_system=system,
        procedure="ordinary",
        kinds=frozenset(kinds.split(",")),
        fine_fen=round(fine_yuan * 100) if fine_yuan is not None else None,
        confiscation_fen=None,
        field=None,
        party_type="organization",
        province=province,
        decided_on=decided.date(),
        published_on=published_on,
    )
    windows = penalty_windows(rulebook, facts, published_on or decided.date())
    rows = {rule.id: rule for rule in rulebook.rules}
    out.print(f"tier {windows.tier.value}: {windows.tier_basis}")
    for window in (windows.gsxt, windows.credit_china, windows.public):
        rule = rows.get(window.rule_id or "")
        words = (
            f"not shown ({window.reason})"
            if window.reason
            else f"{window.starts_on} to {window.ends_on or 'removed'}, both days shown"
        )
        cited = f"; {rule.id} {rule.citation}, {rule.grade.value}" if rule else ""
        out.print(f"{window.channel.value:<13} {words}{cited}", soft_wrap=True)
        if window.flags:
            out.print(f"{'':<13} flags: {', '.join(window.flags)}", style="dim")


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    role: Annotated[list[Role], typer.Option(help="May be repeated.")],
    authority: Annotated[str | None, typer.Option(help="Authority in whose name the key acts.")] = None,
) -> None:
    """Make a key and show it once.

    Example: [bold]xinyong keys create --name "shop" --role platform[/bold]
    """

    async def work(database: Database) -> str:
        async with database.transaction() as session:
            key = await create_key(
                session, name=name, roles=frozenset(role), authority_code=authority, now=system_clock()
            )
        return key.secret

    with database_url(_settings()) as url:
        out.print(_run(_with(url, work)))


@keys_app.command("list")
def keys_list() -> None:
    """List the keys.

    Example: [bold]xinyong keys list[/bold]
    """

    async def work(database: Database) -> list[str]:
        async with database.reading() as session:
            return [
                f"{key.id}  {key.hint}…  {'revoked' if key.revoked_at else 'valid  '}  {','.join(key.roles)}  {key.name}"
                for key in await list_keys(session)
            ]

    with database_url(_settings()) as url:
        for line in _run(_with(url, work)):
            out.print(line)


@keys_app.command("revoke")
def keys_revoke(key_id: str) -> None:
    """End a key at once.

    Example: [bold]xinyong keys revoke 0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02[/bold]
    """
    from uuid import UUID  # noqa: PLC0415 - used here only

    async def work(database: Database) -> None:
        async with database.transaction() as session:
            await revoke_key(session, key_id=UUID(key_id), now=system_clock())

    with database_url(_settings()) as url:
        _run(_with(url, work))
        out.print("Revoked.")


@sources_app.command("add")
def sources_add(
    code: str,
    owner: Annotated[str, typer.Option(help="Who owns the source.")],
    authority: Annotated[list[str], typer.Option(help="Authority that may import it; may be repeated.")],
    name: Annotated[str | None, typer.Option(help="Its name; none: the code.")] = None,
    published_where: Annotated[
        str | None, typer.Option(help="Where its rows were published; none: not published.")
    ] = None,
    covers: Annotated[
        list[str] | None, typer.Option(help="What it is complete for, as penalties:50; may be repeated.")
    ] = None,
) -> None:
    """Enter a source in the catalogue.

    Example: [bold]xinyong sources add city-site --owner 示例局 --authority cq-market-regulation
    --published-where https://penalties.example/ --covers penalties:50[/bold]
    """

    async def work(database: Database) -> None:
        source = KnownSource(
            code=code,
            name=name or code,
            owner=owner,
            published=published_where is not None,
            published_where=published_where,
            covers=tuple(covers or ()),
            importing_authorities=tuple(authority),
            stale_after_days=35,
            licence=None,
        )
        async with database.transaction() as session:
            await add_source(session, source, now=system_clock())

    with database_url(_settings()) as url:
        _run(_with(url, work))
        out.print(f"Source {code} is in the catalogue.")


@sources_app.command("list")
def sources_list() -> None:
    """List the sources.

    Example: [bold]xinyong sources list[/bold]
    """

    async def work(database: Database) -> list[str]:
        async with database.reading() as session:
            catalog = await load_catalog(session)
        return [f"{one.code}  {one.owner}  {', '.join(one.covers) or 'covers nothing'}" for one in catalog.sources]

    with database_url(_settings()) as url:
        for line in _run(_with(url, work)):
            out.print(line)
