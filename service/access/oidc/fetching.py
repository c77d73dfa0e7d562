"""What is asked of an issuer over HTTP: bounded in time and size, at no other address than its documents name."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin

import httpx
import orjson

from service.access.oidc.rules import Issuer

DISCOVERY: Final = ".well-known/openid-configuration"
TIMEOUT_SECONDS: Final = 5.0
MOST_BYTES: Final = 1_000_000


class NotFetched(Exception):
    """An issuer's document could not be fetched; the words say why, `answer` is what it said about it, where it said anything."""

    def __init__(self, words: str, *, answer: Mapping[str, Any] | None = None) -> None:
        super().__init__(words)
        self.answer = answer or {}


def connected() -> httpx.AsyncClient:
    """Return a client for a few questions to an issuer; it follows nobody elsewhere."""
    return httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)


async def read_discovery(client: httpx.AsyncClient, issuer: Issuer) -> dict[str, Any]:
    """Return the discovery document of an issuer (OpenID Connect Discovery 1.0).

    Raises:
        NotFetched: the issuer does not answer, or with another issuer's.
    """
    address = urljoin(issuer.issuer.rstrip("/") + "/", DISCOVERY)
    found = await read_json(client, "GET", address)
    if found.get("issuer") != issuer.issuer:
        raise NotFetched(f"the discovery document at {address} is another issuer's")
    return found


async def read_json(client: httpx.AsyncClient, method: str, address: str, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - those of httpx
    """Return the JSON object that an address answers.

    Raises:
        NotFetched: it answers nothing, something else, or too much.
    """
    try:
        async with client.stream(method, address, headers={"Accept": "application/json"}, **asked) as answer:
            body = b""
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise NotFetched(f"{address} answered more than {MOST_BYTES} bytes")
        document = orjson.loads(body) if answer.status_code == 200 or body.startswith(b"{") else None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotFetched(f"{type(error).__name__}: {error}") from error
    except ValueError as error:
        raise NotFetched(f"what {address} answered cannot be read: {error}") from error
    if answer.status_code != 200:
        raise NotFetched(
            f"{address} answered {answer.status_code}", answer=document if isinstance(document, dict) else None
        )
    if not isinstance(document, dict):
        raise NotFetched(f"{address} answered no JSON object")
    return document
