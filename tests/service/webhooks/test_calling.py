import asyncio
import ssl
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.clock import system_clock
from service.webhooks.calling import AddressRefused, Caller, PublicOnly
from tests.service.webhooks.hooks import Receiver, receiving


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    folder: Path = tmp_path_factory.mktemp("receiver")
    with receiving(folder) as running:
        yield running


async def called(caller: Caller, url: str) -> tuple[bool, int | None, str | None]:
    outcome = await caller.call(url, b'{"type":"test"}', {"webhook-id": "test:1"})
    return outcome.is_success, outcome.status, outcome.words


async def test_whatever_a_receiver_does_a_call_ends_and_says_how(receiver: Receiver) -> None:
    async with Caller(loopback=True, seconds=20) as caller:
        for mode, ended in {
            "ok": (True, 204, None),
            "fail": (False, 500, "refused"),
            "gone": (False, 410, "refused"),
            "redirect": (False, 307, "redirect_not_followed"),
            "lie": (True, 200, None),  # the status was said; what follows it does not matter
            "flood": (True, 200, None),
            "garbage": (False, None, "connection_lost"),
            "drop": (False, None, "connection_lost"),
        }.items():
            receiver.behave(mode)
            assert await called(caller, receiver.url) == ended, mode
    receiver.behave("hang")
    async with Caller(loopback=True, seconds=1) as caller:
        assert await called(caller, receiver.url) == (False, None, "timed_out")
    assert len(receiver.got()) == 9


async def test_names_that_lead_into_the_house_are_not_connected_to(receiver: Receiver) -> None:
    before = len(receiver.got())
    receiver.behave("ok")
    async with Caller(seconds=20) as caller:
        for host in (
            "localhost",
            "127.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",  # noqa: S104
            "2130706433",
            "0177.0.0.1",
            "127.1",
        ):
            for scheme in ("https", "http"):
                said = await called(caller, f"{scheme}://{host}:{receiver.port}/hook")
                assert said in {(False, None, "address_not_public"), (False, None, "unknown_host")}, (scheme, host)
        for name in ("nobody.invalid", "a..example", ".example", f"{'a' * 64}.example"):
            assert await called(caller, f"https://{name}/") == (False, None, "unknown_host"), name
        with pytest.raises(AddressRefused):
            await PublicOnly(loopback=True).connect_unix_socket("postgres.sock")
    async with Caller(loopback=True, seconds=20) as caller:
        receiver.kill()
        assert (await called(caller, receiver.url))[2] == "connection_failed"
    assert len(receiver.got()) == before
    receiver.restart()


def certify(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 with its key into one file."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    now = system_clock()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, None)
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "receiver.pem"
    path.write_bytes(certificate.public_bytes(encoding) + private)
    return path


async def test_https_is_spoken_to_whom_it_trusts_only(tmp_path: Path) -> None:
    path = certify(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    heads = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        async with Caller(loopback=True, context=ssl.create_default_context(cafile=str(path))) as caller:
            assert await called(caller, url) == (True, 204, None)
        async with Caller(loopback=True) as caller:
            assert await called(caller, url) == (False, None, "tls_failed")
    assert len(heads) == 1
    assert heads[0].startswith(b"POST /hook HTTP/1.1\r\n")
