"""Four places between two instances, each reached by a real server: one leaves rows there, the other picks up what stands there.

Whoever keeps a place takes what came in, holds one row for each record, answers by receipts (sooner, later, twice, cut off or
never), and lays out the list of what it has now.
"""

import csv
import io
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response

from service.feeds.shapes import load_shape
from tests.service.feeds.test_transports import certificate, https_server, sftp_server

SHAPE = load_shape("generic-penalty")
MAP = 'map = { id = "external_id", name = "party_name", kinds = "penalty_kinds", content = "penalty_content" }'
Row = dict[str, str]


def as_csv(rows: list[Row], columns: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@dataclass
class Door:
    """A place; `sending` and `fetching` are the `[transport]` of the two instances."""

    name: str
    sending: str
    fetching: str
    receipts: str
    shown: str = ""
    rows: dict[str, Row] = field(default_factory=dict)
    late: list[list[Row]] = field(default_factory=list)

    async def collect(self) -> list[Row]:
        """Take in what came; return its rows."""
        raise NotImplementedError

    async def answer(self, rows: list[Row], *, cut: bool = False) -> None:
        """Give receipts for rows."""
        raise NotImplementedError

    async def lay_out(self) -> None:
        """Show what is there now."""
        raise NotImplementedError

    async def cut_off(self, off: bool) -> None:
        """Be away, or there again."""
        raise NotImplementedError

    async def standing(self) -> dict[str, Row]:
        """The rows by id."""
        return self.rows

    def take(self, row: Row) -> None:
        """A row that reports takes the place of the one before; one that withdraws takes it away."""
        if "uscc" in row:
            self.rows[row["id"]] = row
        else:
            self.rows.pop(row["id"], None)

    def out(self) -> str:
        return (
            f'id = "to-{self.name}"\nshape = "generic-penalty"\nauthorities = ["{self.name}"]\nevery_seconds = 0\n'
            f"rows = 3\n[transport]\n{self.sending}\n[receipts]\ndays = 3\n{self.receipts}\n{self.shown}\n"
        )

    def into(self) -> str:
        return (
            f'id = "from-{self.name}"\ndirection = "in"\nevery_seconds = 0\n[transport]\n{self.fetching}\n[incoming]\n'
            f'kind = "penalties"\nauthority = "{self.name}"\nsource = "{self.name}-site"\ncomplete = true\nfew = 100000\n'
            f'pattern = "list-*.csv"\nsettle_seconds = 0\n{MAP}\n'
        )


ANSWERS = 'columns = { key = "id", status = "status", file = "file" }\nstatuses = { accepted = ["ok"] }'


@dataclass
class Files(Door):
    """Files below a folder; by SFTP it is the server's root."""

    folder: Path = Path()
    read: set[str] = field(default_factory=set)
    count: int = 0

    async def collect(self) -> list[Row]:
        new: list[Row] = []
        for path in sorted(self.folder.glob("to-*.csv"), key=lambda one: one.name.replace("-withdraw", "")):
            if path.name not in self.read:
                self.read.add(path.name)
                for row in csv.DictReader(io.StringIO(path.read_text("utf-8"))):
                    self.take(row)
                    new.append(row | {"file": path.name})
        return new

    async def answer(self, rows: list[Row], *, cut: bool = False) -> None:
        self.count += 1
        content = as_csv([row | {"status": "ok"} for row in rows], ("id", "file", "status"))
        (self.folder / "receipts" / f"r{self.count:05d}.csv").write_bytes(content[:-6] if cut else content)

    async def lay_out(self) -> None:
        self.count += 1
        for old in (self.folder / "shown").iterdir():
            old.unlink()
        path = self.folder / "shown" / f"list-{self.count:05d}.csv"
        path.write_bytes(as_csv(list(self.rows.values()), SHAPE.names))
        os.utime(path, (1_700_000_000 + self.count,) * 2)

    async def cut_off(self, off: bool) -> None:
        away = self.folder.with_name(f"{self.folder.name}-away")
        if off and self.folder.exists():
            self.folder.rename(away)
        if not off and away.exists():
            away.rename(self.folder)


@dataclass
class Web(Door):
    """An address that takes rows, gives receipts, and shows a list."""

    app: FastAPI = field(default_factory=FastAPI)
    new: list[Row] = field(default_factory=list)
    had: set[str] = field(default_factory=set)
    results: list[Row] = field(default_factory=list)
    page: bytes = as_csv([], SHAPE.names)
    off: bool = False

    def __post_init__(self) -> None:
        self.app.post("/rows")(self._take)
        self.app.get("/receipts")(self._receipts)
        self.app.api_route("/list.csv", methods=["GET", "HEAD"])(self._list)

    async def _take(self, request: Request) -> Response:
        if self.off:
            return Response("out of order", 503)
        if request.headers["idempotency-key"] in self.had:
            return Response(status_code=409)
        self.had.add(request.headers["idempotency-key"])
        for row in csv.DictReader(io.StringIO((await request.body()).decode())):
            self.take(row)
            self.new.append(row | {"file": request.headers["x-file-name"]})
        return Response(status_code=202)

    async def _receipts(self) -> Any:
        return {"results": self.results}

    async def _list(self, request: Request) -> Response:
        etag = f'"{sha256(self.page).hexdigest()}"'
        if self.off:
            return Response("out of order", 503)
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304)
        return Response(self.page, media_type="text/csv", headers={"ETag": etag})

    async def collect(self) -> list[Row]:
        new, self.new = self.new, []
        return new

    async def answer(self, rows: list[Row], *, cut: bool = False) -> None:
        self.results = [{"id": row["id"], "file": row["file"], "status": "half" if cut else "ok"} for row in rows]

    async def lay_out(self) -> None:
        self.page = as_csv([*self.rows.values()], SHAPE.names)

    async def cut_off(self, off: bool) -> None:
        self.off = off


@dataclass
class Table(Door):
    """A front-end database of the other side."""

    connection: Any = None
    dsn_file: Path = Path()
    dsn: str = ""

    async def collect(self) -> list[Row]:
        rows = await self.connection.fetch("SELECT id FROM front WHERE status IS NULL")
        return [{"id": row["id"]} for row in rows]

    async def answer(self, rows: list[Row], *, cut: bool = False) -> None:
        await self.connection.execute(
            "UPDATE front SET status = $2, updated_at = '2031-01-01' WHERE id = ANY ($1::text[])",
            [row["id"] for row in rows],
            "half" if cut else "ok",
        )

    async def lay_out(self) -> None:
        """The table shows itself."""

    async def cut_off(self, off: bool) -> None:
        self.dsn_file.write_text("postgresql://nobody@127.0.0.1:1/none" if off else self.dsn, "utf-8")

    async def standing(self) -> dict[str, Row]:
        rows = await self.connection.fetch("SELECT * FROM front WHERE zt = '0'")
        return {row["id"]: dict(row) for row in rows}


@asynccontextmanager
async def open_doors(folder: Path, dsn: str) -> AsyncIterator[list[Door]]:
    """Start the servers; `dsn` leads to an empty database of the other side."""
    for name in ("directory", "sftp"):
        for part in ("receipts", "shown"):
            (folder / name / part).mkdir(parents=True)
    for name, word in (("password", "right"), ("dsn", dsn)):
        (folder / name).write_text(word, "utf-8")
    ca = certificate(folder, "ca")
    certificate(folder, "server", ca)
    certificate(folder, "client", ca)
    web = Web("https", "", "", f'kind = "file"\n{ANSWERS}')
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(sftp_server(folder / "sftp", folder / "known"))
        sftp = (
            f'type = "sftp"\nhost = "127.0.0.1"\nport = {port}\nuser = "feed"\npassword_file = "{folder / "password"}"\n'
            f'known_hosts = "{folder / "known"}"\n'
        )
        port = await stack.enter_async_context(https_server(web.app, folder))
        secure = (
            f'type = "https"\nca_file = "{folder / "ca.pem"}"\nclient_cert_file = "{folder / "client.pem"}"\n'
            f'client_key_file = "{folder / "client.key"}"\n'
        )
        at = f"https://127.0.0.1:{port}"
        web.sending = f'{secure}url = "{at}/rows"\nreceipts_url = "{at}/receipts"'
        web.fetching = f'{secure}url = "{at}/list.csv"'
        web.shown = f'[shown]\nurl = "{at}/list.csv"'
        connection = await asyncpg.connect(dsn)
        stack.push_async_callback(connection.close)
        columns = ", ".join(f"{name} {'numeric(18,2)' if name.endswith('yuan') else 'text'}" for name in SHAPE.names)
        await connection.execute(
            f"CREATE TABLE front ({columns}, zt text, status text, updated_at timestamptz DEFAULT now())"
        )
        front = (
            f'type = "database"\ndsn_file = "{folder / "dsn"}"\ntable = "front"\n'
            'mark = { column = "zt", report = "0", withdraw = "1" }\n'
        )
        read = f"columns = {[*SHAPE.names]!r}"
        told = f'kind = "file"\n{ANSWERS}'
        listed = '[shown]\nfolder = "shown"\npattern = "list-*.csv"'
        here = f'type = "directory"\npath = "{folder / "directory"}'
        yield [
            Files("directory", f'{here}"', f'{here}/shown"', told, listed, folder=folder / "directory"),
            Files("sftp", sftp, f'{sftp}folder = "shown"', told, listed, folder=folder / "sftp"),
            web,
            Table(
                "database",
                front,
                f"{front}{read}",
                'kind = "table"\ncolumns = { key = "id", status = "status" }\nstatuses = { accepted = ["ok"] }',
                connection=connection,
                dsn_file=folder / "dsn",
                dsn=dsn,
            ),
        ]
