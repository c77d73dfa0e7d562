"""Receipts: what the service signs for a report that it took."""

import json
from collections.abc import Mapping
from typing import Any, Final

from service.errors import Invalid
from service.reports.sealing import read_header
from service.signing.signatures import verify

KIND: Final = "report-receipt"


class OtherReceipt(Invalid):
    """The receipt is genuine, and for another report."""

    code = "other_receipt"


def receipt_content(members: Mapping[str, Any]) -> bytes:
    """Return the bytes of a receipt that are signed."""
    return json.dumps(members, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def verify_receipt(receipt: str, jwks: Mapping[str, Any], *, sealed: str) -> dict[str, Any]:
    """Return what a receipt says, if a key of the set signed it for this sealed report.

    Raises:
        BadSignature: no key of the set signed it.
        OtherReceipt: it is another report's.
        MalformedSeal: `sealed` is no report.
    """
    told: dict[str, Any] = json.loads(verify(receipt, jwks, kind=KIND)[0])
    if told["digest"] != read_header(sealed).digest:
        raise OtherReceipt("The receipt is for another report than this one.", detail_zh="回执不是该报告的。")
    return told
