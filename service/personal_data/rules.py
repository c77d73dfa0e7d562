"""Finding personal data in texts, so that it is blanked before an imported row is stored (house decision 16).

Looked for are identity numbers, phone numbers, bank accounts, vehicle plates, e-mail and home addresses, in full width too
and with blanks or hyphens inside. Credit codes, old registration numbers, document numbers, amounts, dates and business
addresses must not alarm. docs/personal-data.md states what was measured.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from service.personal_data.findings import Finding, Kind, folded
from service.personal_data.numbers import find_accounts, find_identity_numbers, find_phones
from service.personal_data.places import find_emails, find_home_addresses, find_plates
from service.reading.sentinels import is_blank

__all__ = ["WITHHELD", "WORDS", "Finding", "Kind", "blank", "blank_row", "scan"]

WORDS: Final[Mapping[Kind, str]] = {
    Kind.IDENTITY_NUMBER: "身份证号",
    Kind.PHONE: "电话",
    Kind.BANK_CARD: "银行账号",
    Kind.PLATE: "车牌号",
    Kind.EMAIL: "邮箱",
    Kind.HOME_ADDRESS: "住址",
}
WITHHELD: Final = "[已隐去]"
"""What stands in a column that is personal data as a whole."""

# Where two findings overlap the one of the earlier finder stands, so the surer come first.
_FINDERS: Final = (
    find_identity_numbers,
    find_emails,
    find_accounts,
    find_phones,
    find_plates,
    find_home_addresses,
)


def scan(text: str) -> list[Finding]:
    """Return where `text` holds personal data, in order and without overlaps."""
    plain = folded(text)
    kept: list[Finding] = []
    for find in _FINDERS:
        for finding in find(plain):
            kept += _rests(finding, kept)
    return sorted(kept, key=lambda finding: finding.start)


def _rests(finding: Finding, kept: Iterable[Finding]) -> list[Finding]:
    """Return what is left of a finding beside those kept: of an address the pieces round them, of anything else nothing."""
    inside = sorted((o for o in kept if finding.start < o.end and o.start < finding.end), key=lambda o: o.start)
    if inside and finding.kind is not Kind.HOME_ADDRESS:
        return []
    starts = [finding.start, *(other.end for other in inside)]
    ends = [*(other.start for other in inside), finding.end]
    return [Finding(finding.kind, start, end) for start, end in zip(starts, ends, strict=True) if start < end]


def blank(text: str, findings: Iterable[Finding] | None = None) -> str:
    """Return `text` with each finding replaced by a mark that names its kind, such as `[已隐去:电话]`.

    `findings` are those of `scan` for this text, in order; without them the text is scanned. A blanked text, blanked
    again, stays the same.
    """
    parts, at = [], 0
    for finding in scan(text) if findings is None else findings:
        parts += [text[at : finding.start], f"[已隐去:{WORDS[finding.kind]}]"]
        at = finding.end
    return "".join([*parts, text[at:]])


def blank_row(row: Mapping[str, str | None], person_columns: Collection[str]) -> dict[str, str | None]:
    """Return a row, cells by column name, without personal data.

    Cells of `person_columns` (identity numbers, for example) become `[已隐去]` whatever they hold, unless they say that
    there is no value; in all others what `scan` finds is blanked.
    """
    return {
        name: cell if cell is None or is_blank(cell) else WITHHELD if name in person_columns else blank(cell)
        for name, cell in row.items()
    }
