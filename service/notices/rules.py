"""What a firm is told about its own records: one notice an act that concerns it, in words, until it says that it has read it.

The outbox holds ids; what a notice says follows from the version that it names, when it is read (DESIGN decision 4).
"""

from dataclasses import dataclass
from typing import Final

from service.errors import NotFound


class NoSuchNotice(NotFound):
    """There is no notice of this number to a firm that the key acts for."""

    code = "no_such_notice"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, as its notice says it."""

    words: str
    words_zh: str


#: By kind of record and command of the version.
EVENTS: Final = {
    ("blacklist_entry", "notify"): Event(
        "An entry on a list is intended; you may make a statement in time.", "拟将贵单位列入名单，可在期限内陈述申辩。"
    ),
    ("blacklist_entry", "list"): Event("You were entered on a list.", "贵单位已被列入名单。"),
    ("blacklist_entry", "not-list"): Event("You are not entered on the list.", "决定不将贵单位列入名单。"),
    ("blacklist_entry", "remove"): Event("You were taken off a list.", "贵单位已被移出名单。"),
    ("blacklist_entry", "revoke"): Event("An entry on a list was revoked.", "列入名单的决定已被撤销。"),
    ("blacklist_entry", "move"): Event(
        "An entry belongs to another firm and has ended here.", "该列入信息归属其他主体，在贵单位名下终止。"
    ),
    ("blacklist_entry", "repair"): Event(
        "An entry was repaired: publication, sharing and use have ended.", "列入信息已修复，终止公示、停止共享和使用。"
    ),
    ("penalty", "withdraw"): Event("A published penalty was withdrawn.", "已公示的行政处罚信息已撤回。"),
    ("penalty", "move"): Event(
        "A penalty belongs to another firm and has ended here.", "该行政处罚信息归属其他主体，在贵单位名下终止。"
    ),
    ("penalty", "repair"): Event(
        "A penalty was repaired: publication, sharing and use have ended.",
        "行政处罚信息已修复，终止公示、停止共享和使用。",
    ),
    ("repair", "receive"): Event("Your application arrived, its clock runs.", "信用修复申请已收到，期限开始计算。"),
    ("repair", "accept"): Event("Your application is accepted.", "信用修复申请已受理。"),
    ("repair", "not-accept"): Event("Your application is not accepted.", "信用修复申请不予受理。"),
    ("repair", "grant"): Event("The repair is granted.", "准予信用修复。"),
    ("repair", "refuse"): Event("The repair is refused.", "不予信用修复。"),
}
#: What a notice says whose version tells none of these.
CHANGED: Final = Event("A record of yours changed.", "贵单位的记录有变更。")

_ROOMS: Final = {"penalty": "penalties", "blacklist_entry": "blacklist-entries", "repair": "repairs"}


def record_path(uscc: str, kind: str, record_id: object) -> str:
    """Return where the record of a notice is read."""
    return f"/v1/subjects/{uscc}/{_ROOMS[kind]}/{record_id}"
