"""A sign-in at the console: where it counts, how long it lasts, and the tokens of its forms. Pure."""

import hmac
from datetime import timedelta
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from service.errors import Forbidden, Unauthenticated

#: Where the pages of the console stand, in both languages. A cookie counts nowhere else, a key in a header counts not here.
ROOT: Final = "/console"
ROOTS: Final = (ROOT, f"/en{ROOT}")
#: A sign-in ends after this long, whatever is done with it.
LIFE: Final = timedelta(hours=8)
#: A browser forgets its sign-in when it has asked for no page for this long.
IDLE: Final = timedelta(minutes=45)
#: How long a confirmation at an issuer counts: long enough to send the form beside which it was asked for.
CONFIRMED: Final = timedelta(minutes=5)
_COOKIE: Final = "xinyong_console"
_CONTEXT: Final = b"form of the console"


class SignInEnded(Unauthenticated):
    """The sign-in at the console has ended: it was signed out, its time is over, or its key is not valid any more."""

    code = "sign_in_ended"


class ForeignForm(Forbidden):
    """The form was not made for this sign-in: it was open since an earlier one, or another site sent it."""

    code = "foreign_form"


class KeyNotYours(Forbidden):
    """The key given again is another one's; an act is confirmed by a key of whoever is signed in."""

    code = "key_not_yours"


class NotConfirmed(Forbidden):
    """Whoever signed in at an issuer has not shown there again, in the last five minutes, who he is."""

    code = "sign_in_not_confirmed"


class SomebodyElse(Forbidden):
    """Somebody else than who is signed in here has shown the issuer who he is."""

    code = "somebody_else"


def is_console(path: str) -> bool:
    """Return whether a path is one of the console's."""
    return any(path == root or path.startswith(f"{root}/") for root in ROOTS)


def cookie_name(*, secure: bool) -> str:
    """Return the name of the cookie; over https it has the prefix that binds it to this host alone."""
    return f"__Host-{_COOKIE}" if secure else _COOKIE


def token_hash(token: str) -> bytes:
    """Return the only trace of a sign-in's token that is stored; it is never that of a key."""
    return sha256(b"browser session " + token.encode()).digest()


def form_token(token: str) -> str:
    """Return what every form of a sign-in carries, and no other site can know: it follows from the cookie's secret."""
    return hmac.new(token.encode(), _CONTEXT, sha256).hexdigest()


def check_form(token: str, stated: str) -> None:
    """Refuse a form that was not made for this sign-in.

    Raises:
        ForeignForm: it carries another token, or none.
    """
    if not hmac.compare_digest(form_token(token).encode(), stated.encode()):
        raise ForeignForm(
            "This form was not made for the present sign-in; open the page again.",
            detail_zh="此表单不属于本次登录，请重新打开页面后再提交。",
        )


def way_back(path: str) -> str:
    """Return where a sign-in leads: the page of the console that was asked for, else its start page.

    Nothing else is led to, so that no link leads from here to another site.
    """
    parts = urlsplit(path)
    plain = not parts.scheme and not parts.netloc and "\\" not in path and not path.startswith("//")
    inside = is_console(parts.path) and "/sign-" not in parts.path
    return path if plain and inside else ROOT
