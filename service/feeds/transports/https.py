"""HTTPS: a POST a batch, with a token or a client certificate; the batch's id tells the other side a repetition from a new one."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Self

import httpx
import orjson

from service.feeds.definitions import Definition, secret
from service.feeds.formats import decode_rows
from service.feeds.rules import BadFeed, ContentRefused, TransportFailure
from service.feeds.shapes import Shape
from service.feeds.transports import Answers, Found, Parcel

_REFUSED: Final = frozenset({400, 413, 415, 422})
_MEDIA: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
#: Most bytes of an answer that are read.
LARGEST: Final = 256 * 1024 * 1024


@contextmanager
def told() -> Iterator[None]:
    """Turn what goes wrong on the way into what it means for a feed."""
    try:
        yield
    except ssl.SSLError as error:
        raise TransportFailure("credentials", f"certificate: {error}") from error
    except (httpx.HTTPError, OSError) as error:
        words = str(error) or type(error).__name__
        code = "credentials" if "certificate" in words.lower() else "unreachable"
        raise TransportFailure(code, words) from error
    except BadFeed as error:
        raise TransportFailure(error.code, error.detail) from error


class HttpsTransport:
    """`url` takes the rows; `receipts_url` and the `url` of `[shown]` are asked. Only `https://` is spoken."""

    def __init__(self, definition: Definition, shape: Shape) -> None:
        del shape
        self._definition = definition

    async def __aenter__(self) -> Self:
        transport = self._definition.transport
        urls = [transport.get("url"), transport.get("receipts_url"), self._definition.shown.get("url")]
        if not all(str(url).startswith("https://") for url in urls if url):
            raise TransportFailure("misconfigured", "only https:// is spoken")
        with told():
            self._client = client_of(transport)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(self, parcel: Parcel) -> Answers:
        """Post the batch; an answer with rows is a file of receipts."""
        headers = {
            "Content-Type": _MEDIA[self._definition.format],
            "Idempotency-Key": str(parcel.batch_id),
            "X-File-Name": parcel.file_name,
            "X-File-SHA256": parcel.sha256,
            "X-Operation": parcel.operation.value,
        }
        with told():
            answer = await self._client.post(
                str(self._definition.transport["url"]), content=parcel.content, headers=headers
            )
        if answer.status_code in _REFUSED:
            raise ContentRefused(_words(answer), code=f"http_{answer.status_code}")
        check(answer)
        return Answers(files=_files(answer, f"answer-{parcel.file_name}"))

    async def receipts(self, outstanding: Sequence[str]) -> Answers:
        """Ask where the answers are given, if they are given apart."""
        url = self._definition.transport.get("receipts_url")
        if url is None or not outstanding:
            return Answers()
        with told():
            answer = await self._client.get(str(url))
        check(answer)
        return Answers(files=_files(answer, "receipts"))

    async def shown(self) -> list[dict[str, str]] | None:
        """Return the rows that they give at the address of their list."""
        url = self._definition.shown.get("url")
        if url is None:
            return None
        with told():
            answer = await self._client.get(str(url))
        check(answer)
        return decode_rows(answer.content, name=str(url))


def client_of(transport: Mapping[str, Any]) -> httpx.AsyncClient:
    """Return a client with the certificates and the token that a definition names.

    Raises:
        BadFeed: a secret is not where it should be.
    """
    context = ssl.create_default_context(cafile=transport.get("ca_file"))
    if "client_cert_file" in transport:
        context.load_cert_chain(
            str(transport["client_cert_file"]), transport.get("client_key_file"), secret(transport, "passphrase")
        )
    token = secret(transport, "token")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(
        verify=context, headers=headers, timeout=float(transport.get("timeout_s", 30)), follow_redirects=False
    )


def check(answer: httpx.Response) -> None:
    """Refuse an answer that is none.

    Raises:
        TransportFailure: what the status means.
    """
    status = answer.status_code
    if status in {200, 201, 202, 204, 409}:  # 409: it has this batch already
        return
    if status in {401, 403}:
        raise TransportFailure("credentials", f"{status}: {_words(answer)}")
    code = "unreachable" if status >= 500 or status in {408, 425, 429} else "misconfigured"
    raise TransportFailure(code, f"{status}: {_words(answer)}")


def _words(answer: httpx.Response) -> str:
    return answer.text[:500].strip() or answer.reason_phrase


def _files(answer: httpx.Response, name: str) -> list[Found]:
    if answer.status_code in {204, 409} or not answer.content.strip():
        return []
    if "json" not in answer.headers.get("content-type", ""):
        return [Found(name, answer.content)] if "csv" in answer.headers.get("content-type", "") else []
    try:
        body: Any = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return [Found(name, answer.content)]
    rows = body.get("results") if isinstance(body, dict) else body
    return [] if not rows else [Found(name, orjson.dumps(rows))]
