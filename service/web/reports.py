"""A report that can be checked: what the page of an enterprise says, on paper, with a mark that this service signed.

The mark holds the code, position, instant and a digest of the state; whoever scans it learns from us whether the report was
ours and whether it still stands, and nothing else. Nothing is stored for it.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import segno

from service.signing.keys import SigningKeys
from service.signing.rules import BadSignature
from service.signing.signatures import verify
from service.status.answers import to_json

KIND: Final = "report"
#: The members of an answer that make up the state a report vouches for.
STATE: Final = ("uscc", "outcome", "reason", "name", "registration", "blacklist_entries", "penalties")
_MARK: Final = struct.Struct(">18sQI8s")
TEMPLATE: Final = Path(__file__).parent / "report.typ"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark says: about whom, at which position and instant, and the digest of the state then."""

    uscc: str
    position: int
    made_at: datetime
    digest: bytes


def state_digest(answer: Mapping[str, Any]) -> bytes:
    """Return eight bytes that change when what is publicly said about the subject changes."""
    return blake2b(to_json([answer[member] for member in STATE]), digest_size=8).digest()


def make_mark(answer: Mapping[str, Any], keys: SigningKeys, *, now: datetime) -> str:
    """Return the signed mark of a report on `answer`."""
    payload = _MARK.pack(answer["uscc"].encode(), answer["position"], int(now.timestamp()), state_digest(answer))
    return keys.sign(payload, kind=KIND, now=now)


def read_mark(text: str, keys: SigningKeys) -> Mark | None:
    """Return what a mark says, or None where it is none of ours."""
    try:
        payload, _ = verify(text, keys.jwks(), kind=KIND)
        uscc, position, seconds, digest = _MARK.unpack(payload)
    except (BadSignature, struct.error):
        return None
    return Mark(uscc.decode(), position, datetime.fromtimestamp(seconds, UTC), digest)


def qr_source(address: str) -> str:
    """Return the QR code of an address as the `src` of an image."""
    source: str = segno.make(address, error="l").svg_data_uri(scale=3, border=2)
    return source


def _qr_svg(address: str) -> str:
    svg = BytesIO()
    segno.make(address, error="l").save(svg, kind="svg", scale=3, border=2, xmldecl=False)
    return svg.getvalue().decode()


def report_data(facts: Mapping[str, Any], sections: Sequence[Mapping[str, Any]], *, address: str) -> dict[str, Any]:
    """Return what the template of a report reads: `facts` are texts by name, `sections` have a `title` and `rows` of label and text."""
    return {**facts, "sections": sections, "qr": _qr_svg(address)}
