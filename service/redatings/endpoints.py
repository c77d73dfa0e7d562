import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query

from schemas.redatings import RedatingDecision, RedatingPage, RedatingPreview, RedatingsDecided
from service.access.declared import Whose
from service.access.rules import Actor, Role
from service.access.seen import note_owners
from service.db import driver
from service.http import (
    ROLE_REFUSALS,
    BadCursor,
    Now,
    PageDep,
    ReadSessionDep,
    SessionDep,
    answers,
    one_page,
    page_after,
    require,
)
from service.redatings import examples
from service.redatings.actions import decide_redatings
from service.redatings.queries import Wanted, count_redatings, list_redatings
from service.redatings.rules import PENALTY_COLUMNS, NothingOpen, NotYourRedatings, PreviewOutdated, TooManyRedatings

router = APIRouter(prefix="/v1/redatings", tags=["deadlines"])

Watcher = Annotated[Actor, require(Role.RECORDER, Role.REVIEWER, Role.AUDITOR, whose=Whose.SEEN)]
Reviewer = Annotated[Actor, require(Role.REVIEWER, whose=Whose.OWN)]
Effects = Literal["shorter", "longer", "shown", "hidden", "unchanged"]
EffectQuery = Annotated[Effects | None, Query(description="Only those with this effect for the public.")]
RuleQuery = Annotated[str | None, Query(max_length=80, description="Only those that this row would set.")]
AuthorityQuery = Annotated[str | None, Query(max_length=80, description="Only this authority's.")]


def _seen(actor: Actor, authority: str | None) -> frozenset[str] | None:
    if actor.audits_everything:
        return None if authority is None else frozenset({authority})
    return actor.sees_records_of if authority is None else actor.sees_records_of & {authority}


_NO_WINDOWS = dict.fromkeys(PENALTY_COLUMNS)


def _view(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "id",
        "record_kind",
        "record_id",
        "uscc",
        "document_no",
        "authority_code",
        "state",
        "effect",
        "rule_before",
        "rule_after",
        "found_at",
    )
    decided = ("decided_by", "decided_at", "reason")
    return {name: row[name] for name in (*names, *decided)} | {
        "before": _NO_WINDOWS | json.loads(row["before_text"]),
        "after": _NO_WINDOWS | json.loads(row["after_text"]),
    }


@router.get(
    "",
    summary="List records that the rulebook would redate",
    response_model=RedatingPage,
    responses=answers({"items": [examples.REDATING], "next": None}, *ROLE_REFUSALS, BadCursor, words="Oldest first."),
)
async def list_all(
    actor: Watcher,
    session: ReadSessionDep,
    page: PageDep,
    state: Annotated[Literal["open", "applied", "kept", "moot"], Query(description="How they stand.")] = "open",
    authority: AuthorityQuery = None,
    effect: EffectQuery = None,
    rule_after: RuleQuery = None,
) -> dict[str, Any]:
    """Give the published penalties and entries whose windows the present rulebook, or row of their list, would change, each before and after.

    Nothing is moved until the authority that owns the record decides.
    """
    wanted = Wanted(_seen(actor, authority), state, effect, rule_after)
    rows = await list_redatings(await driver(session), wanted, after=page_after(page), limit=page.limit + 1)
    part, following = one_page(rows, page)
    note_owners(session, (row["authority_code"] for row in part))
    return {"items": [_view(row) for row in part], "next": following}


@router.get(
    "/preview",
    summary="Preview a decision about redatings",
    response_model=RedatingPreview,
    responses=answers(examples.PREVIEW, *ROLE_REFUSALS, words="The open ones in groups that are alike."),
)
async def preview(
    actor: Watcher,
    session: ReadSessionDep,
    authority: AuthorityQuery = None,
    effect: EffectQuery = None,
    rule_after: RuleQuery = None,
) -> dict[str, Any]:
    """Count the open redatings by authority, effect and rules, with the first and last days before and after."""
    wanted = Wanted(_seen(actor, authority), "open", effect, rule_after)
    groups = [dict(row) for row in await count_redatings(await driver(session), wanted)]
    note_owners(session, (group["authority_code"] for group in groups))
    return {"redatings": sum(group["redatings"] for group in groups), "groups": groups}


@router.post(
    "/decisions",
    summary="Decide about redatings in bulk",
    response_model=RedatingsDecided,
    responses=answers(
        examples.DECIDED,
        *ROLE_REFUSALS,
        NotYourRedatings,
        NothingOpen,
        PreviewOutdated,
        TooManyRedatings,
        words="What was done, all of it or nothing.",
    ),
)
async def decide(
    body: Annotated[RedatingDecision, Body(examples=[examples.DECISION])],
    actor: Reviewer,
    session: SessionDep,
    now: Now,
) -> dict[str, int]:
    """Let the records follow the rulebook, each by a version of its own, or keep their dates, for all that the filter finds.

    `expected` is the count of the preview: where more or fewer are open by now, nothing is done. A difference that is kept is not
    listed again.
    """
    return await decide_redatings(
        session,
        wanted=Wanted(
            None if body.authority is None else frozenset({body.authority}),
            "open",
            body.effect,
            body.rule_after,
            body.ids,
        ),
        apply=body.decision == "apply",
        expected=body.expected,
        reason=body.reason,
        actor=actor,
        now=now,
    )
