"""What monitoring may know: no credit code, key, name or path is ever a label."""

from typing import Final

from service.access.rules import AUTHORITY_ROLES, Role

#: Classes of askers, the first that applies.
ASKERS: Final = (
    ("platform", frozenset({Role.PLATFORM, Role.EXPORTER})),
    ("authority", AUTHORITY_ROLES),
    ("oversight", frozenset({Role.AUDITOR, Role.ADMINISTRATOR, Role.RULE_KEEPER})),
    ("agent", frozenset({Role.SUBJECT_AGENT})),
)


def asker_class(roles: str | None) -> str:
    """Return the class of whoever holds `roles` (with blanks between); `anonymous` without any."""
    held = set((roles or "").split())
    return next((name for name, members in ASKERS if held & members), "other" if held else "anonymous")


def status_class(status: int) -> str:
    """Return the class of an HTTP status, as 2xx; `none` where the asker went away before there was one."""
    return f"{status // 100}xx" if status else "none"
