"""Which authority takes another one's place, from which day, and by what act."""

from collections.abc import Iterable

from service.catalog.hierarchy import Succession
from service.catalog.rules import NoSuchAuthority
from service.errors import Conflict, Invalid


class AlreadySucceeded(Conflict):
    """The catalogue has this succession already."""

    code = "already_succeeded"


class CircularSuccession(Invalid):
    """An authority would succeed itself, at once or by way of others."""

    code = "circular_succession"


def check_succession(new: Succession, *, codes: Iterable[str], present: Iterable[Succession]) -> None:
    """Refuse a succession between authorities that are not there, that is there already, or that leads in a circle.

    Raises:
        NoSuchAuthority, AlreadySucceeded, CircularSuccession: see there.
    """
    known = set(codes)
    for code in (new.predecessor_code, new.successor_code):
        if code not in known:
            raise NoSuchAuthority(
                f"The catalogue has no authority {code!r}; add it first.", detail_zh="机关目录中无此机关。"
            )
    after: dict[str, set[str]] = {}
    for one in present:
        after.setdefault(one.predecessor_code, set()).add(one.successor_code)
    if new.successor_code in after.get(new.predecessor_code, ()):
        raise AlreadySucceeded(
            f"{new.successor_code} succeeds {new.predecessor_code} already.", detail_zh="该承继关系已登记。"
        )
    seen: set[str] = set()
    waiting = [new.successor_code]
    while waiting:
        code = waiting.pop()
        if code == new.predecessor_code:
            raise CircularSuccession(
                f"{new.predecessor_code} would succeed itself by way of {new.successor_code}.",
                detail_zh="承继关系不得循环。",
            )
        if code not in seen:
            seen.add(code)
            waiting.extend(after.get(code, ()))
