"""A key as the API and the console show it: never its secret, which is stored nowhere."""

from datetime import datetime
from typing import Any, Final

from service.access.keys.rules import key_state
from service.models import ApiKey

_SHOWN: Final = (
    "id", "principal_id", "name", "note", "hint", "networks", "created_by", "created_at", "confirmed_by", "confirmed_at",
    "expires_at", "last_used_at", "rotated_to", "revoked_at",
)  # fmt: skip


def key_view(key: ApiKey, now: datetime) -> dict[str, Any]:
    """Return a key with the state in which it is at `now`."""
    state = key_state(confirmed_at=key.confirmed_at, expires_at=key.expires_at, revoked_at=key.revoked_at, now=now)
    return {name: getattr(key, name) for name in _SHOWN} | {"state": state}
