"""List entries that no longer pass the test of their list since a penalty fell: revocations that opened by themselves."""

from typing import Annotated, Literal, get_args

from fastapi import Response

from service.access.declared import Whose
from service.access.rules import Role
from service.blacklist.queries import list_revocations
from service.blacklist.views import revocation_view
from service.console.desk import PAGE, Desk, PageRouter, at_desk
from service.console.rendering import show
from service.http import ReadSessionDep

router = PageRouter()
State = Literal["open", "revoked", "kept", "ended"]


@router.get("/revocations")
async def show_revocations(
    desk: Annotated[Desk, at_desk(Role.LISTER, Role.REVIEWER, whose=Whose.OWN)],
    session: ReadSessionDep,
    state: State = "open",
) -> Response:
    """Show the most urgent revocations in a state."""
    authorities = sorted(desk.actor.authorities(Role.LISTER, Role.REVIEWER))
    rows = await list_revocations(session, authorities=authorities, state=state, after=None, limit=PAGE)
    return show(
        desk, "revocations.html", state=state, states=get_args(State), items=[revocation_view(one) for one in rows]
    )
