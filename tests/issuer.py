"""An OIDC issuer as a process of its own: discovery document, published keys that rotate, tokens signed on demand.

Run as `python -m tests.issuer NAME`, a name of this machine; the first line it prints is its address. `POST /sign` signs claims with the newest key (or the one
that `kid` names, published or not), `POST /rotate` makes a new key (`{"publish": false}` keeps it to itself for now),
`POST /withdraw` stops publishing the oldest, `GET /fetched` counts how often its keys were asked for.

People sign in there by a button (`/authorize`), and come back with a code for `/token`, which works once and with its verifier only
(RFC 6749, 7636). `POST /person` says who sits before it: the claims of the ID tokens, and whether they are let in (`refuses`).
"""

import hmac
import json
import sys
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_urlsafe
from subprocess import PIPE, Popen
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ROOT = Path(__file__).parents[1]
#: The secret of the one client that signs people in here.
SECRET = "a secret: of +one client"  # noqa: S105 - of nobody but this issuer


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


class SignIns:
    """Who signs in, and the codes given for it that were not exchanged yet."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.refuses = ""
        self.codes: dict[str, dict[str, str]] = {}

    def approve(self, asked: dict[str, str]) -> str:
        """Return where the visitor is sent back to."""
        answer = {"state": asked["state"], "iss": self.claims.get("iss", ""), "session_state": "x"}
        if self.refuses:
            answer["error"] = self.refuses
        else:
            answer["code"] = token_urlsafe(16)
            self.codes[answer["code"]] = asked
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def redeem(self, form: dict[str, str], client: str, secret: str) -> dict[str, Any] | None:
        """Return the claims for a code, None where it does not count."""
        asked = self.codes.pop(form["code"], None)
        shown = encoded(sha256(form["code_verifier"].encode()).digest()).decode()
        if asked is None or (client, secret) != (asked["client_id"], SECRET):
            return None
        if (shown, form["redirect_uri"]) != (asked["code_challenge"], asked["redirect_uri"]):
            return None
        claims = {"aud": client, "nonce": asked["nonce"]} | self.claims
        return {name: value for name, value in claims.items() if value is not None}


def serve() -> None:
    keys = Keys()
    keys.rotate(publish=True)
    sign_ins = SignIns()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                places = ("authorize", "token", "out")
                names = ("authorization_endpoint", "token_endpoint", "end_session_endpoint")
                found = {name: f"{address}/{place}" for name, place in zip(names, places, strict=True)}
                promises = {"authorization_response_iss_parameter_supported": True}
                self.answer({"issuer": address, "jwks_uri": f"{address}/jwks"} | found | promises)
            elif self.path.startswith("/authorize?"):
                words = "again" if "prompt=login" in self.path else "in"
                self.show(
                    f'<form method="post" action="{self.path.replace("&", "&amp;")}"><button>Sign {words}</button></form>'
                )
            elif self.path.startswith("/out?"):
                self.show("<h1>Signed out</h1>")
            elif self.path == "/jwks":
                keys.fetched += 1
                shown = [key.as_dict(private=False) for key in keys.keys if key.kid in keys.published]
                self.answer({"keys": [*shown, {"kty": "future", "kid": "unknown kind"}]})
            else:
                self.answer({"fetched": keys.fetched})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path.startswith("/authorize?"):
                asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                self.send_response(303)
                self.send_header("Location", sign_ins.approve(asked))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if self.path == "/token":
                basic = b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
                client, _, secret = basic.partition(":")
                form = {name: values[0] for name, values in parse_qs(sent).items()}
                claims = sign_ins.redeem(form, unquote(client), unquote(secret))
                if claims is None:
                    self.answer({"error": "invalid_grant"}, status=400)
                else:
                    token = keys.sign(claims, None, None)
                    self.answer({"id_token": token, "access_token": "opaque", "token_type": "Bearer"})
                return
            body = json.loads(sent)
            if self.path == "/person":
                sign_ins.claims, sign_ins.refuses = body["claims"], body.get("refuses", "")
                self.answer({})
            elif self.path == "/sign":
                self.answer({"token": keys.sign(body["claims"], body.get("kid"), body.get("alg"))})
            elif self.path == "/rotate":
                self.answer({"kid": keys.rotate(publish=body.get("publish", True))})
            else:
                self.answer({"kid": keys.published.pop(0)})

        def answer(self, document: dict[str, Any], *, status: int = 200) -> None:
            self.write(json.dumps(document), "application/json", status)

        def show(self, text: str) -> None:
            self.write(f'<!doctype html><html lang="en"><title>Issuer</title>{text}', "text/html", 200)

        def write(self, text: str, kind: str, status: int) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://{sys.argv[1]}:{server.server_address[1]}"
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

    def approve(self, address: str) -> str:
        """Press the button of the page at `address`; returns where that leads."""
        answer = httpx.post(address, timeout=20)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def fetched(self) -> int:
        count: int = httpx.get(f"{self.address}/fetched", timeout=20).json()["fetched"]
        return count

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def running_issuer(name: str = "127.0.0.1") -> Iterator[Issuer]:
    """Run an issuer on this machine under a name of it; another name than the site's makes it another site for browsers."""
    process = Popen([sys.executable, "-m", "tests.issuer", name], cwd=ROOT, stdout=PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Issuer(process, process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    serve()
