"""Which issuers of tokens are believed, and what their claims give: read from a file that an operator keeps."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from service.access.principals.rules import DatedGrant
from service.access.rules import AUTHORITY_ROLES, Role
from service.errors import Forbidden, Invalid, Unauthenticated, Unavailable

#: Signatures with a pair of keys only: with a shared secret, or with none, whoever reads a token could make another.
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]

#: Longest token that is looked at, in characters.
MOST: Final = 16_384


class BadToken(Unauthenticated):
    """The bearer token is not one that this service believes; the words say which part of it."""

    code = "bad_token"


class ExpiredToken(Unauthenticated):
    """The bearer token was valid until its end, which is past. Ask its issuer for another one."""

    code = "expired_token"


class IssuerUnavailable(Unavailable):
    """The token is signed with a key that is not known here yet, and its issuer does not answer. Ask again."""

    code = "issuer_unavailable"


class IssuerRefused(Forbidden):
    """The issuer did not let the visitor in, or does not take the code it gave: it was used already, or its time is over."""

    code = "issuer_refused"


class BadOidcFile(Invalid):
    """The file of issuers cannot be used as it is."""

    code = "bad_oidc_file"


class _Configured(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class ClaimGrant(_Configured):
    """A claim that gives a role: who has `value` in `claim` holds `role` for `authority`, or for what `authority_claim` says.

    `claim` may be a path with dots (`realm_access.roles`); a list has the value when it is among its members.
    """

    claim: Text
    value: Text
    role: Role
    authority: Text | None = None
    authority_claim: Text | None = None

    @model_validator(mode="after")
    def _says_for_whom(self) -> Self:
        if self.authority is not None and self.authority_claim is not None:
            raise ValueError("give authority or authority_claim, not both")
        if self.role in AUTHORITY_ROLES and self.authority is None and self.authority_claim is None:
            raise ValueError(f"the role {self.role} is held for an authority: give authority or authority_claim")
        return self


class ConsoleClient(_Configured):
    """As which client the console sends people to an issuer to sign in, and what its button says.

    Without a file of the client's secret it is a public client, which the code's challenge (PKCE) alone protects.
    """

    client_id: Text
    client_secret_file: Path | None = None
    scopes: tuple[Text, ...] = ("openid", "profile")
    name: Text = "统一身份认证"
    name_en: Text = "your office's sign-in"

    @model_validator(mode="after")
    def _asks_for_an_id_token(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("the scopes must have openid, or the issuer does not say who signed in")
        return self


class Issuer(_Configured):
    """One issuer: whom it is, for whom its tokens must be, how they may be signed, and what their claims give.

    `console` is there where people sign in at the console by it.
    """

    issuer: Text
    audience: Text
    algorithms: tuple[Algorithm, ...] = ("RS256", "PS256", "ES256", "Ed25519")
    clock_skew_seconds: Annotated[int, Field(ge=0, le=300)] = 60
    keys_fresh_seconds: Annotated[float, Field(ge=0, le=86_400)] = 300
    retry_seconds: Annotated[float, Field(ge=0, le=600)] = 5
    keys_last_seconds: Annotated[float, Field(ge=0, le=7 * 86_400)] = 86_400
    name_claim: Text = "name"
    grant: tuple[ClaimGrant, ...] = ()
    console: ConsoleClient | None = None

    @model_validator(mode="after")
    def _is_reached_safely(self) -> Self:
        if not is_safe_address(self.issuer):
            raise ValueError(f"{self.issuer!r} is not https; http is allowed on this machine only")
        return self

    def grants(self, claims: Mapping[str, Any]) -> tuple[DatedGrant, ...]:
        """Return what the claims of a believed token give."""
        found: list[DatedGrant] = []
        for rule in self.grant:
            if rule.value not in _values(claims, rule.claim):
                continue
            named = _values(claims, rule.authority_claim) if rule.authority_claim is not None else (rule.authority,)
            found.extend(DatedGrant(rule.role, authority) for authority in named)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a believed token stands for: the name and the grants that its claims give, until the instant `ends_at`."""

    issuer: str
    subject: str
    name: str
    grants: tuple[DatedGrant, ...]
    ends_at: datetime
    principal_id: UUID | None = None


def _values(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    value: Any = claims.get(path)
    if value is None:
        value = claims
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    many = value if isinstance(value, list) else [value]
    return tuple(one for one in many if isinstance(one, str))


def is_safe_address(address: str) -> bool:
    """Return whether keys may be fetched from there: by https, or by http from this machine itself."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme != "http" or not parts.hostname:
        return False
    try:
        return ip_address(parts.hostname).is_loopback
    except ValueError:
        return parts.hostname == "localhost"


class _File(_Configured):
    issuer: tuple[Issuer, ...]


def read_issuers(text: str) -> tuple[Issuer, ...]:
    """Return the issuers that a TOML file names.

    Raises:
        BadOidcFile: it is no TOML, or says something that is not understood; the words name the place.
    """
    try:
        issuers = _File.model_validate(tomllib.loads(text)).issuer
    except tomllib.TOMLDecodeError as error:
        raise BadOidcFile(f"The file of OIDC issuers is no TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise BadOidcFile(f"The file of OIDC issuers, {place}: {first['msg']}.") from error
    names = [issuer.issuer for issuer in issuers]
    if len(set(names)) < len(names):
        raise BadOidcFile("The file of OIDC issuers names an issuer twice.")
    return issuers
