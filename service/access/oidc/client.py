"""The console as a client of an issuer: sends people there (authorization code with PKCE), and exchanges what they bring."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from time import monotonic
from typing import Any, Final
from urllib.parse import quote

import structlog

from service.access.oidc.attempts import Aim, Attempt, ForeignAnswer, address_with
from service.access.oidc.fetching import NotFetched, connected, read_discovery, read_json
from service.access.oidc.rules import (
    BadOidcFile,
    Bearer,
    ConsoleClient,
    Issuer,
    IssuerRefused,
    IssuerUnavailable,
    is_safe_address,
)
from service.access.oidc.tokens import Tokens

#: Where an issuer sends people back to, below the address of the site: register exactly this there.
BACK: Final = "/console/sign-in/oidc/back"
#: Where it sends those who signed out.
OUT: Final = "/console/sign-in"

log: structlog.stdlib.BoundLogger = structlog.get_logger("access.oidc")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in at an issuer, and what the ID token says besides."""

    bearer: Bearer
    claims: dict[str, Any]


class SignInDoor:
    """The way to sign in by one issuer."""

    def __init__(self, issuer: Issuer, client: ConsoleClient, tokens: Tokens, *, site: str, secret: str | None) -> None:
        self.issuer = issuer
        self.client = client
        self._tokens = tokens
        self._site = site
        self._secret = secret
        self._known: dict[str, Any] = {}
        self._known_at = float("-inf")

    @property
    def skew(self) -> timedelta:
        """How far the issuer's clock may be off."""
        return timedelta(seconds=self.issuer.clock_skew_seconds)

    async def begin(self, *, aim: Aim, to: str, language: str, now: datetime) -> tuple[Attempt, str]:
        """Return an attempt, and the address at the issuer to which it leads.

        Who confirms an act is asked for his password even if he is signed in there.

        Raises:
            IssuerUnavailable: the issuer does not say where that is.
        """
        attempt = Attempt(
            self.issuer.issuer,
            aim.value,
            to,
            f"{language}-{token_urlsafe(32)}",
            token_urlsafe(32),
            token_urlsafe(48),
            int(now.timestamp()),
        )
        query = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self._site + BACK,
            "scope": " ".join(self.client.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge(),
            "code_challenge_method": "S256",
        }
        if aim is Aim.CONFIRM:
            query |= {"prompt": "login", "max_age": "0"}
        return attempt, address_with(await self._place("authorization_endpoint"), query)

    async def redeem(self, attempt: Attempt, *, code: str, named: bool, now: datetime) -> SignedIn:
        """Exchange a code for the ID token of whoever signed in; `named` says whether its answer says whose it is.

        Raises:
            ForeignAnswer: it does not, and this issuer promises to (RFC 9207).
            IssuerRefused: the issuer does not take the code.
            IssuerUnavailable: it does not answer.
            BadToken, ExpiredToken: what it answers is not to be believed.
        """
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._site + BACK,
            "code_verifier": attempt.verifier,
        }
        place = await self._place("token_endpoint")
        if not named and self._known.get("authorization_response_iss_parameter_supported") is True:
            raise ForeignAnswer(
                "The answer does not say which issuer it is from; begin again.",
                detail_zh="答复未说明来自哪个认证系统，请重新登录。",
            )
        how: dict[str, Any] = {}
        methods = self._known.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if self._secret is None or "client_secret_basic" not in methods:
            asked["client_id"] = self.client.client_id
            if self._secret is not None:
                asked["client_secret"] = self._secret
        else:
            # Both are encoded as in a form before they are joined (RFC 6749, 2.3.1).
            how["auth"] = (quote(self.client.client_id, safe=""), quote(self._secret, safe=""))
        try:
            async with connected() as client:
                answer = await read_json(client, "POST", place, data=asked, **how)
        except NotFetched as error:
            said = str(error.answer.get("error", ""))[:60]
            log.warning("oidc.code_not_taken", issuer=self.issuer.issuer, reason=str(error), said=said)
            if not said:
                raise self._unavailable() from error
            raise IssuerRefused(
                f"The issuer does not take its code ({said}): it was used already, or too late; begin again.",
                detail_zh="认证系统不接受此授权码：可能已使用过或已过期，请重新登录。",
            ) from error
        bearer, claims = await self._tokens.read_id_token(
            str(answer.get("id_token")),
            issuer=self.issuer,
            client_id=self.client.client_id,
            nonce=attempt.nonce,
            now=now,
        )
        return SignedIn(bearer, claims)

    async def way_out(self) -> str | None:
        """Return where whoever signed out here signs out at the issuer; None where it has no such place.

        Raises:
            IssuerUnavailable: it does not answer.
        """
        await self._look()
        place = self._known.get("end_session_endpoint")
        if not isinstance(place, str) or not is_safe_address(place):
            return None
        query = {"client_id": self.client.client_id, "post_logout_redirect_uri": self._site + OUT}
        return address_with(place, query)

    async def _place(self, name: str) -> str:
        await self._look()
        place = self._known.get(name)
        if not isinstance(place, str) or not is_safe_address(place):
            log.warning("oidc.no_place", issuer=self.issuer.issuer, missing=name)
            raise self._unavailable()
        return place

    async def _look(self) -> None:
        if monotonic() - self._known_at < self.issuer.keys_fresh_seconds and self._known:
            return
        try:
            async with connected() as client:
                self._known = await read_discovery(client, self.issuer)
        except NotFetched as error:
            log.warning("oidc.not_discovered", issuer=self.issuer.issuer, reason=str(error))
            if not self._known:
                raise self._unavailable() from error
        else:
            self._known_at = monotonic()

    def _unavailable(self) -> IssuerUnavailable:
        return IssuerUnavailable(
            f"{self.issuer.issuer} cannot be asked at present; try again in a moment, or use a key of this service.",
            detail_zh="统一身份认证暂时无法使用，请稍后再试，或使用本系统的密钥登录。",
        )


def open_doors(tokens: Tokens | None, *, site: str | None) -> tuple[SignInDoor, ...]:
    """Return the ways to sign in by issuers, in the order of their file.

    Raises:
        BadOidcFile: the address of the site is not known, or the file of a secret cannot be read.
    """
    doors = []
    for issuer in () if tokens is None else tokens.issuers:
        if tokens is None or issuer.console is None:
            continue
        if site is None or not is_safe_address(site):
            raise BadOidcFile(
                "The file of OIDC issuers lets people sign in at the console: set XINYONG_SITE_URL to the address at which"
                " they reach it, with https."
            )
        doors.append(
            SignInDoor(issuer, issuer.console, tokens, site=site.rstrip("/"), secret=_secret_of(issuer.console))
        )
    return tuple(doors)


def _secret_of(client: ConsoleClient) -> str | None:
    if client.client_secret_file is None:
        return None
    try:
        return client.client_secret_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadOidcFile(f"The client's secret {client.client_secret_file} cannot be read: {error}.") from error
