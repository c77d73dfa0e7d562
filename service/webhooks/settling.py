"""What is kept of calls that ended: of the message, and of the endpoint as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from asyncpg import Connection

from service.webhooks.queries import Due
from service.webhooks.rules import (
    FAILING_FOR,
    PAUSED_AFTER,
    Because,
    Outcome,
    State,
    next_try,
    pause_after,
)

_DONE: Final = """UPDATE webhook_delivery SET state = $2, done_at = $3, attempts = $4, first_tried_at = $5, last_status = $6,
    last_problem = $7, took_ms = $8 WHERE id = $1 AND done_at IS NULL"""
_AGAIN: Final = """UPDATE webhook_delivery SET next_at = $2, attempts = $3, first_tried_at = $4, last_status = $5,
    last_problem = $6, took_ms = $7 WHERE id = $1 AND done_at IS NULL"""


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that ended: of which message, how, when, and a number between 0 and 1 that spreads its next try."""

    due: Due
    outcome: Outcome
    at: datetime
    chance: float


async def settle(connection: Connection, ended: Sequence[Ended]) -> None:
    """Keep how calls ended, in the order in which they did."""
    for one in ended:
        outcome, due = one.outcome, one.due
        kept = (due.attempts + 1, due.first_tried_at or one.at, outcome.status, outcome.words, outcome.took_ms)
        if outcome.is_success:
            await connection.execute(_DONE, due.id, State.DELIVERED, one.at, *kept)
            await _note_success(connection, one)
            continue
        again = next_try(due.attempts + 1, first_tried_at=due.first_tried_at or one.at, now=one.at, chance=one.chance)
        if again is None or due.position is None:  # a test is tried once
            await connection.execute(_DONE, due.id, State.GIVEN_UP, one.at, *kept)
        else:
            await connection.execute(_AGAIN, due.id, again, *kept)
        if due.position is not None:
            await _note_failure(connection, one)


async def settle_silent(connection: Connection, ids: Sequence[int], *, now: datetime) -> None:
    """Keep that messages were not sent: what they are about may not be shown."""
    await connection.execute(
        "UPDATE webhook_delivery SET state = $2, done_at = $3 WHERE id = ANY ($1::bigint[]) AND done_at IS NULL",
        list(ids),
        State.SILENT,
        now,
    )


async def _note_success(connection: Connection, one: Ended) -> None:
    failures = await connection.fetchval(
        """WITH was AS (SELECT id, failures FROM webhook_endpoint WHERE id = $1 AND failures > 0 FOR UPDATE)
        UPDATE webhook_endpoint e SET failures = 0, failing_since = NULL, paused_until = $2
        FROM was WHERE e.id = was.id RETURNING was.failures""",
        one.due.endpoint_id,
        one.at,
    )
    if failures is not None and failures >= PAUSED_AFTER:  # it is back: nothing waits for its own next try
        await connection.execute(
            """UPDATE webhook_delivery SET next_at = $2
            WHERE endpoint_id = $1 AND done_at IS NULL AND next_at > $2""",
            one.due.endpoint_id,
            one.at,
        )


async def _note_failure(connection: Connection, one: Ended) -> None:
    row = await connection.fetchrow(
        """UPDATE webhook_endpoint SET failures = failures + 1, failing_since = coalesce(failing_since, $2)
        WHERE id = $1 AND state = 'active' RETURNING failures, failing_since""",
        one.due.endpoint_id,
        one.at,
    )
    if row is None:
        return
    if one.outcome.is_gone:
        await disable(connection, one, because=Because.GONE)
    elif one.at - row["failing_since"] >= FAILING_FOR:
        await disable(connection, one, because=Because.FAILING)
    else:
        await connection.execute(
            "UPDATE webhook_endpoint SET paused_until = greatest(paused_until, $2) WHERE id = $1",
            one.due.endpoint_id,
            one.at + pause_after(row["failures"], chance=one.chance),
        )


async def disable(connection: Connection, one: Ended, *, because: Because) -> None:
    """Stop telling an endpoint; what waits for it stays, and whoever looks after it is told by mail."""
    contact = await connection.fetchval(
        """UPDATE webhook_endpoint SET state = 'disabled', disabled_at = $2, disabled_because = $3,
            version_no = version_no + 1, changed_at = $2
        WHERE id = $1 AND state = 'active' RETURNING contact""",
        one.due.endpoint_id,
        one.at,
        because,
    )
    if contact is not None:
        await connection.execute(
            """INSERT INTO webhook_notice (endpoint_id, address, reason, made_at, next_at) VALUES ($1, $2, $3, $4, $4)""",
            one.due.endpoint_id,
            contact,
            because,
            one.at,
        )
