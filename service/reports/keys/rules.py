"""Keys to which reports are sealed: which of an authority's is used, and until when."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from service.errors import Conflict, Forbidden, NotFound

#: Keys of one authority that were never retired, at most.
MOST_KEYS: Final = 50
LONGEST_OVERLAP: Final = timedelta(days=90)


class NoSuchSealingKey(NotFound):
    """There is no sealing key of this id."""

    code = "no_such_sealing_key"


class NotYourKey(Forbidden):
    """An authority's key is registered and retired by those who bind it."""

    code = "not_your_key"


class SealingKeyKnown(Conflict):
    """This public key was registered before; each registration is of a new pair."""

    code = "sealing_key_known"


class TooManySealingKeys(Conflict):
    """The authority has as many keys as it may."""

    code = "too_many_sealing_keys"


class SealingKeyRetired(Conflict):
    """The key was retired before."""

    code = "sealing_key_retired"


class KeyState(StrEnum):
    """Whether a key is sealed to: in use; ending, beside its successor; former; or retired before its end."""

    IN_USE = "in_use"
    ENDING = "ending"
    FORMER = "former"
    RETIRED = "retired"


def key_state(*, seals_until: datetime | None, retired_at: datetime | None, now: datetime) -> KeyState:
    """Return the state of a key at `now`."""
    if retired_at is not None:
        return KeyState.RETIRED
    if seals_until is None:
        return KeyState.IN_USE
    return KeyState.ENDING if now < seals_until else KeyState.FORMER


#: What is sealed to these is taken.
TAKEN: Final = frozenset({KeyState.IN_USE, KeyState.ENDING})
