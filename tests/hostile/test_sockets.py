"""What goes over a real connection: slow and silent clients, endless headers, and bytes that are no HTTP."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.servers import Serving, serving

SECONDS = 1


@pytest.fixture(scope="module")
def api(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder: Path = tmp_path_factory.mktemp("api")
    off = {"rate_key": "off", "rate_address": "off", "rate_refused": "off"}
    with serving(shared_database_url, folder, client_timeout_s=str(SECONDS), **off) as running:
        yield running


def everything(connection: socket.socket) -> bytes:
    """Read until the other side ends the connection, in whichever way."""
    received = b""
    with suppress(ConnectionError):
        while block := connection.recv(65536):
            received += block
    return received


def problem(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head.lower()
    return int(head.split(b" ")[1]), json.loads(body)["code"]


@pytest.mark.parametrize("sent", ["", "GET /healthz HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_client_that_says_nothing_more_is_let_go(api: Serving, sent: str) -> None:
    with api.connect() as connection:
        connection.sendall(sent.encode())
        assert everything(connection) == b""


def test_headers_sent_byte_by_byte_have_the_same_time(api: Serving) -> None:
    with api.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        cut = False
        while not cut:
            try:
                connection.sendall(b"x")
            except ConnectionError:
                cut = True
            time.sleep(0.1)
    assert cut


def test_a_body_that_stops_is_a_408_and_the_end(api: Serving) -> None:
    with api.connect() as connection:
        connection.sendall(
            b"POST /v1/status/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        )
        assert problem(everything(connection)) == (408, "request_too_slow")


def test_a_body_that_drips_is_a_408_too(api: Serving) -> None:
    with api.connect() as connection:
        connection.sendall(
            b"POST /v1/status/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
        )
        with suppress(ConnectionError):
            for _ in range(100):
                connection.sendall(b" ")
                time.sleep(0.1)
        assert b"408" in everything(connection)[:20] or connection.send(b" ") == 1


def test_endless_headers_are_cut_off(api: Serving) -> None:
    with api.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        with suppress(ConnectionError):
            for number in range(3000):
                connection.sendall(f"X-{number}: {'y' * 90}\r\n".encode())
        answer = everything(connection)
    assert not answer or problem(answer) == (431, "headers_too_large")


def test_a_client_that_does_not_read_is_let_go(api: Serving) -> None:
    with api.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(0.2)
        cut = False
        for _ in range(300):
            try:
                connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
            except TimeoutError:
                continue
            except ConnectionError:
                cut = True
                break
            time.sleep(0.05)
    assert cut


@pytest.mark.parametrize(
    "request_line",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody speaks TLS
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Bad\x00: y\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_400(api: Serving, request_line: bytes) -> None:
    with api.connect() as connection:
        connection.sendall(request_line)
        assert problem(everything(connection)) == (400, "malformed_http")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/status/%0d%0aSet-Cookie:%20a=b", 422),
        ("/v1/status/%00", 422),
        ("/v1/catalog/lists/%00", 422),
        ("/v1/catalog/lists?cursor=%00", 422),
        ("/docs/assets/..%2f..%2f..%2fapp.py", 404),
        ("/docs/assets/%2e%2e/%2e%2e/%2e%2e/settings.py", 404),
        ("/assets/..%2frendering.py", 404),
        ("//v1/status", 404),
        ("/v1/catalog/lists/..%2f..%2fstatus", 404),
    ],
)
def test_paths_lead_nowhere_else_and_headers_are_not_made_from_them(api: Serving, path: str, status: int) -> None:
    with api.connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = everything(connection)
    assert answer.split(b" ")[1] == str(status).encode()
    assert b"\r\nset-cookie:" not in answer.lower()


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "PATCH"])
def test_methods_that_are_not_offered_are_refused(api: Serving, method: str) -> None:
    with api.connect() as connection:
        connection.sendall(f"{method} /v1/catalog/lists HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        status, code = problem(everything(connection))
    assert (status, code) in {(405, "method_not_allowed"), (400, "malformed_http")}


def test_every_answer_carries_the_headers_that_browsers_need(api: Serving) -> None:
    with httpx.Client(base_url=api.url) as client:
        for path in ("/healthz", "/v1/changes", "/nowhere", "/docs", "/v1/catalog/lists", "/docs/assets/favicon.png"):
            headers = client.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["cache-control"]
            assert "server" not in headers


def test_two_processes_keep_one_limit(shared_database_url: str, tmp_path: Path) -> None:
    settings = {"rate_address": "60/day", "rate_key": "off"}
    with (
        serving(shared_database_url, tmp_path, **settings) as one,
        serving(shared_database_url, tmp_path, **settings) as two,
    ):
        seen = [httpx.get(f"{api.url}/v1/catalog/lists").status_code for _ in range(50) for api in (one, two)]
    assert set(seen) == {200, 429}
    assert 54 <= seen.count(200) <= 66


def test_the_address_behind_a_proxy_is_believed_from_a_trusted_one_only(
    shared_database_url: str, tmp_path: Path
) -> None:
    for trusted, statuses in (("", [200, 429, 429]), ("127.0.0.1", [200, 429, 200])):
        folder = tmp_path / (trusted or "none")
        with serving(shared_database_url, folder, rate_address="1/day", trusted_proxies=trusted) as api:
            seen = [
                httpx.get(f"{api.url}/v1/catalog/lists", headers={"X-Forwarded-For": address}).status_code
                for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2")
            ]
        assert seen == statuses
