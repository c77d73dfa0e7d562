"""The public keys of an issuer: found by its discovery document, remembered, and looked for again when they change."""

import asyncio
from time import monotonic
from typing import Any

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from service.access.oidc.fetching import NotFetched, connected, read_discovery, read_json
from service.access.oidc.rules import BadToken, Issuer, IssuerUnavailable, is_safe_address

log: structlog.stdlib.BoundLogger = structlog.get_logger("access.oidc")


class IssuerKeys:
    """What one process knows of an issuer's keys.

    Known keys are used for `keys_fresh_seconds` before they are looked for again, and while the issuer is away for
    `keys_last_seconds`. A token with an unknown key makes them be looked for at once, at most every `retry_seconds`.
    """

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._keys: dict[str | None, Any] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._fetching = asyncio.Lock()

    async def find(self, kid: str | None) -> KeySet:
        """Return the key that `kid` names, as a set of one; without a name the issuer's only key.

        Raises:
            BadToken: the issuer has no such key.
            IssuerUnavailable: it is not known here, and the issuer does not answer.
        """
        if self._fetched_at is None or not self._knows(kid) or self._age() >= self._issuer.keys_fresh_seconds:
            await self._refresh(kid)
        key = self._key(kid)
        if key is None:
            raise BadToken(
                f"The token is signed with a key that {self._issuer.issuer} does not publish.",
                detail_zh="令牌的签名密钥不在签发方公布的密钥之中。",
            )
        return KeySet([key])

    def _key(self, kid: str | None) -> Any:  # noqa: ANN401 - the library's keys have no public common type
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _knows(self, kid: str | None) -> bool:
        return self._key(kid) is not None

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else monotonic() - self._fetched_at

    def _may_go_on(self, kid: str | None) -> bool:
        return self._knows(kid) and self._age() < self._issuer.keys_last_seconds

    async def _refresh(self, kid: str | None) -> None:
        if self._fetching.locked() and self._may_go_on(kid):
            return
        before = self._tried_at
        async with self._fetching:
            if self._tried_at != before and self._knows(kid):
                return
            if self._tried_at is not None and monotonic() - self._tried_at < self._issuer.retry_seconds:
                if self._age() < float("inf") and self._fetched_at == self._tried_at:
                    return  # what the issuer publishes was read a moment ago
                if self._may_go_on(kid):
                    return
                raise self._unavailable()
            self._tried_at = monotonic()
            try:
                self._keys = await _fetch_keys(self._issuer)
            except NotFetched as error:
                log.warning("oidc.keys_not_fetched", issuer=self._issuer.issuer, reason=str(error))
                if not self._may_go_on(kid):
                    raise self._unavailable() from error
            else:
                self._fetched_at = self._tried_at

    def _unavailable(self) -> IssuerUnavailable:
        return IssuerUnavailable(
            f"The keys of {self._issuer.issuer} cannot be read at present; ask again in a moment, or use a key of this service.",
            detail_zh="暂时无法读取令牌签发方的公钥，请稍后再试，或使用本服务的密钥。",
        )


async def _fetch_keys(issuer: Issuer) -> dict[str | None, Any]:
    async with connected() as client:
        found = await read_discovery(client, issuer)
        jwks_uri = str(found.get("jwks_uri"))
        if not is_safe_address(jwks_uri):
            raise NotFetched("the discovery document names no safe address of keys")
        published = await read_json(client, "GET", jwks_uri)
    try:
        return _usable(published)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotFetched(f"what the issuer publishes cannot be read: {error}") from error


def _usable(published: dict[str, Any]) -> dict[str | None, Any]:
    """Return the keys for signatures by name; kinds that are not known here are left out, as RFC 7517 section 5 says."""
    usable: dict[str | None, Any] = {}
    for one in published["keys"]:
        if one.get("use", "sig") != "sig" or one.get("kty") not in {"RSA", "EC", "OKP"}:
            continue
        (key,) = KeySet.import_key_set({"keys": [one]}).keys
        usable[one.get("kid")] = key
    return usable
