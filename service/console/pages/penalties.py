"""Penalties of one's authority by their state, and those one recorded oneself."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from service.access.declared import Whose
from service.access.rules import Role
from service.console.desk import PAGE, Desk, PageRouter, at_desk
from service.console.rendering import show
from service.http import ReadSessionDep, encode_cursor, key_of
from service.penalties.queries import count_queue, list_queue
from service.penalties.rules import State
from service.penalties.views import penalty_view

router = PageRouter()

#: States in which somebody has to do something, and those in which a record may be looked for.
STATES = (
    State.DRAFT, State.RETURNED, State.SUBMITTED, State.APPROVED, State.PUBLISHED, State.WITHHELD, State.SUSPENDED,
    State.RECALLED, State.ENDED,
)  # fmt: skip


@router.get("/penalties")
async def show_penalties(
    desk: Annotated[Desk, at_desk(Role.RECORDER, Role.REVIEWER, whose=Whose.OWN)],
    session: ReadSessionDep,
    state: State = State.SUBMITTED,
    mine: Literal["yes", "no"] = "no",
    done: Annotated[str, Query(max_length=40, pattern="^[a-z-]*$")] = "",
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """Show the penalties that stand in a state."""
    authorities = sorted(desk.actor.authorities(Role.RECORDER, Role.REVIEWER))
    recorder = str(desk.actor.id) if mine == "yes" else None
    rows = await list_queue(
        session,
        authorities=authorities,
        state=state,
        recorder=recorder,
        after=key_of(cursor, str, UUID),
        limit=PAGE + 1,
    )
    part = rows[:PAGE]
    following = encode_cursor((part[-1]["uscc"], str(part[-1]["id"]))) if len(rows) > PAGE else None
    return show(
        desk,
        "penalties.html",
        state=state,
        mine=mine,
        done=done,
        counts={
            one: await count_queue(session, authorities=authorities, state=one, recorder=recorder) for one in STATES
        },
        items=[penalty_view(row, actor=desk.actor, today=desk.today) for row in part],
        following=following,
        may_record=desk.actor.may(Role.RECORDER),
        may_review=desk.actor.may(Role.REVIEWER),
    )
