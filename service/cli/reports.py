"""`xinyong reports`: what a platform reports, sealed before it leaves, and opened by the authority alone. None of it needs a database."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer
from rich.markup import escape
from rich.table import Table

from service.cli.terminal import err, out
from service.clock import legal_day, system_clock
from service.connection import write_private
from service.reports.identities import Checked, NoStatus, NotAStatus, ask, check_identities, codes_of
from service.reports.reading import Content, parts_of, read_content, read_file, write_content
from service.reports.receipts import verify_receipt
from service.reports.rules import Envelope, Period, ReportKind, check_period, read_period
from service.reports.sealing import (
    NoSealingKey,
    WrongKey,
    new_key,
    public_jwk,
    read_header,
    read_private,
    read_public,
    seal,
    unseal,
)
from service.reports.templates import NotTheTemplate, as_csv, as_schema, as_workbook, count_rows, templates

app = typer.Typer(
    help="Reports of platforms to authorities: filled in, checked, sealed and opened outside the server.",
    no_args_is_help=True,
)

_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
_Kind = Annotated[ReportKind, typer.Option(help="What is reported.")]
_Period = Annotated[str, typer.Option(help="2026-H1 for a half-year, or 2026-11-01/2026-11-20.")]
_Server = Annotated[
    str | None, typer.Option(help="Address of a server to check identities against; XINYONG_KEY is the key.")
]
_Status = Annotated[
    list[Path] | None,
    typer.Option(exists=True, dir_okay=False, help="A kept answer of POST /v1/status/batch instead; may be repeated."),
]
_Password = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="File with the private half's password.")
]


def _out_of(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    if path.exists():
        err.print(f"{path} exists and is not overwritten.", soft_wrap=True)
        raise typer.Exit(1)
    write_private(path, content)
    return path


def _password(file: Path | None) -> str | None:
    return None if file is None else file.read_text("utf-8").rstrip("\n")


@app.command("keygen")
def keygen(
    name: Annotated[str, typer.Argument(help="Name of the two files.")],
    to: Annotated[Path, typer.Option(file_okay=False, exists=True, help="Folder for them.")] = Path(),
    password_file: _Password = None,
) -> None:
    """Make an authority's pair of keys. The private half stays with the authority; only the public one is registered.

    Example: [bold]xinyong reports keygen cq-market-2026 --password-file password.txt[/bold]
    """
    key = new_key()
    private = _out_of(to, f"{name}.private.pem", key.as_pem(private=True, password=_password(password_file)).decode())
    public = _out_of(to, f"{name}.public.json", json.dumps(public_jwk(key), indent=2) + "\n")
    out.print(f"{private}  keep it, and a copy of it elsewhere: without it no report can be opened", soft_wrap=True)
    out.print(f"{public}  register it: POST /v1/sealing-keys", soft_wrap=True)
    out.print(f"fingerprint {key.thumbprint()}", soft_wrap=True)


@app.command("template")
def template(
    kind: Annotated[ReportKind, typer.Argument(help="What is reported.")],
    to: Annotated[Path, typer.Option(dir_okay=False, help="The file; .csv, .xlsx or .json (a JSON Schema).")],
) -> None:
    """Write the empty form of a report.

    Example: [bold]xinyong reports template identity --to merchants.xlsx[/bold]
    """
    form = templates()[kind]
    made = {
        ".csv": lambda: as_csv(form),
        ".xlsx": lambda: as_workbook(form),
        ".json": lambda: json.dumps(as_schema(form), ensure_ascii=False, indent=2).encode(),
    }.get(to.suffix)
    if made is None:
        raise typer.BadParameter("the file ends with .csv, .xlsx or .json")
    to.write_bytes(made())
    out.print(f"{to}  {form.name_zh} ({form.name}), {len(form.fields)} columns", soft_wrap=True)


@app.command("check")
def check(file: _File, *, kind: _Kind, period: _Period, server: _Server = None, status: _Status = None) -> None:
    """Check a filled form, or the rows of an opened report; merchants' identities also against registrations.

    Example: [bold]xinyong reports check merchants.csv --kind identity --period 2026-H1 --server https://credit.example[/bold]
    """
    rows = _rows(file, kind, read_period(period))
    out.print(f"{len(rows):,} rows fit the template.")
    found = _checked(rows, server, status)
    if found is not None:
        _tell(rows, found)


@app.command("seal")
def seal_command(
    file: _File,
    *,
    kind: _Kind,
    period: _Period,
    platform: Annotated[UUID, typer.Option(help="Your principal_id, as GET /v1/me says it.")],
    authority: Annotated[str, typer.Option(help="Code of the authority.")],
    key: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="The authority's public key, or GET /v1/sealing-keys.")
    ],
    fingerprint: Annotated[
        str | None, typer.Option(help="The key's fingerprint, as the authority told it to you.")
    ] = None,
    request: Annotated[UUID | None, typer.Option(help="Id of the request that this answers.")] = None,
    to: Annotated[Path, typer.Option(file_okay=False, exists=True, help="Folder for the sealed files.")] = Path(),
    server: _Server = None,
    status: _Status = None,
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Leave the check of identities out.")] = False,
) -> None:
    """Check a filled form and seal it to the authority's key, in files that are sent as they are: POST /v1/reports.

    Example: [bold]xinyong reports seal merchants.csv --kind identity --period 2026-H1 --platform ID --authority cq-market-regulation
    --key keys.json --server https://credit.example[/bold]
    """
    days, today = read_period(period), legal_day(system_clock())
    check_period(kind, days, today=today)
    public = _public(key, authority)
    if fingerprint is not None and fingerprint != public.thumbprint():
        raise WrongKey(
            f"The key in {key} has the fingerprint {public.thumbprint()}, not {fingerprint}: do not use it, ask the authority.",
            detail_zh="公钥指纹不符，请向机关核实。",
        )
    rows = _rows(file, kind, days)
    found = _checked(rows, server, status)
    if kind is ReportKind.IDENTITY and found is None and not unchecked:
        err.print(
            "Identities are checked before they are sealed: give --server, --status or --unchecked.", soft_wrap=True
        )
        raise typer.Exit(2)
    if found is not None:
        _tell(rows, found)
    parts = parts_of(rows)
    out.print(
        f"Sealed to {authority}, key {public.thumbprint()}; nobody else opens it, neither do you.", soft_wrap=True
    )
    for number, places in enumerate(parts, start=1):
        part = [rows[at] for at in places]
        mine = None if found is None else found.part(places)
        counts = count_rows(kind, part) | ({} if mine is None else mine.counts)
        envelope = Envelope(uuid4(), kind, days, platform, authority, counts, number, len(parts), request)
        sealed = seal(write_content(Content(part, mine)), envelope, public)
        name = f"{kind}-{days.first}-{days.last}-{number}-of-{len(parts)}.json"
        path = _out_of(to, name, json.dumps({"sealed": sealed}) + "\n")
        out.print(f"{path}  {len(part):,} rows, digest {read_header(sealed).digest}", soft_wrap=True)


@app.command("open")
def open_command(
    file: _File,
    *,
    key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The private half.")],
    to: Annotated[Path, typer.Option(dir_okay=False, help="File for the rows, as JSON; only you may read it.")],
    password_file: _Password = None,
    server: _Server = None,
    status: _Status = None,
) -> None:
    """Open a sealed report with the authority's private key, check its content again and write its rows.

    Example: [bold]xinyong reports open sealed.json --key cq-market-2026.private.pem --to merchants.json[/bold]
    """
    private = read_private(key.read_bytes(), password=_password(password_file))
    sealed = _sealed(file)
    header = read_header(sealed)
    content = read_content(unseal(sealed, private), header.envelope)
    one = header.envelope
    out.print(
        f"{one.kind} of {one.platform} for {escape(one.authority)}, {one.period}, part {one.part} of {one.parts}",
        soft_wrap=True,
    )
    out.print(f"digest {header.digest}", soft_wrap=True)
    rows = json.dumps(content.rows, ensure_ascii=False, indent=1)
    path = _out_of(to.parent, to.name, rows + "\n")
    out.print(f"{path}  {len(content.rows):,} rows, as the envelope counts them", soft_wrap=True)
    if content.checked is not None:
        out.print(f"When it was sealed ({content.checked.as_of}): {_words(content.checked.counts)}", soft_wrap=True)
    found = _checked(content.rows, server, status)
    if found is not None:
        _tell(content.rows, found)


@app.command("receipt")
def receipt_command(
    receipt: _File,
    *,
    report: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The sealed report that it is for.")],
    keys: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The service's /.well-known/jwks.json.")],
) -> None:
    """Check that a receipt is signed by the service and is for this very report.

    Example: [bold]xinyong reports receipt answer.json --report identity-1-of-1.json --keys jwks.json[/bold]
    """
    told = verify_receipt(_json(receipt)["receipt"], _json(keys), sealed=_sealed(report))
    out.print(f"Received {told['received_at']}, report {told['report_id']}, digest {told['digest']}", soft_wrap=True)


def _json(file: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return json.loads(file.read_bytes())
    except ValueError:
        raise typer.BadParameter(f"{file} is no JSON") from None


def _sealed(file: Path) -> str:
    text = file.read_text("utf-8", "replace").strip()
    return str(_json(file).get("sealed", "")) if text.startswith("{") else text


def _public(file: Path, authority: str) -> Any:  # noqa: ANN401 - a key of a library without public types
    found = _json(file)
    if isinstance(found, dict) and "items" in found:
        fitting = [one for one in found["items"] if one["authority"] == authority and one["state"] == "in_use"]
        if not fitting:
            raise NoSealingKey(f"{file} has no key of {authority} that is in use.", detail_zh="没有该机关在用的公钥。")
        found = max(fitting, key=lambda one: str(one["registered_at"]))["jwk"]
    return read_public(found)


def _rows(file: Path, kind: ReportKind, period: Period) -> list[dict[str, str]]:
    try:
        return read_file(file, kind, period=period)
    except NotTheTemplate as refusal:
        faults = refusal.extra.get("faults")
        if not isinstance(faults, list) or not faults:
            raise
        table = Table("row", "field", "what", box=None, padding=(0, 2))
        for one in faults[:50]:
            table.add_row(str(one["row"]), one["field"], one["code"])
        out.print(table)
        err.print(f"{len(faults):,} field(s) do not fit the template; nothing was sealed.", soft_wrap=True)
        raise typer.Exit(1) from None


def _checked(rows: Sequence[dict[str, str]], server: str | None, status: list[Path] | None) -> Checked | None:
    if server is None and not status:
        return None
    codes = codes_of(rows)
    try:
        if server is None:
            return check_identities(rows, [_json(one) for one in status or ()])
        return check_identities(rows, ask(codes, url=server, key=os.environ.get("XINYONG_KEY", "")))
    except (NoStatus, NotAStatus) as refusal:
        err.print(f"[red]{refusal.code}[/red]: {refusal}", soft_wrap=True)
        raise typer.Exit(1) from None


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())


def _tell(rows: Sequence[dict[str, str]], found: Checked) -> None:
    out.print(
        f"Against registrations ({found.as_of}, position {found.position}): {_words(found.counts)}", soft_wrap=True
    )
    table = Table("row", "code", "finding", box=None, padding=(0, 2))
    places = sorted((at, name) for name, each in found.rows.items() for at in each)
    for at, name in places[:50]:
        table.add_row(str(at), rows[at - 1]["uscc"], name)
    if places:
        out.print(table)
    if len(places) > 50:
        out.print(f"… and {len(places) - 50:,} more")
