from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from schemas.signing import KeySet
from service.audit.rules import Audited, audited
from service.http import PUBLIC, answers
from service.signing.keys import SigningKeys
from service.signing.rules import SigningKeyUnusable

router = APIRouter(tags=["health"], dependencies=[PUBLIC])

KEY_SET: dict[str, Any] = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "gm_9Umir7jR63sIVe9Mt43jYP-17H7PhX4mfBVVvLI4",
            "kid": "r-UwYvNcyQLNG6JIItdgw0FHBS1j4KqCH7nkeB8cxjo",
            "use": "sig",
            "alg": "Ed25519",
            "iat": 1795492800,
            "nbf": 1795492800,
        }
    ]
}


async def _signing_keys(request: Request) -> SigningKeys:
    return SigningKeys.of(request.app.state.settings)


@router.get(
    "/.well-known/jwks.json",
    summary="Public signing keys",
    response_model=KeySet,
    response_model_exclude_none=True,
    responses=answers(KEY_SET, SigningKeyUnusable, words="All keys that ever signed here, oldest first."),
)
@audited(Audited.NOTHING)
async def show_signing_keys(keys: Annotated[SigningKeys, Depends(_signing_keys)]) -> dict[str, Any]:
    """Give the public keys (RFC 7517) that verify what this service signs: heads of the audit log and manifests of files.

    A former key stays in the set: a signature counts if it was made from `nbf` on and before `exp`.
    """
    return keys.jwks()
