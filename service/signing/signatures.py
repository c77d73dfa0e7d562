"""Signatures as JWS (RFC 7515) with Ed25519."""

from collections.abc import Mapping
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from service.signing.rules import ALGORITHM, BadSignature


class _Registry(jws.JWSRegistry):
    # The library's bounds are for tokens; a manifest of many files is longer.
    max_payload_length = 16 * 1024**2


_REGISTRY: Final = _Registry(algorithms=[ALGORITHM])


def sign_with(key: OKPKey, payload: bytes, *, kind: str, detached: bool = False) -> str:
    """Return the compact JWS of `payload`, which is not empty; a detached one has nothing between its two dots.

    `kind` goes into the header as `typ`, so that a signature under one kind of document never passes for another.
    """
    header = {"alg": ALGORITHM, "kid": key.thumbprint(), "typ": f"{kind}+jws"}
    signature = jws.serialize_compact(header, payload, key, registry=_REGISTRY)
    return str(jws.detach_content(signature)) if detached else signature


def verify(signature: str, jwks: Mapping[str, Any], *, kind: str, payload: bytes | None = None) -> tuple[bytes, str]:
    """Return the signed payload and the `kid` of the key that signed it; whether the key's dates fit is the caller's.

    `payload` is given for a detached signature, and only then. `jwks` is a key set as `/.well-known/jwks.json` gives it.

    Raises:
        BadSignature: the text is no signature of a key of the set over this payload, or one of another kind.
    """
    try:
        found = jws.extract_compact(signature.encode(), payload, _REGISTRY)
        header = found.headers()
        attached = bool(signature.split(".")[1])
        known = next((one for one in jwks.get("keys", ()) if one.get("kid") == header.get("kid")), None)
        if (
            known is not None
            and header.get("typ") == f"{kind}+jws"
            and attached == (payload is None)
            and jws.validate_compact(found, OKPKey.import_key(_bare(known)), registry=_REGISTRY)
        ):
            return found.payload, str(header["kid"])
    except (JoseError, ValueError, KeyError):
        known = None
    raise BadSignature(
        "The signature does not hold: "
        + (
            "its key is in no key set of this service."
            if known is None
            else "the content or the signature was altered."
        ),
        detail_zh="签名无效：内容或签名被改动，或签名密钥不明。",
    )


def _bare(jwk: Mapping[str, Any]) -> dict[str, Any]:
    # Without `use`, `alg` and dates: what a set says about its key must not widen what the key may do here.
    return {name: jwk[name] for name in ("kty", "crv", "x")}
