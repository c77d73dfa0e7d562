"""A release is laid down at its place whole: beside, under another name, then renamed; what went before goes after that.

What went before is known by its name, not by what was noted: a delivery of which nobody could note any more that it was made is
taken away by the next one too.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from posixpath import join
from typing import Final

import httpx

from service.exports.packages import MANIFEST, SIGNATURE
from service.feeds.definitions import Definition
from service.feeds.rules import TransportFailure
from service.feeds.transports import https, sftp
from service.feeds.transports.directory import failure

_PIECE: Final = 256 * 1024


async def deliver(definition: Definition, folder: Path, *, name: str, series: str, replaces: str | None) -> None:
    """Deliver the release in `folder` under `name`; everything else there whose name begins with `series` is taken away.

    Doing it twice lays down the same. By HTTPS each file is a PUT, the signature the last; what was there before is the other
    side's to drop: `X-Replaces` names the release `replaces` that was delivered last.

    Raises:
        TransportFailure: the place cannot be reached or does not take it.
    """
    kind = definition.transport.get("type")
    if not definition.connected:
        raise TransportFailure("not_connected", "the definition says that this system is not connected")
    if kind == "directory":
        try:
            await asyncio.to_thread(_lay_down, Path(str(definition.transport["path"])), folder, name, series)
        except OSError as error:
            raise failure(error) from error
    elif kind == "sftp":
        await _upload(definition, folder, name=name, series=series)
    else:
        await _put(definition, folder, name=name, replaces=replaces)


def _is_old(entry: str, name: str, series: str) -> bool:
    """Tell whether what lies at a place is an earlier release of the series, or the unfinished draft of one."""
    return entry != name and entry.removeprefix(".").startswith(series)


def _lay_down(place: Path, folder: Path, name: str, series: str) -> None:
    if not place.is_dir():
        raise TransportFailure("unreachable", f"there is no directory {place}")
    draft = place / f".{name}.part"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(folder, draft)
    shutil.rmtree(place / name, ignore_errors=True)
    draft.rename(place / name)
    for old in [path for path in place.iterdir() if _is_old(path.name, name, series)]:
        shutil.rmtree(old, ignore_errors=True)


async def _upload(definition: Definition, folder: Path, *, name: str, series: str) -> None:
    place = str(definition.transport.get("folder", "."))
    draft, target = join(place, f".{name}.part"), join(place, name)
    async with sftp.connected(definition.transport) as client:
        with sftp.told():
            if await client.exists(draft):
                await client.rmtree(draft)
            await client.mkdir(draft)
            for path in sorted(folder.iterdir()):
                await client.put(str(path), join(draft, path.name))
            if await client.exists(target):
                await client.rmtree(target)
            await client.rename(draft, target)
            for old in map(str, await client.listdir(place)):
                if _is_old(old, name, series):
                    await client.rmtree(join(place, old))


async def _put(definition: Definition, folder: Path, *, name: str, replaces: str | None) -> None:
    url = str(definition.transport.get("url", "")).rstrip("/")
    if not url.startswith("https://"):
        raise TransportFailure("misconfigured", "only https:// is spoken")
    last = (MANIFEST, SIGNATURE)
    paths = sorted(
        folder.iterdir(),
        key=lambda path: (path.name in last, last.index(path.name) if path.name in last else 0, path.name),
    )
    with https.told():
        client = https.client_of(definition.transport)
    async with client:
        for path in paths:
            headers = {"Content-Length": str(path.stat().st_size)} | ({"X-Replaces": replaces} if replaces else {})
            with https.told():
                answer: httpx.Response = await client.put(
                    f"{url}/{name}/{path.name}", content=_pieces(path), headers=headers
                )
            https.check(answer)


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
