"""Whether a bearer token is to be believed: signature, issuer, audience and times (RFC 7519, RFC 8725, OpenID Connect)."""

from base64 import urlsafe_b64decode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError

from service.access.oidc.keys import IssuerKeys
from service.access.oidc.rules import MOST, BadOidcFile, BadToken, Bearer, ExpiredToken, Issuer, read_issuers


class Tokens:
    """The issuers that are believed, with what is known of their keys."""

    def __init__(self, issuers: Iterable[Issuer]) -> None:
        self._issuers = {issuer.issuer: (issuer, IssuerKeys(issuer)) for issuer in issuers}

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers that are believed, in the order of their file."""
        return tuple(issuer for issuer, _ in self._issuers.values())

    def believes(self, issuer: str) -> bool:
        """Return whether an issuer is among those."""
        return issuer in self._issuers

    async def read(self, token: str, *, now: datetime) -> Bearer:
        """Return who a token stands for at the instant `now`.

        Raises:
            BadToken: it is none, its signature or a claim is wrong, or nobody who is believed issued it.
            ExpiredToken: its end is past, by more than the clock skew.
            IssuerUnavailable: its key is not known, and its issuer does not answer.
        """
        _, claims = _unverified(token)
        issuer, _ = self._issuers.get(str(claims.get("iss")), (None, None))
        if issuer is None:
            raise BadToken(
                "The token is not from an issuer that is believed here.", detail_zh="令牌的签发方不受本服务信任。"
            )
        return _bearer(issuer, await self._believed(token, issuer, audience=issuer.audience, now=now))

    async def read_id_token(
        self, token: str, *, issuer: Issuer, client_id: str, nonce: str, now: datetime
    ) -> tuple[Bearer, dict[str, Any]]:
        """Return who signed in at an issuer for a client, and the claims of its ID token (OpenID Connect Core, 3.1.3.7).

        Raises:
            BadToken, ExpiredToken, IssuerUnavailable: as `read`; BadToken too where it answers another sign-in.
        """
        claims = await self._believed(token, issuer, audience=client_id, now=now)
        if claims.get("azp", client_id) != client_id:
            raise BadToken("The ID token was made for another client.", detail_zh="身份令牌不是签发给本系统的。")
        if claims.get("nonce") != nonce:
            raise BadToken(
                "The ID token answers another sign-in than this one; begin again.",
                detail_zh="身份令牌不是对本次登录的答复，请重新登录。",
            )
        return _bearer(issuer, claims), claims

    async def _believed(self, token: str, issuer: Issuer, *, audience: str, now: datetime) -> dict[str, Any]:
        header, _ = _unverified(token)
        if header.get("alg") not in issuer.algorithms:
            raise BadToken(
                f"The token is signed by {str(header.get('alg'))[:20]!r}; allowed are {', '.join(issuer.algorithms)}.",
                detail_zh="令牌的签名算法不被接受。",
            )
        kid = header.get("kid")
        key_set = await self._issuers[issuer.issuer][1].find(kid if isinstance(kid, str) else None)
        try:
            believed = jwt.decode(token, key_set, algorithms=list(issuer.algorithms)).claims
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=issuer.clock_skew_seconds,
                iss={"essential": True, "value": issuer.issuer},
                aud={"essential": True, "value": audience},
                sub={"essential": True},
                exp={"essential": True},
            ).validate(believed)
        except ExpiredTokenError as error:
            raise ExpiredToken(
                "The token is past its end; ask its issuer for another one.", detail_zh="令牌已过有效期，请重新获取。"
            ) from error
        except (JoseError, ValueError) as error:
            raise BadToken(f"The token is not valid: {error}.", detail_zh="令牌无效。") from error
        return believed


def _bearer(issuer: Issuer, claims: dict[str, Any]) -> Bearer:
    subject = str(claims["sub"])
    if not subject or len(subject) > 255:
        raise BadToken("The token names nobody in its claim sub.", detail_zh="令牌未指明主体。")
    name = claims.get(issuer.name_claim)
    ends_at = datetime.fromtimestamp(float(claims["exp"]), UTC) + timedelta(seconds=issuer.clock_skew_seconds)
    shown = name if isinstance(name, str) and name else subject
    return Bearer(issuer.issuer, subject, shown[:200], issuer.grants(claims), ends_at)


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    parts = token.split(".")
    try:
        if len(token) > MOST or len(parts) != 3:
            raise ValueError
        header, claims = (orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except ValueError as error:
        raise BadToken("What was sent as a token is none.", detail_zh="令牌格式有误。") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise BadToken("What was sent as a token is none.", detail_zh="令牌格式有误。")
    return header, claims


def is_token(text: str) -> bool:
    """Return whether a bearer credential has the form of a token, not of a key."""
    return text.count(".") == 2


def read_tokens(path: Path | None) -> Tokens | None:
    """Return the issuers that the file at `path` names; None where there is no file: then keys are all that is believed.

    Raises:
        BadOidcFile: it cannot be read.
    """
    if path is None:
        return None
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadOidcFile(f"The file of OIDC issuers {path} cannot be read: {error}.") from error
    return Tokens(read_issuers(text))
