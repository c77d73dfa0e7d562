"""Rate limits at the door, and further charges for work that only the operation can count."""

from collections import OrderedDict
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.limits.limiter import Limiter, LimiterFailed, Verdict
from service.limits.rules import Kind, address_key, policy_field, secret_key, state_field
from service.middleware.capacity import ALWAYS, WITHIN
from service.problems import LimiterUnavailable, TooManyRequests, refused

_METER: Final = "xinyong.meter"

#: Keys that were good at their last use, remembered by a process: they are heard also where others from there were refused.
MOST_GOOD: Final = 10_000

MOST_FIELDS: Final = 1_000

#: Reads go on when the limiter fails; these are reads although they are POSTs.
READS: Final = frozenset({"/v1/status", "/v1/status/batch"})


class Meter:
    """What one request has been charged, and to whom."""

    def __init__(
        self, limiter: Limiter, kind: Kind, who: str, *, reads: bool, key: str | None = None, address: str = ""
    ) -> None:
        self.limiter = limiter
        self.key = key
        self.address = address
        self.kind = kind
        self.who = who
        self.reads = reads
        self.verdict: Verdict | None = None

    def charge(self, cost: int) -> None:
        """Count `cost` units of work.

        Raises:
            TooManyRequests: they are too many at present.
            LimiterUnavailable: nobody can tell, and the request is no read.
        """
        try:
            self.verdict = self.limiter.ask(self.kind, self.who, cost=cost)
        except LimiterFailed:
            if not self.reads:
                raise _unavailable() from None
            return
        if self.verdict.wait:
            raise _too_many(self.kind, self.verdict, cost)

    def fields(self) -> dict[str, str]:
        """Return the fields that tell the client where it stands."""
        rates = self.limiter.rates[self.kind]
        if self.verdict is None or not rates:
            return {}
        return {
            "RateLimit-Policy": policy_field(self.kind, rates),
            "RateLimit": state_field(self.kind, self.verdict.windows),
        }


def charge(request: Request, cost: int) -> None:
    """Count `cost` units of work beside the one of the request itself; without a limiter nothing is counted.

    Raises:
        TooManyRequests, LimiterUnavailable: see `Meter.charge`.
    """
    meter: Meter | None = request.scope.get(_METER)
    if meter is not None and cost > 0:
        meter.charge(cost)


class Gate:
    """Charges requests to keys and addresses; every door of a process asks the same one."""

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter
        self._good: OrderedDict[str, None] = OrderedDict()
        self._fields: dict[int, tuple[Verdict, list[tuple[bytes, bytes]]]] = {}

    def meter(self, scope: Scope, *, authorization: str | None) -> Meter:
        """Give a request its meter: of its key, or of its address where it has none."""
        client = scope.get("client")
        address = address_key(client[0] if client else None)
        reads = scope["method"] in {"GET", "HEAD", "OPTIONS"} or scope["path"] in READS
        key = None if authorization is None else secret_key(authorization)
        kind, who = (Kind.ADDRESS, address) if key is None else (Kind.KEY, key)
        meter = scope[_METER] = Meter(self.limiter, kind, who, reads=reads, key=key, address=address)
        return meter

    def admit(self, meter: Meter) -> None:
        """Charge the request itself.

        Raises:
            TooManyRequests, LimiterUnavailable: see `Meter.charge`.
        """
        if meter.key is not None and meter.key not in self._good:
            self._check_address(meter.address)
        meter.charge(1)

    def fields(self, meter: Meter) -> list[tuple[bytes, bytes]]:
        """Return the fields of `Meter.fields` as raw headers; those of one verdict are put together once."""
        verdict = meter.verdict
        if verdict is None:
            return []
        known = self._fields.get(id(verdict))
        if known is None:
            if len(self._fields) >= MOST_FIELDS:
                self._fields.clear()
            raw = [(name.lower().encode(), value.encode()) for name, value in meter.fields().items()]
            known = self._fields[id(verdict)] = verdict, raw  # holding the verdict, so that its id is nobody else's
        return known[1]

    def settle(self, meter: Meter, *, status: int) -> None:
        """Remember whether the key was good, once the answer is known."""
        if meter.key is not None:
            self._judge(meter.key, meter.address, refused=status == 401)

    def _check_address(self, address: str) -> None:
        try:
            verdict = self.limiter.look(Kind.REFUSED, address)
        except LimiterFailed:
            return
        if verdict.wait:
            raise _too_many(Kind.REFUSED, verdict, 1)

    def _judge(self, key: str, address: str, *, refused: bool) -> None:
        if not refused:
            self._good[key] = None
            self._good.move_to_end(key)
            if len(self._good) > MOST_GOOD:
                self._good.popitem(last=False)
            return
        self._good.pop(key, None)
        try:
            self.limiter.ask(Kind.REFUSED, address)
        except LimiterFailed:
            return


class RateLimits:
    """Middleware that charges every request to its key, or to its address where it has none."""

    def __init__(self, app: ASGIApp, *, gate: Gate) -> None:
        self.app = app
        self.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it; either way the answer says where the client stands."""
        if scope["type"] != "http" or scope["path"] in ALWAYS or WITHIN in scope:
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        meter = self.gate.meter(scope, authorization=request.headers.get("authorization"))
        try:
            self.gate.admit(meter)
        except TooManyRequests as refusal:
            await refused(request, refusal, meter.fields())(scope, receive, send)
            return
        except LimiterUnavailable as refusal:
            await refused(request, refusal)(scope, receive, send)
            return

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(meter.fields())
                self.gate.settle(meter, status=message["status"])
            await send(message)

        await self.app(scope, receive, send_with_fields)


_WHO: Final = {
    Kind.KEY: ("This key", "该密钥"),
    Kind.ADDRESS: ("Your address (without a key)", "该地址（未使用密钥）"),
    Kind.REFUSED: ("Your address, by keys that were refused,", "该地址（密钥多次无效）"),
}


def _too_many(kind: Kind, verdict: Verdict, cost: int) -> TooManyRequests:
    who, who_zh = _WHO[kind]
    window = verdict.windows[0]
    return TooManyRequests(
        f"{who} may ask for {window.quota:,} units of work in {window.seconds} seconds, and this would be {cost:,} more."
        f" Ask again in {verdict.wait} seconds.",
        detail_zh=f"{who_zh}请求过多，请在 {verdict.wait} 秒后重试。",
        retry_after=verdict.wait,
    )


def _unavailable() -> LimiterUnavailable:
    return LimiterUnavailable(
        "The counters of the rate limits cannot be used; reading goes on, changes do not. Ask again in some seconds.",
        detail_zh="限流计数暂不可用，仅可查询，请稍后再试。",
    )
