"""The other side of screenings: a list is handed in to a server, followed, and its result loaded; what broke off goes on where it was."""

import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from uuid import uuid4

import httpx
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from service.idempotency.rules import RequestInFlight
from service.screenings.rules import OPEN, ScreeningOutdated, State

T = TypeVar("T")

#: Bytes that are sent or read at a time.
_PIECE: Final = 256 * 1024
#: How long a server that does not answer is asked again, in seconds, and the longest pause before the next try.
PATIENCE: Final = 300.0
_LONGEST_PAUSE: Final = 15.0
#: So often a list is handed in again because a record ended that its result named.
_AGAIN: Final = 3
#: What a server says that will answer later.
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Unanswered(Exception):
    """The server refused, or cannot be reached; `code` is its own word for it."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


class Ended(Exception):
    """The screening came to an end without a result."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


class Remote:
    """A server that is asked with a key; a context manager. `screening` is the one that is worked on."""

    def __init__(self, url: str, key: str, *, console: Console, patience: float = PATIENCE) -> None:
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(60, connect=15),
        )
        self._patience = patience
        self.screening: str | None = None
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[words]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.bar.stop()
        self._client.close()

    def ask(
        self,
        method: str,
        path: str,
        take: Callable[[httpx.Response], T],
        *,
        headers: Callable[[], dict[str, str]] = dict,
        content: Callable[[], Iterator[bytes]] | None = None,
        params: dict[str, str] | None = None,
    ) -> T:
        """Return what `take` makes of the answer; a server that is away or busy is asked again for a while.

        Raises:
            Unanswered: it refuses, or did not come back.
        """
        until, pause = time.monotonic() + self._patience, 0.5
        while True:
            body = None if content is None else content()
            try:
                with self._client.stream(method, path, headers=headers(), content=body, params=params) as answer:
                    if answer.is_success:
                        return take(answer)
                    answer.read()
                    failure = _refusal(answer)
                    if answer.status_code not in _LATER and failure.code != RequestInFlight.code:
                        raise failure
                    pause = max(pause, float(answer.headers.get("retry-after", 0) or 0))
            except httpx.TransportError as error:
                failure = Unanswered("unreachable", f"{self._client.base_url}: {str(error) or type(error).__name__}")
            if time.monotonic() + pause > until:
                raise failure
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def screen_remotely(
    remote: Remote, file: Path, target: Path, *, asked: dict[str, str | None], screening: str | None
) -> dict[str, Any]:
    """Hand `file` in, or go on with a screening that was, load its result to `target`, and return the sums.

    Where a record ended while the result was on its way the list is handed in again.

    Raises:
        Unanswered: the server refuses, or does not come back.
        Ended: the screening failed or was cancelled.
    """
    for _ in range(_AGAIN):
        remote.screening = screening or _hand_in(remote, file, asked)
        try:
            done = _follow(remote)
            _load(remote, done, target)
        except Unanswered as refusal:
            if refusal.code != ScreeningOutdated.code:
                raise
            screening = None
            continue
        sums: dict[str, Any] = done["sums"]
        return sums
    raise Ended(ScreeningOutdated.code, "Records that the result named kept ending meanwhile. Try again later.")


def _hand_in(remote: Remote, file: Path, asked: dict[str, str | None]) -> str:
    size = file.stat().st_size
    task = remote.bar.add_task("handing in", total=size, words=decimal(size))

    def pieces() -> Iterator[bytes]:
        remote.bar.reset(task, total=size)
        with file.open("rb") as source:
            while piece := source.read(_PIECE):
                yield piece
                remote.bar.advance(task, len(piece))

    # The key makes it one screening, however often it is sent.
    named = {"Idempotency-Key": str(uuid4()), "Content-Length": str(size)}
    params = {name: value for name, value in asked.items() if value is not None} | {"file_name": file.name[:200]}
    handed = remote.ask("POST", "/v1/screenings", _json, content=pieces, headers=lambda: named, params=params)
    remote.bar.remove_task(task)
    return str(handed["id"])


def _follow(remote: Remote) -> dict[str, Any]:
    task = remote.bar.add_task("screening", total=100, words="")
    pause = 0.1
    while True:
        told: dict[str, Any] = remote.ask("GET", f"/v1/screenings/{remote.screening}", _json)
        remote.bar.update(task, completed=told["done_share"], words=f"{told['rows_done']:,} rows, {told['state']}")
        if told["state"] not in OPEN:
            break
        time.sleep(pause)
        pause = min(pause * 1.5, 2)
    remote.bar.remove_task(task)
    if told["state"] == State.OUTDATED:
        raise Unanswered(ScreeningOutdated.code, "A record that the result named has ended.")
    if told["state"] != State.FINISHED:
        problem = told["problem"] or {"code": told["state"], "detail": f"The screening is {told['state']}."}
        raise Ended(problem["code"], problem["detail"])
    return told


def _load(remote: Remote, done: dict[str, Any], target: Path) -> None:
    """Load the result beside `target`, going on where a try before ended, and put it there when it is whole."""
    part = target.with_name(f".{target.name}.{done['id']}.part")
    size = done["result_size"]
    task = remote.bar.add_task("loading", total=size, words=decimal(size))

    def there() -> dict[str, str]:
        at = part.stat().st_size if part.exists() else 0
        part_of = {"Range": f"bytes={at}-", "If-Range": f'"{done["result_sha256"]}"'} if at else {}
        return part_of | {"Accept-Encoding": "identity"}

    def take(answer: httpx.Response) -> None:
        with part.open("ab" if answer.status_code == 206 else "wb") as kept:
            for piece in answer.iter_raw(_PIECE):
                kept.write(piece)
                remote.bar.update(task, completed=kept.tell())

    if not part.exists() or part.stat().st_size != size:
        remote.ask("GET", f"/v1/screenings/{done['id']}/result", take, headers=there)
    if part.stat().st_size != size or _digest(part) != done["result_sha256"]:
        part.unlink()
        raise Unanswered("damaged", "What was loaded is not what the server has. Try again with --screening.")
    part.replace(target)


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _json(answer: httpx.Response) -> dict[str, Any]:
    answer.read()
    told: dict[str, Any] = answer.json()
    return told


def _refusal(answer: httpx.Response) -> Unanswered:
    try:
        problem = answer.json()
        return Unanswered(str(problem["code"]), str(problem["detail"]))
    except (ValueError, KeyError, TypeError):
        return Unanswered(f"http_{answer.status_code}", f"The server answered {answer.status_code}.")
