from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Input, Output

Address = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
    ),
]


class AddressesPut(Input):
    """Mail addresses of the authority's office; nobody's private one. An empty list ends the notices."""

    addresses: Annotated[list[Address], Field(max_length=20)]


class AddressesOut(Output):
    """Where an authority is told that something waits, of what was queued `since` then."""

    authority_code: str
    version_no: int
    addresses: list[str]
    since: datetime
