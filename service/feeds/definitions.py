"""Feeds as reviewable files: target, shape, transport, schedule, and what receipts look like. One TOML file a feed.

Secrets never stand in a definition: it names an environment variable (`…_env`) or a file (`…_file`) that holds one.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any, Final

from service.feeds.rules import Answer, BadFeed
from service.feeds.shapes import Shape, load_shape, read_shape

TARGETS: Final = ("credit_china", "gsxt", "city", "generic")
TRANSPORTS: Final = ("directory", "sftp", "https", "database")
FORMATS: Final = ("csv", "jsonl")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,60}")
_SECRET: Final = re.compile(r"(?i)^(password|token|secret|dsn|passphrase)$")


@dataclass(frozen=True, slots=True)
class Receipts:
    """How the other side answers: `file`s in a folder, a `table`, the `answer` to the request, or `none`.

    `columns` name its columns for key (one or several), status, reason_code, reason, on and file; `statuses` what its
    statuses mean, `reasons` its codes in words. Without any within `days` working days the row counts as unanswered, or with
    `silence = "accepts"` as accepted.
    """

    kind: str = "none"
    folder: str = "receipts"
    days: int = 5
    silence: str = "alarm"
    columns: Mapping[str, Any] = field(default_factory=dict)
    statuses: Mapping[str, Answer] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """One feed. `reports` is `duty` (what a deadline of the channel asks for) or `window` (what the channel shows now)."""

    id: str
    name: str
    direction: str
    target: str
    connected: bool
    shape: str
    reports: str
    records: str
    authorities: tuple[str, ...]
    lists: tuple[str, ...]
    every_seconds: int
    rows: int
    transport: Mapping[str, Any]
    format: str
    bom: bool
    receipts: Receipts
    shown: Mapping[str, Any]
    incoming: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of what decides which records belong on the feed; patience and addresses may change without a review."""
        decisive = {
            name: self.body.get(name) for name in ("target", "shape", "reports", "records", "authorities", "lists")
        }
        return sha256(dumps(decisive, sort_keys=True).encode()).hexdigest()

    @property
    def shaped(self) -> Shape:
        """The shape that is sent: one of the shipped files by its id, or the table `[shape]` of the definition itself.

        Raises:
            BadFeed: see `load_shape` and `read_shape`.
        """
        stated = self.body["shape"]
        return read_shape(stated) if isinstance(stated, dict) else load_shape(str(stated))

    @property
    def only_own(self) -> bool:
        """Whether only records of authorities' own are sent: by default where a duty asks for them, and permits anyway.

        A permit is not public here: what of it others are told is for its own authority to say.
        """
        by_default = self.reports == "duty" or self.shaped.record == "credit_record"
        return by_default if self.records == "default" else self.records == "own"

    @property
    def channel(self) -> str:
        """The channel whose windows and deadlines count."""
        return self.target if self.target in {"credit_china", "gsxt"} else "public"


def load_definitions(folder: Path) -> tuple[Definition, ...]:
    """Return the feeds of a folder, by file name; one that does not exist holds none.

    Raises:
        BadFeed: a file is malformed, or two have one id; the words name file and member.
    """
    found: dict[str, Definition] = {}
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        try:
            body = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadFeed(f"{path.name}: this is no TOML: {error}.", detail_zh="文件不是有效的 TOML。") from error
        one = read_definition(body, where=path.name)
        if one.id in found:
            raise BadFeed(f"{path.name}: another file has the id {one.id!r} already.", detail_zh="编号重复。")
        found[one.id] = one
    return tuple(found.values())


def read_definition(body: Mapping[str, Any], *, where: str) -> Definition:
    """Return a feed from the content of its file.

    Raises:
        BadFeed: see `load_definitions`.
    """
    identity = str(_needed(body, "id", where))
    if not _ID.fullmatch(identity):
        raise BadFeed(
            f"{where}: id {identity!r} is two or more small letters, digits and dashes.", detail_zh="编号格式不正确。"
        )
    direction = _one_of(body, "direction", ("out", "in", "exports"), where, "out")
    transport = dict(body.get("transport", {}))
    connected = bool(body.get("connected", True))
    if connected:
        _one_of(transport, "type", TRANSPORTS, f"{where}, transport")
    for name, value in transport.items():
        if _SECRET.match(name) or (isinstance(value, str) and re.search(r"://[^/@]*:[^/@]+@", value)):
            raise BadFeed(
                f"{where}: {name!r} holds a secret. Name where it is: {name}_env or {name}_file.",
                detail_zh="定义文件中不得包含密码，请用 _env 或 _file 指明其所在。",
            )
    if direction == "exports" and transport.get("type") == "database":
        raise BadFeed(
            f"{where}: releases are folders of files; deliver them by directory, sftp or https.",
            detail_zh="数据包应通过目录、SFTP 或 HTTPS 交付。",
        )
    if direction == "in":
        _check_incoming(dict(body.get("incoming", {})), f"{where}, incoming")
    target = _one_of(body, "target", TARGETS, where, "generic")
    statutory = target in {"credit_china", "gsxt"}
    reports = _one_of(body, "reports", ("duty", "window"), where, "duty" if statutory else "window")
    shape = _needed(body, "shape", where) if direction == "out" else ""
    if isinstance(shape, dict):
        shape = read_shape(shape).id
    return Definition(
        id=identity,
        name=str(body.get("name", identity)),
        direction=direction,
        target=target,
        connected=connected,
        shape=str(shape),
        reports=reports,
        records=_one_of(body, "records", ("own", "all", "default"), where, "default"),
        authorities=tuple(body.get("authorities", ())),
        lists=tuple(body.get("lists", ())),
        every_seconds=int(body.get("every_seconds", 60)),
        rows=int(body.get("rows", 2000)),
        transport=transport,
        format=_one_of(body, "format", FORMATS, where, "csv"),
        bom=bool(body.get("bom", False)),
        receipts=_receipts(body.get("receipts", {}), where),
        shown=dict(body.get("shown", {})),
        incoming=dict(body.get("incoming", {})),
        body=dict(body),
    )


def _check_incoming(body: Mapping[str, Any], where: str) -> None:
    kind = _one_of(body, "kind", ("subjects", "penalties", "blacklist", "permits"), where)
    _needed(body, "authority", where)
    volume = body.get("volume", {})
    if not isinstance(volume, dict) or any(
        name not in {"least", "most"} or not isinstance(value, int) or value < 0 for name, value in volume.items()
    ):
        raise BadFeed(
            f"{where}: volume is {volume!r}; it says how many rows are expected, as {{ least = 900, most = 1500 }}.",
            detail_zh="volume 应为 { least = 行数, most = 行数 }。",
        )
    if body.get("complete") and kind == "permits":
        raise BadFeed(
            f"{where}: complete hides what is shown and no longer in the file; permits are shown to nobody else.",
            detail_zh="许可不适用 complete。",
        )
    if body.get("complete") and "source" not in body:
        raise BadFeed(
            f"{where}: complete needs a source: an authority's own records are never hidden for want of a row.",
            detail_zh="complete 需要指明 source。",
        )


def _receipts(body: Mapping[str, Any], where: str) -> Receipts:
    place = f"{where}, receipts"
    try:
        statuses = {str(word): Answer(name) for name, words in dict(body.get("statuses", {})).items() for word in words}
    except ValueError as error:
        raise BadFeed(f"{place}: statuses are received, accepted and rejected; {error}.") from error
    kind = _one_of(body, "kind", ("file", "table", "answer", "none"), place, "none")
    columns = dict(body.get("columns", {}))
    if kind in {"file", "table"} and not {"key", "status"} <= columns.keys():
        raise BadFeed(f"{place}: columns name at least key and status.", detail_zh="缺少 key 或 status 列。")
    return Receipts(
        kind=kind,
        folder=str(body.get("folder", "receipts")),
        days=int(body.get("days", 5)),
        silence=_one_of(body, "silence", ("alarm", "accepts"), place, "alarm"),
        columns=columns,
        statuses=statuses,
        reasons={str(code): str(words) for code, words in dict(body.get("reasons", {})).items()},
    )


def _needed(body: Mapping[str, Any], name: str, where: str) -> object:
    if name not in body:
        raise BadFeed(f"{where}: {name!r} is missing.", detail_zh=f"缺少 {name}。")
    return body[name]


def _one_of(
    body: Mapping[str, Any], name: str, allowed: tuple[str, ...], where: str, default: str | None = None
) -> str:
    value = body.get(name, default)
    if value not in allowed:
        found = "missing" if value is None else repr(value)
        raise BadFeed(f"{where}: {name} is {found}; it is one of {', '.join(allowed)}.", detail_zh=f"{name} 不正确。")
    return str(value)


def secret(transport: Mapping[str, Any], name: str) -> str | None:
    """Return the secret that `NAME_env` or `NAME_file` leads to, or None where the definition names none.

    It is read anew each time, so that a renewed one counts from the next attempt on.

    Raises:
        BadFeed: the variable or the file is not there.
    """
    variable, file = transport.get(f"{name}_env"), transport.get(f"{name}_file")
    if variable is not None:
        value = os.environ.get(str(variable))
        if not value:
            raise BadFeed(f"The environment has no {variable}, which the feed's {name}_env names.", code="credentials")
        return value
    if file is not None:
        try:
            return Path(str(file)).read_text("utf-8").strip()
        except OSError as error:
            raise BadFeed(
                f"{file}, which the feed's {name}_file names: {error.strerror}.", code="credentials"
            ) from error
    return None
