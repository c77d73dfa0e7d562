"""From a penalty's content to its windows, tier and the columns that hold them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from service.catalog.rules import KnownAuthority
from service.penalties.rules import Content
from service.rulebook.rules import PenaltyFacts
from service.rulebook.selection import Rulebook
from service.rulebook.windows import Window, Windows, penalty_windows

#: Reasons for not showing a penalty that a law may make an exception from; the others are gaps in what is known.
EXCEPTABLE: Final = frozenset({"not_published", "summary_procedure"})


@dataclass(frozen=True, slots=True)
class Place:
    """What about the deciding authority and the party decides a window: system, province, type of party."""

    system: str
    province: str
    party_type: str


def place_of(authority: KnownAuthority, uscc: str) -> Place:
    """Return the place of a record; codes that begin with 92 are sole traders."""
    party = "sole_trader" if uscc.startswith("92") else "organization"
    return Place(authority.system, authority.division_code[:2], party)


def windows_of(
    rulebook: Rulebook,
    content: Content,
    place: Place,
    *,
    published_on: date | None,
    public_from: date,
    gsxt_published_on: date | None = None,
) -> Windows:
    """Return the windows of a penalty by the rows in force; `public_from` is the (first) day it is shown here.

    A cited exception by law shows what a row holds back, until the day it states.
    """
    facts = PenaltyFacts(
        authority_system=place.system,
        procedure=content.procedure,
        kinds=frozenset(content.kinds),
        fine_fen=content.fine_fen,
        confiscation_fen=content.confiscation_fen,
        field=content.field,
        party_type=place.party_type,
        province=place.province,
        decided_on=content.decided_on,
        published_on=published_on,
        restriction_until=content.restriction_until,
        gsxt_published_on=gsxt_published_on,
    )
    windows = penalty_windows(rulebook, facts, public_from)
    if content.display_exception and windows.public.reason in EXCEPTABLE:
        shown = replace(
            windows.public,
            starts_on=public_from,
            ends_on=content.display_exception_until,
            grade="unverified",
            flags=(*windows.public.flags, "display_exception"),
            reason=None,
        )
        return replace(windows, public=shown)
    return windows


def window_columns(windows: Windows) -> Mapping[str, Any]:
    """Return the columns of a version that hold its windows, its tier and the tier's basis."""
    columns: dict[str, Any] = {}
    for window in (windows.gsxt, windows.credit_china, windows.public):
        columns |= _columns(window)
    return columns | {
        "window_flags": list(windows.public.flags),
        "tier": windows.tier.value,
        "tier_basis": windows.tier_basis,
    }


def _columns(window: Window) -> Mapping[str, Any]:
    channel = window.channel.value
    return {
        f"{channel}_from": window.starts_on,
        f"{channel}_until": window.ends_on,
        f"{channel}_rule": window.rule_id,
        f"{channel}_grade": window.grade,
        f"{channel}_reason": window.reason,
    }
