"""An OIDC issuer as a process of its own: discovery document, published keys that rotate, tokens signed on demand.

Run as `python -m tests.issuer`; the first line it prints is its address. `POST /sign` signs claims with the newest key (or the one
that `kid` names, published or not), `POST /rotate` makes a new key (`{"publish": false}` keeps it to itself for now),
`POST /withdraw` stops publishing the oldest, `GET /fetched` counts how often its keys were asked for.
"""

import hmac
import json
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ROOT = Path(__file__).parents[1]


def encoded(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")


class Keys:
    """The issuer's keys, oldest first, and which of them are published."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.published: list[str] = []
        self.fetched = 0

    def rotate(self, *, publish: bool) -> str:
        name = f"key-{len(self.keys) + 1}"
        parameters = {"kid": name, "use": "sig"}
        made: Any = ECKey if len(self.keys) % 2 else RSAKey
        key = made.generate_key("P-256" if len(self.keys) % 2 else 2048, parameters)
        self.keys.append(key)
        if publish:
            self.published.append(name)
        return name

    def sign(self, claims: dict[str, Any], kid: str | None, alg: str | None) -> str:
        key = next(key for key in reversed(self.keys) if kid in {None, key.kid})
        usual = "RS256" if key.key_type == "RSA" else "ES256"
        if alg == "HS256":  # the old trick: the public key as if it were a shared secret
            parts = (json.dumps({"alg": alg, "kid": key.kid}), json.dumps(claims))
            signed = b".".join(encoded(part.encode()) for part in parts)
            secret = key.as_pem(private=False)
            return (signed + b"." + encoded(hmac.digest(secret, signed, "sha256"))).decode()
        return jwt.encode({"alg": alg or usual, "kid": key.kid}, claims, key, algorithms=[alg or usual])


def serve() -> None:
    keys = Keys()
    keys.rotate(publish=True)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                self.answer({"issuer": address, "jwks_uri": f"{address}/jwks"})
            elif self.path == "/jwks":
                keys.fetched += 1
                shown = [key.as_dict(private=False) for key in keys.keys if key.kid in keys.published]
                self.answer({"keys": [*shown, {"kty": "future", "kid": "unknown kind"}]})
            else:
                self.answer({"fetched": keys.fetched})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/sign":
                self.answer({"token": keys.sign(body["claims"], body.get("kid"), body.get("alg"))})
            elif self.path == "/rotate":
                self.answer({"kid": keys.rotate(publish=body.get("publish", True))})
            else:
                self.answer({"kid": keys.published.pop(0)})

        def answer(self, document: dict[str, Any]) -> None:
            content = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    print(address, flush=True)  # noqa: T201 - how its owner learns the address
    server.serve_forever()


class Issuer:
    """A running issuer as a test sees it."""

    def __init__(self, process: "Popen[str]", address: str) -> None:
        self.process = process
        self.address = address

    def ask(self, path: str, **body: Any) -> Any:
        return httpx.post(f"{self.address}{path}", json=body, timeout=20).json()

    def sign(self, claims: dict[str, Any], **how: Any) -> str:
        token: str = self.ask("/sign", claims=claims, **how)["token"]
        return token

    def fetched(self) -> int:
        count: int = httpx.get(f"{self.address}/fetched", timeout=20).json()["fetched"]
        return count

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    process = Popen([sys.executable, "-m", "tests.issuer"], cwd=ROOT, stdout=PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Issuer(process, process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    serve()
