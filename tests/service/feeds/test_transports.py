"""Every transport against a real server of its protocol: whole or not at all, twice is once, and what goes wrong has a name."""

import asyncio
import datetime as dt
import ssl
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, ClassVar

import asyncpg
import asyncssh
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI, Request, Response

from service.feeds.definitions import Definition, read_definition
from service.feeds.formats import encode_rows
from service.feeds.rules import Answer, BadFeed, ContentRefused, Operation, TransportFailure
from service.feeds.shapes import load_shape, withdrawal_columns
from service.feeds.transports import Parcel, Transport, open_transport
from tests.conftest import Server
from tests.servers import free_port

SHAPE = load_shape("generic-penalty")
IDS = [str(uuid.UUID(int=at)) for at in range(1, 4)]


def definition(transport: dict[str, Any], **more: Any) -> Definition:
    body = {"id": "test", "shape": "generic-penalty", "transport": transport} | more
    return read_definition(body, where="test")


def parcel(*ids: str, operation: Operation = Operation.REPORT, name: str = "t-1.csv", **cells: str) -> Parcel:
    if operation is Operation.REPORT:
        columns = SHAPE.names
        rows = [dict.fromkeys(columns, "") | {"id": one, "fine_yuan": "5000.01"} | cells for one in ids]
    else:
        columns = withdrawal_columns(SHAPE)
        rows = [{"id": one, "ended_on": "2026-11-24"} for one in ids]
    content = encode_rows(rows, columns, format_="csv")
    return Parcel(uuid.uuid4(), name, operation, columns, rows, content, sha256(content).hexdigest())


async def failing(one: Definition, sent: Parcel | None = None) -> TransportFailure:
    with pytest.raises(TransportFailure) as caught:
        async with open_transport(one, SHAPE) as transport:
            await transport.send(sent or parcel(*IDS))
    return caught.value


# SFTP


class Cutting(asyncssh.SFTPServer):
    """A server that breaks the connection after some bytes were written, as often as it is told to."""

    cuts: ClassVar[list[int]] = []

    def __init__(self, channel: asyncssh.SSHServerChannel[Any]) -> None:
        self._channel = channel
        super().__init__(channel, chroot=Cutting.root)

    root = b""

    def write(self, file_obj: object, offset: int, data: bytes) -> Any:
        if self.cuts and offset + len(data) > self.cuts[0]:
            at = self.cuts.pop(0)
            super().write(file_obj, offset, data[: max(0, at - offset)])
            file_obj.flush()  # type: ignore[attr-defined] # an open file
            self._channel.get_connection().abort()
            raise asyncssh.SFTPConnectionLost("cut")
        return super().write(file_obj, offset, data)


class Login(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("feed", "right")


@asynccontextmanager
async def sftp_server(root: Path, known_hosts: Path) -> AsyncIterator[int]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    Cutting.root = str(root).encode()
    server = await asyncssh.create_server(
        Login, "127.0.0.1", 0, server_host_keys=[key], sftp_factory=Cutting, allow_scp=False
    )
    port = server.get_port()
    public = key.export_public_key().decode().strip()
    known_hosts.write_text(f"[127.0.0.1]:{port} {public}\n", "utf-8")
    try:
        yield port
    finally:
        server.close()
        await server.wait_closed()


async def test_sftp_goes_on_where_it_was_cut_and_knows_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    (root / "receipts").mkdir(parents=True)
    monkeypatch.setenv("FEED_PASSWORD", "right")
    async with sftp_server(root, tmp_path / "known") as port:
        base = {
            "type": "sftp", "host": "127.0.0.1", "port": port, "user": "feed", "known_hosts": str(tmp_path / "known"),
            "password_env": "FEED_PASSWORD",
        }  # fmt: skip
        big = parcel(*(str(uuid.UUID(int=at)) for at in range(1, 6000)), content="示例" * 20)
        for cut in (1, len(big.content) // 2, len(big.content) - 1):
            monkeypatch.setattr(Cutting, "cuts", [cut])
            failure = await failing(definition(base), big)
            assert failure.code == "unreachable"
            assert not (root / big.file_name).exists(), "nobody sees a half file"
        async with open_transport(definition(base), SHAPE) as transport:
            await transport.send(big)
            await transport.send(big)
            assert (root / big.file_name).read_bytes() == big.content
            assert [path.name for path in root.glob(".*")] == []
            (root / "receipts" / "r1.csv").write_bytes(b"id,status\r\n")
            (root / "receipts" / "r2.csv.part").write_bytes(b"id")
            assert [found.name for found in (await transport.receipts([])).files] == ["r1.csv"]
        monkeypatch.setenv("FEED_PASSWORD", "expired")
        assert (await failing(definition(base))).code == "credentials"
        monkeypatch.setenv("FEED_PASSWORD", "right")
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
        (tmp_path / "known").write_text(f"[127.0.0.1]:{port} {other}\n", "utf-8")
        assert (await failing(definition(base))).code == "credentials"
        assert (await failing(definition({**base, "known_hosts": str(tmp_path / "none")}))).code == "unreachable"
        del base["known_hosts"]
        assert (await failing(definition(base))).code == "misconfigured"
    assert (await failing(definition({**base, "known_hosts": str(tmp_path / "known")}))).code == "unreachable"


# HTTPS


def certificate(folder: Path, name: str, issuer: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
    """Write NAME.pem and NAME.key; signed by the issuer, or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=20_000))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer:
        made = made.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()), critical=False
        )
    signed = made.sign(issuer[1] if issuer else key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return signed, key


class Platform:
    """A platform with an address for rows; it refuses files with a poisoned row and knows batches it had."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.batches: dict[str, bytes] = {}
        self.status = 200
        self.app.post("/rows")(self.take)

    async def take(self, request: Request) -> Response:
        if request.headers.get("authorization") != "Bearer right":
            return Response("token expired", 401)
        if self.status != 200:
            return Response("out of order", self.status)
        body = await request.body()
        if b"poison" in body:
            return Response("row 1: bad", 422)
        if request.headers["idempotency-key"] in self.batches:
            return Response(status_code=409)
        self.batches[request.headers["idempotency-key"]] = body
        return Response('{"results": [{"id": "1", "status": "ok"}]}', media_type="application/json")


@asynccontextmanager
async def https_server(app: FastAPI, folder: Path) -> AsyncIterator[int]:
    port = free_port()
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="error", lifespan="off", ssl_certfile=str(folder / "server.pem"),
        ssl_keyfile=str(folder / "server.key"), ssl_ca_certs=str(folder / "ca.pem"), ssl_cert_reqs=ssl.CERT_REQUIRED,
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.02)
    try:
        yield port
    finally:
        server.should_exit = True
        await task


async def test_https_shows_its_certificate_and_its_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca = certificate(tmp_path, "ca")
    certificate(tmp_path, "server", ca)
    certificate(tmp_path, "client", ca)
    certificate(tmp_path, "stranger")
    platform = Platform()
    monkeypatch.setenv("FEED_TOKEN", "right")
    async with https_server(platform.app, tmp_path) as port:
        base = {
            "type": "https", "url": f"https://127.0.0.1:{port}/rows", "ca_file": str(tmp_path / "ca.pem"),
            "client_cert_file": str(tmp_path / "client.pem"), "client_key_file": str(tmp_path / "client.key"),
            "token_env": "FEED_TOKEN",
        }  # fmt: skip
        sent = parcel(*IDS)
        async with open_transport(definition(base), SHAPE) as transport:
            (answer,) = (await transport.send(sent)).files
            assert answer.content == b'[{"id":"1","status":"ok"}]'
            assert (await transport.send(sent)).files == []
            assert list(platform.batches.values()) == [sent.content]
            with pytest.raises(ContentRefused, match="row 1: bad"):
                await transport.send(parcel(IDS[0], name="poison", content="poison"))
        platform.status = 503
        assert (await failing(definition(base))).code == "unreachable"
        platform.status = 404
        assert (await failing(definition(base))).code == "misconfigured"
        monkeypatch.setenv("FEED_TOKEN", "expired")
        assert (await failing(definition(base))).code == "credentials"
        strange = {
            "client_cert_file": str(tmp_path / "stranger.pem"),
            "client_key_file": str(tmp_path / "stranger.key"),
        }
        assert (await failing(definition(base | strange))).code in {"credentials", "unreachable"}
        assert (await failing(definition(base | {"ca_file": str(tmp_path / "stranger.pem")}))).code == "credentials"
        assert (await failing(definition(base | {"url": "http://127.0.0.1/rows"}))).code == "misconfigured"
    assert (await failing(definition(base))).code == "unreachable"
    monkeypatch.delenv("FEED_TOKEN")
    assert (await failing(definition(base))).code == "credentials"


def test_a_definition_with_a_secret_in_it_is_refused() -> None:
    with pytest.raises(BadFeed, match="token_env or token_file"):
        definition({"type": "https", "url": "https://example.invalid", "token": "abc"})


# Front-end database

TABLE = f"""CREATE TABLE front (
    {", ".join(f"{name} {'uuid' if name == 'id' else 'numeric(18,2)' if name.endswith('yuan') else 'timestamp' if name.endswith('_on') else 'varchar(40)'}" for name in SHAPE.names)},
    zt text, status text, why text, updated_at timestamptz DEFAULT now())"""
STATUS = {
    "kind": "table", "columns": {"key": "id", "status": "status", "reason": "why"}, "statuses": {"accepted": ["1"], "rejected": ["0"]},
}  # fmt: skip


@pytest.fixture
async def front(server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncpg.Connection]:
    """A database of the other side."""
    name = f"front_{uuid.uuid4().hex[:12]}"
    await server.execute(f'CREATE DATABASE "{name}"')
    dsn = server.url(name).replace("+asyncpg", "")
    monkeypatch.setenv("FRONT_DSN", dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute(TABLE)
    yield connection
    await connection.close()
    await server.drop(name)


@asynccontextmanager
async def to_front(**more: Any) -> AsyncIterator[Transport]:
    base = {"type": "database", "dsn_env": "FRONT_DSN", "table": "front"} | more
    async with open_transport(definition(base, receipts=STATUS), SHAPE) as transport:
        yield transport


async def test_a_front_end_database_has_each_record_once_and_says_what_it_thinks(front: Any) -> None:
    mark = {"column": "zt", "report": "0", "withdraw": "1"}
    async with to_front(mark=mark) as transport:
        await transport.send(parcel(*IDS, decided_on="2026-11-20"))
        await transport.send(parcel(*IDS, decided_on="2026-11-20"))
        assert await front.fetchval("SELECT count(*) FROM front") == 3
        assert str(await front.fetchval("SELECT fine_yuan FROM front LIMIT 1")) == "5000.01"
        await front.execute("UPDATE front SET status = '1' WHERE id = $1", uuid.UUID(IDS[0]))
        await front.execute("UPDATE front SET status = '0', why = '名称不符' WHERE id = $1", uuid.UUID(IDS[1]))
        found = {one.key: (one.answer, one.reason) for one in (await transport.receipts(IDS)).receipts}
        assert found == {IDS[0]: (Answer.ACCEPTED, None), IDS[1]: (Answer.REJECTED, "名称不符")}
        shown = await transport.shown()
        assert shown is not None
        assert {(row["id"], row["decided_on"]) for row in shown} == {(one, "2026-11-20") for one in IDS}
        await transport.send(parcel(IDS[0], operation=Operation.WITHDRAW))
        assert (
            await front.fetchval("SELECT zt || coalesce(status, '-') FROM front WHERE id = $1", uuid.UUID(IDS[0]))
            == "1-"
        )
        assert len(await transport.shown() or ()) == 2
    async with to_front(withdraw="delete") as transport:
        (answer,) = (await transport.send(parcel(IDS[0], operation=Operation.WITHDRAW))).receipts
        assert answer.answer is Answer.ACCEPTED
        assert await front.fetchval("SELECT count(*) FROM front") == 2
        with pytest.raises(ContentRefused, match="too long"):
            await transport.send(parcel(*IDS, authority="长" * 41))
        assert await front.fetchval("SELECT count(*) FROM front") == 2, "a refused batch leaves what was there"


async def test_a_front_end_database_that_changed_stops_the_feed(front: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for change, words in (
        (
            "ALTER TABLE front ADD must text NOT NULL DEFAULT 'x'; ALTER TABLE front ALTER must DROP DEFAULT",
            "asks for must",
        ),
        ("ALTER TABLE front RENAME authority TO authority_2", "no column authority"),
        ("DROP TABLE front", "no table"),
    ):
        await front.execute(change)
        async with to_front() as transport:
            with pytest.raises(TransportFailure, match=words) as caught:
                await transport.send(parcel(*IDS))
        assert caught.value.code == "schema_changed"
        await front.execute("ALTER TABLE IF EXISTS front DROP COLUMN IF EXISTS must")
    monkeypatch.setenv("FRONT_DSN", "postgresql://nobody:wrong@127.0.0.1:1/none")
    with pytest.raises(TransportFailure) as caught:
        async with to_front():
            pass
    assert caught.value.code == "unreachable"
