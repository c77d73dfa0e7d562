"""Sharing agreements: who asks, who decides, and what is open while one is in force."""

from datetime import date
from enum import StrEnum

from service.access.rules import Actor, Role
from service.errors import Conflict, Forbidden, Invalid, NotFound

#: Who binds an authority in these matters, when it asks and when it is asked.
BINDING: Role = Role.CONSENTER


class NoSuchAgreement(NotFound):
    """There is no sharing agreement of this id that you may read."""

    code = "no_such_agreement"


class AgreementDecided(Conflict):
    """The agreement's state does not allow this: it is decided already, or not approved."""

    code = "agreement_decided"


class NotYours(Forbidden):
    """The other side of the agreement does this."""

    code = "not_yours"


class WithItself(Invalid):
    """An authority would ask itself."""

    code = "with_itself"


class LongerThanAsked(Invalid):
    """An approval may end an agreement sooner than was asked, never later."""

    code = "longer_than_asked"


class State(StrEnum):
    """Where an agreement stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    REVOKED = "revoked"


class SharedKind(StrEnum):
    """A kind of record that an agreement may open."""

    PENALTIES = "penalties"
    BLACKLIST = "blacklist"


def check_decision(
    actor: Actor, *, owner_code: str, state: str, from_on: date, asked_until: date, until_on: date | None
) -> None:
    """Refuse a decision about a request that the actor may not make, or not any more.

    Raises:
        NotYours: the actor does not bind the owner.
        AgreementDecided: it is decided already.
        LongerThanAsked: the approval would end it later than was asked, or before it begins.
    """
    if not actor.acts_for(owner_code, BINDING):
        raise NotYours(
            f"The authority {owner_code} decides about this, by its {BINDING}.", detail_zh="应由数据所属机关决定。"
        )
    if state != State.REQUESTED:
        raise AgreementDecided(f"The agreement is {state} already.", detail_zh="该共享申请已有处理结果。", state=state)
    if until_on is not None and not from_on <= until_on <= asked_until:
        raise LongerThanAsked(
            f"It was asked for from {from_on} to {asked_until}; {until_on} lies outside.",
            detail_zh="批准期限不得超出申请期限。",
        )


def check_revocation(actor: Actor, *, owner_code: str, requester_code: str, state: str) -> None:
    """Refuse to end an agreement that is not in force, or that is others'.

    Raises:
        NotYours: the actor binds neither side.
        AgreementDecided: it is not approved.
    """
    if not (actor.acts_for(owner_code, BINDING) or actor.acts_for(requester_code, BINDING)):
        raise NotYours(f"One of its two sides ends an agreement, by its {BINDING}.", detail_zh="应由协议双方之一终止。")
    if state != State.APPROVED:
        raise AgreementDecided(
            f"The agreement is {state}; only an approved one is revoked.", detail_zh="该协议并未生效。", state=state
        )
