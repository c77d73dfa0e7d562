"""Screenings of tests: handed in over HTTP, run in this process, read back."""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import polars as pl
from fastapi import FastAPI

from service.app import create_app
from service.db import Database
from service.screenings.files import Files, folder_below
from service.screenings.runner import Screener
from service.settings import Settings
from service.store.reader import StoreReader
from service.tables.chunk import Limits
from tests.service.store.support import NOW

LISTS = ("positions", "lists", "records", "warnings", "changes")


def clock() -> datetime:
    return NOW


def app_of(database: Database, folder: Path, at: Callable[[], datetime] = clock) -> FastAPI:
    return create_app(Settings(data_dir=folder), database=database, clock=at)


def screener_of(database: Database, folder: Path, *, store: StoreReader | None = None) -> Screener:
    files = folder_below(folder)
    files.mkdir(exist_ok=True)
    none = StoreReader(folder / "no store", database, max_staleness=0)
    return Screener(database, partial(Files, files), store or none, clock, Limits())


async def screened(client: httpx.AsyncClient, screener: Screener, content: str | bytes, **asked: Any) -> dict[str, Any]:
    """Hand a file in, work it off, and return how it stands then."""
    handed = await client.post("/v1/screenings", params=asked, content=content)
    assert handed.status_code == 202, handed.text
    assert await screener.run(UUID(handed.json()["id"]))
    found = await client.get(handed.headers["location"])
    assert found.status_code == 200, found.text
    told: dict[str, Any] = found.json()
    return told


async def result_of(client: httpx.AsyncClient, screening: dict[str, Any]) -> bytes:
    answer = await client.get(f"/v1/screenings/{screening['id']}/result")
    assert answer.status_code == 200, answer.text
    return answer.content


def read_csv(content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the top of a result and its rows, in the form that JSON Lines have."""
    first, _, rest = content.decode().partition("\n")
    assert first.startswith("# ")
    return orjson.loads(first[2:]), [_typed(row) for row in csv.DictReader(io.StringIO(rest))]


def read_jsonl(content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    top, *rows = map(orjson.loads, content.splitlines())
    return top, rows


def read_parquet(content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    top = orjson.loads(pl.read_parquet_metadata(io.BytesIO(content))["xinyong"])
    return top, pl.read_parquet(io.BytesIO(content)).to_dicts()


def _typed(row: dict[str, str]) -> dict[str, Any]:
    typed: dict[str, Any] = {name: value or None for name, value in row.items()}
    for name in ("line", "blacklist_entries", "penalties"):
        typed[name] = None if typed[name] is None else int(typed[name])
    for name in LISTS:
        typed[name] = None if typed[name] is None else typed[name].split(";")
    if typed["positions"] is not None:
        typed["positions"] = [int(one) for one in typed["positions"]]
    return typed
