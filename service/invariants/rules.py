"""What must hold in the tables of record at every instant, whatever was done: the truths that a job looks after.

Most of them the database holds itself, by keys and checks; these it cannot. One that does not hold is a fault of the service, or of
somebody who wrote past it: nothing is mended by itself.
"""

from collections.abc import Mapping
from typing import Final

from service.errors import Conflict


class InvariantsBroken(Conflict):
    """Something that always holds does not; `found` says how many rows by name of the invariant."""

    code = "invariants_broken"


#: By name: what it means when rows are found.
INVARIANTS: Final[Mapping[str, str]] = {
    "head_is_current_version": "a record's head names another state or version than its one current version has",
    "version_has_head": "a current version belongs to no head",
    "versions_are_dense": "a record's versions have a gap, or one that was replaced says so not or twice",
    "version_has_change": "a version has neither a position in the change log nor one to come",
    "positions_are_dense": "the change log has a gap, or its head names another last position",
    "record_has_subject": "a record belongs to no subject",
    "import_accounts_for_its_rows": "a finished import read more or fewer rows than it accounts for",
    "ended_entry_has_no_open_revocation": "an entry has ended and its revocation is open",
    "granted_repair_ended_its_record": "a repair was granted and its record goes on",
    "party_is_told_of_its_repair": "a repaired record of which its firm was not told",
}


def check_found(found: Mapping[str, int]) -> None:
    """Refuse to call a state sound in which anything was found.

    Raises:
        InvariantsBroken: an invariant does not hold.
    """
    broken = {name: rows for name, rows in found.items() if rows}
    if broken:
        told = "; ".join(f"{name}: {rows} ({INVARIANTS[name]})" for name, rows in broken.items())
        raise InvariantsBroken(told, detail_zh="数据不变量不成立。", found=broken)
