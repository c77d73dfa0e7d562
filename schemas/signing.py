from typing import Literal

from pydantic import Field

from schemas.base import Output


class SigningKey(Output):
    """A public key (RFC 7517, RFC 8037), with the dates between which it signs."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str = Field(description="The key, base64url.")
    kid: str = Field(description="Its name: the thumbprint of RFC 7638.")
    use: Literal["sig"]
    alg: Literal["Ed25519"]
    iat: int = Field(description="When it was made, in seconds since 1970.")
    nbf: int = Field(description="From when on it signs.")
    # Absent, not null, for the present key: readers of key sets expect a number.
    exp: int | None = Field(default=None, description="From when on it signs no more; absent for the present key.")


class KeySet(Output):
    """A JSON Web Key Set."""

    keys: list[SigningKey]
