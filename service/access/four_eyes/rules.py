"""Two pairs of eyes on access: what opens records, or access itself, one administrator proposes and another confirms.

Without this an administrator could enter somebody who does not exist, give him rights and act by them. Until it is
confirmed a grant gives nothing, a key opens nothing and nobody stands in. Whoever has a terminal on the server is a second
pair of eyes for an office with one administrator, and the only one for its first.
"""

from typing import Final
from uuid import UUID

from service.access.rules import Role
from service.errors import Conflict, Forbidden

#: Roles that one administrator gives alone: they see what is public, and their own things. An agent also needs an authority
#: that registers it.
GIVEN_ALONE: Final = frozenset({Role.PLATFORM, Role.EXPORTER, Role.SUBJECT_AGENT})


class OwnProposal(Forbidden):
    """Who proposed it, or would gain by it, does not confirm it: another administrator does, or whoever runs the server."""

    code = "own_proposal"


class AlreadyConfirmed(Conflict):
    """It is in force already: it was confirmed, or needed nobody else."""

    code = "already_confirmed"


def needs_second(role: Role | str) -> bool:
    """Return whether a role is in force only when a second administrator has confirmed it."""
    return role not in GIVEN_ALONE


def is_principal(by: str) -> bool:
    """Return whether something was done by a principal, and not at the command line."""
    try:
        UUID(by)
    except ValueError:
        return False
    return True


def check_second(by: str, *, proposed_by: str, gains: UUID) -> None:
    """Refuse to let somebody confirm what he proposed, or what he would gain by; `gains` is who would.

    Raises:
        OwnProposal: `by` is one of the two.
    """
    if by in {proposed_by, str(gains)}:
        raise OwnProposal(
            "Who proposed it, or would gain by it, does not confirm it. Another administrator does, or whoever runs the"
            " server: xinyong access confirm ID.",
            detail_zh="提出人和受益人不得自行确认，须由其他管理员确认，或在服务器上以命令行确认。",
        )
