"""Sealing a report to an authority's key, and opening it: JWE (RFC 7516) with ECDH-ES over X25519 and AES-256 in GCM.

Both happen outside the server. The envelope is a member of the protected header, so it is read by everybody and cannot be changed
without the seal breaking. The server only looks at the header.
"""

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.registry import HeaderParameter

from service.errors import Invalid
from service.reports.rules import (
    MAX_SEALED,
    Envelope,
    MalformedSeal,
    SealTooLarge,
    read_envelope,
)

CURVE: Final = "X25519"
ALGORITHM: Final = "ECDH-ES+A256KW"
ENCRYPTION: Final = "A256GCM"
TYPE: Final = "xinyong-report+jwe"
ENVELOPE: Final = "report"
_HEADER: Final = {"alg", "enc", "typ", "kid", "epk", ENVELOPE}
#: Characters of the other four parts: the wrapped key of 40 bytes, the vector of 12, the content, the mark of 16.
_PARTS: Final = re.compile(
    r"[A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{54}\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}"
)


class NoSealingKey(Invalid):
    """The file is no X25519 key of the half that is needed here: `xinyong reports keygen` makes both."""

    code = "no_sealing_key"


class WrongKey(Invalid):
    """The report is sealed to another key than this one."""

    code = "wrong_key"


class BrokenSeal(Invalid):
    """The seal is broken: envelope or content were altered, or the password is another one."""

    code = "broken_seal"


class _Registry(jwe.JWERegistry):
    # The library's bounds are for tokens.
    max_ciphertext_length = MAX_SEALED
    max_protected_header_length = 4096


def _registry() -> _Registry:
    return _Registry(
        header_registry={ENVELOPE: HeaderParameter("Envelope of a report", _is_object, required=True)},
        algorithms=[ALGORITHM, ENCRYPTION],
    )


def _is_object(value: object) -> None:
    if not isinstance(value, dict):
        raise TypeError("must be an object")


def new_key() -> OKPKey:
    """Return a new pair of keys; its `kid` is the thumbprint of the public half (RFC 7638)."""
    return OKPKey.generate_key(CURVE)


def public_jwk(key: OKPKey) -> dict[str, str]:
    """Return the public half as it is registered."""
    return {"kty": "OKP", "crv": CURVE, "x": str(key.as_dict(private=False)["x"])}


def read_public(jwk: Mapping[str, Any]) -> OKPKey:
    """Return the key of a public half; what else its JSON says is left aside.

    Raises:
        NoSealingKey: it is none, or a private one, which belongs nowhere but to the authority.
    """
    try:
        if "d" in jwk:
            raise NoSealingKey(
                "This is the private half. Keep it, and use the public one: the file that ends with .public.json.",
                detail_zh="这是私钥，请妥善保管，并改用公钥文件。",
            )
        key = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x")})
        if jwk["crv"] == CURVE and key.raw_value is not None:
            return key
    except (JoseError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise NoSealingKey("This is no public X25519 key as a JWK.", detail_zh="不是 X25519 公钥。")


def read_private(pem: bytes, *, password: str | None = None) -> OKPKey:
    """Return the pair of keys of a private half in PEM (PKCS 8), encrypted by a password where one is given.

    Raises:
        NoSealingKey: it is none, or the password does not fit.
    """
    try:
        key = OKPKey.import_key(pem, password=password)
        if key.is_private and key.curve_name == CURVE:
            return key
    except (JoseError, ValueError, TypeError):
        pass
    raise NoSealingKey(
        "This is no private X25519 key in PEM, or its password is missing or another one (--password-file).",
        detail_zh="不是 X25519 私钥，或者口令缺失、有误。",
    )


def seal(content: bytes, envelope: Envelope, key: OKPKey) -> str:
    """Return a report, sealed to a public key; only its private half opens it, whoever sealed it included.

    Raises:
        SealTooLarge: it is longer than the server takes.
    """
    header = {
        "alg": ALGORITHM,
        "enc": ENCRYPTION,
        "typ": TYPE,
        "kid": key.thumbprint(),
        ENVELOPE: envelope.members(),
    }
    if len(content) * 4 // 3 + 4096 > MAX_SEALED:
        raise SealTooLarge(f"A sealed report has at most {MAX_SEALED:,} bytes.", detail_zh="密封报告过大，请分卷。")
    return jwe.encrypt_compact(header, content, key, registry=_registry())


def unseal(sealed: str, key: OKPKey) -> bytes:
    """Return the content of a sealed report.

    Raises:
        MalformedSeal: it is no sealed report.
        WrongKey: it is sealed to another key.
        BrokenSeal: it was altered.
    """
    kid = read_header(sealed).kid
    if kid != key.thumbprint():
        raise WrongKey(
            f"The report is sealed to the key {kid}; this one is {key.thumbprint()}.",
            detail_zh="密封所用公钥与本私钥不符。",
        )
    try:
        return jwe.decrypt_compact(sealed, key, registry=_registry()).plaintext or b""
    except (JoseError, ValueError) as error:
        raise BrokenSeal(
            "The seal is broken: the report was altered.", detail_zh="封装已被破坏，内容不可信。"
        ) from error


@dataclass(frozen=True, slots=True)
class Header:
    """What everybody may read of a sealed report; `digest` is the SHA-256 of the whole, by which a receipt names it."""

    kid: str
    envelope: Envelope
    digest: str


def read_header(sealed: str) -> Header:
    """Return what stands openly on a sealed report; nothing is opened.

    Raises:
        SealTooLarge: it is longer than is taken.
        MalformedSeal: it is no sealed report, or says more in the open than it may.
        WrongPeriod: its period is none.
    """
    if len(sealed) > MAX_SEALED:
        raise SealTooLarge(
            f"The sealed report has {len(sealed):,} bytes; {MAX_SEALED:,} are taken. Seal it in parts.",
            detail_zh="密封报告过大，请分卷密封。",
            limit=MAX_SEALED,
        )
    header = _header(sealed)
    if (header["alg"], header["enc"], header["typ"]) != (ALGORITHM, ENCRYPTION, TYPE):
        raise _malformed(f"it is sealed by {ALGORITHM} and {ENCRYPTION} as {TYPE}")
    kid, epk = header["kid"], header["epk"]
    if not isinstance(kid, str) or not re.fullmatch(r"[A-Za-z0-9_-]{43}", kid):
        raise _malformed("kid is the thumbprint of a key")
    if not isinstance(epk, dict) or set(epk) != {"kty", "crv", "x"} or epk["crv"] != CURVE:
        raise _malformed("epk is an X25519 key")
    return Header(kid, read_envelope(header[ENVELOPE]), sha256(sealed.encode()).hexdigest())


def _header(sealed: str) -> dict[str, Any]:
    if _PARTS.fullmatch(sealed) is None:
        raise _malformed("it has five parts, of which the second to fifth have the lengths of this algorithm")
    text = sealed.split(".", 1)[0]
    try:
        header = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _malformed("its header is JSON") from error
    if not isinstance(header, dict) or set(header) != _HEADER:
        raise _malformed(f"its header has the members {', '.join(sorted(_HEADER))} and no other")
    return header


def _malformed(words: str) -> MalformedSeal:
    return MalformedSeal(
        f"This is no report sealed by `xinyong reports seal`: {words}.", detail_zh="不是以规定方式密封的报告。"
    )
