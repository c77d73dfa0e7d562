"""One attempt to sign in at an issuer: what the browser takes along and what must come back with it. Pure."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from service.access.oidc.rules import BadToken
from service.errors import Forbidden, Unauthenticated

#: How long somebody may take at the issuer.
PATIENCE: Final = timedelta(minutes=10)
_COOKIE: Final = "xinyong_sign_in"


class ForeignAnswer(Forbidden):
    """An issuer's answer belongs to no sign-in that this browser has begun, or was used already."""

    code = "foreign_answer"


class SignInTooLate(Unauthenticated):
    """The sign-in at the issuer took too long. Begin again."""

    code = "sign_in_too_late"


class NotAskedAgain(Forbidden):
    """The issuer did not make whoever is signed in show again who he is."""

    code = "not_asked_again"


class Aim(StrEnum):
    """What an attempt is for: to enter; to enter beside a form that waits in another tab; to confirm an act."""

    ENTER = "enter"
    BESIDE = "beside"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that a browser has begun; it is kept in that browser's cookie alone, so strangers fill no table.

    `state` ties the answer to the browser, `nonce` the ID token to the attempt, `verifier` the code to it (RFC 7636).
    `began_at` is in seconds since 1970.
    """

    issuer: str
    aim: str
    to: str
    state: str
    nonce: str
    verifier: str
    began_at: int

    def challenge(self) -> str:
        """Return what the issuer is shown of the verifier (method S256)."""
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    def cookie(self) -> str:
        """Return the attempt as the value of its cookie."""
        return urlsafe_b64encode(orjson.dumps(asdict(self))).decode().rstrip("=")

    def check_answer(self, *, state: str, issuer: str, now: datetime) -> None:
        """Refuse an answer that is not to this attempt; `issuer` is who says that it answers, empty where nobody says so.

        Raises:
            ForeignAnswer: the state is another's, or another issuer answers (RFC 9207).
            SignInTooLate: the attempt began too long ago.
        """
        if not hmac.compare_digest(self.state.encode(), state.encode()):
            raise _foreign()
        if issuer and issuer != self.issuer:
            raise ForeignAnswer(
                f"The answer is of {issuer!r}, and the sign-in was begun at {self.issuer!r}; begin again.",
                detail_zh="答复来自另一个认证系统，请重新登录。",
            )
        if now - datetime.fromtimestamp(self.began_at, UTC) > PATIENCE:
            raise SignInTooLate(
                "The sign-in took more than ten minutes; begin again.", detail_zh="登录用时超过十分钟，请重新登录。"
            )

    def check_asked_again(self, claims: dict[str, Any], *, skew: timedelta) -> None:
        """Refuse an ID token that does not say that somebody signed in since the attempt began.

        Raises:
            BadToken: it does not say when.
            NotAskedAgain: it was before.
        """
        said = claims.get("auth_time")
        if not isinstance(said, int | float) or isinstance(said, bool):
            raise BadToken(
                "The issuer does not say when you signed in there (claim auth_time), so it confirms nothing.",
                detail_zh="认证系统未说明何时验证了您的身份（auth_time），不能作为确认。",
            )
        if said < self.began_at - skew.total_seconds():
            raise NotAskedAgain(
                "The issuer did not ask you again who you are; confirm once more.",
                detail_zh="认证系统没有重新验证您的身份，请再次确认。",
            )


def read_attempt(cookie: str | None) -> Attempt:
    """Return the attempt in a cookie.

    Raises:
        ForeignAnswer: there is none.
    """
    try:
        text = cookie or ""
        attempt = Attempt(**orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        Aim(attempt.aim)
        texts = (attempt.issuer, attempt.to, attempt.state, attempt.nonce, attempt.verifier)
        if not all(isinstance(one, str) for one in texts) or not isinstance(attempt.began_at, int):
            raise _foreign()
        datetime.fromtimestamp(attempt.began_at, UTC)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise _foreign() from error
    return attempt


def _foreign() -> ForeignAnswer:
    return ForeignAnswer(
        "This answer belongs to no sign-in that was begun in this browser, or was used already; begin again.",
        detail_zh="此答复不属于本浏览器发起的登录，或已使用过，请重新登录。",
    )


def attempt_cookie(*, secure: bool) -> str:
    """Return the name of the cookie; over https it has the prefix that binds it to this host alone."""
    return f"__Host-{_COOKIE}" if secure else _COOKIE


def address_with(address: str, query: dict[str, str]) -> str:
    """Return an address of the issuer with parameters; it may have some already."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
