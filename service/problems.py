"""What HTTP makes of a refusal: one problem document (RFC 9457) for every answer that is none.

Nothing of the inside leaves by here: an unexpected error is logged in full and answered in one sentence.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from service.errors import Category, Invalid, NotFound, Refusal, TooLarge, Unavailable
from service.outages import CONNECTION_ERRORS, is_outage, outage_reason

STATUS: Final = {
    Category.NOT_FOUND: 404,
    Category.CONFLICT: 409,
    Category.FORBIDDEN: 403,
    Category.UNAUTHENTICATED: 401,
    Category.INVALID: 422,
    Category.TOO_LARGE: 413,
    Category.UNAVAILABLE: 503,
    Category.GONE: 410,
    Category.NOT_THAT_RANGE: 416,
    Category.VERSION_MISMATCH: 412,
    Category.VERSION_REQUIRED: 428,
    Category.RATE_LIMITED: 429,
    Category.UNSUPPORTED: 415,
    Category.NOT_ALLOWED: 405,
    Category.TOO_SLOW: 408,
    Category.HEADERS_TOO_LARGE: 431,
    Category.MALFORMED_HTTP: 400,
    Category.INTERNAL: 500,
}
#: The title of a problem for readers of Chinese; for readers of English it is the code in words.
TITLE_ZH: Final = {
    Category.NOT_FOUND: "未找到",
    Category.CONFLICT: "与现状冲突",
    Category.FORBIDDEN: "无权办理",
    Category.UNAUTHENTICATED: "身份未验证",
    Category.INVALID: "请求有误",
    Category.TOO_LARGE: "请求内容过大",
    Category.UNAVAILABLE: "暂时无法服务",
    Category.GONE: "已被替换",
    Category.NOT_THAT_RANGE: "范围无效",
    Category.VERSION_MISMATCH: "版本不符",
    Category.VERSION_REQUIRED: "缺少版本",
    Category.RATE_LIMITED: "请求过于频繁",
    Category.UNSUPPORTED: "不支持的格式",
    Category.NOT_ALLOWED: "不支持的方法",
    Category.TOO_SLOW: "等待超时",
    Category.HEADERS_TOO_LARGE: "请求头过大",
    Category.MALFORMED_HTTP: "不是有效的请求",
    Category.INTERNAL: "服务内部出错",
}
PROBLEMS_PAGE: Final = "/docs/problems"
MEDIA_TYPE: Final = "application/problem+json"

Responses = dict[int | str, dict[str, Any]]
log: structlog.stdlib.BoundLogger = structlog.get_logger("http")


class NoSuchPath(NotFound):
    """Nothing is served at this path."""

    code = "no_such_path"


class InvalidRequest(Invalid):
    """A parameter or the body has not the documented form; `errors` says where and what is wrong."""

    code = "invalid_request"


class UnknownParameter(Invalid):
    """A query parameter that this operation does not have; a misspelt filter must not pass for no filter."""

    code = "unknown_parameter"


class BodyTooLarge(TooLarge):
    """The body of the request is larger than this operation takes."""

    code = "body_too_large"


class MalformedBody(Invalid):
    """The body is not what its media type says, or repeats a member, nests too deep, or has a number out of all proportion."""

    code = "malformed_body"


class NotJson(Refusal):
    """This operation takes JSON: send `Content-Type: application/json`."""

    category = Category.UNSUPPORTED
    code = "not_json"


class MethodNotAllowed(Refusal):
    """The path exists and does not take this method; the header `Allow` names those it takes."""

    category = Category.NOT_ALLOWED
    code = "method_not_allowed"


class RequestTooSlow(Refusal):
    """The body of the request did not arrive in time; the connection is closed. Send it again."""

    category = Category.TOO_SLOW
    code = "request_too_slow"


class TooManyRequests(Refusal):
    """More was asked than the key or the address may ask in this time. Ask again after `Retry-After` seconds."""

    category = Category.RATE_LIMITED
    code = "too_many_requests"


class LimiterUnavailable(Unavailable):
    """The counters of the rate limits cannot be used: reading goes on, changes do not. Ask again after `Retry-After`."""

    code = "limiter_unavailable"


class Overloaded(Unavailable):
    """More requests are being worked on than this process takes at a time. Ask again after `Retry-After` seconds."""

    code = "overloaded"


class DeadlinePassed(Unavailable):
    """The request took longer than any request may, and was ended; nothing of it was kept."""

    code = "deadline_passed"


class MalformedHttp(Refusal):
    """What was sent is no request of HTTP/1.1; the connection is closed."""

    category = Category.MALFORMED_HTTP
    code = "malformed_http"


class HeadersTooLarge(Refusal):
    """The request line and the headers are longer than 64 KiB together; the connection is closed."""

    category = Category.HEADERS_TOO_LARGE
    code = "headers_too_large"


class InternalError(Refusal):
    """Something went wrong here. It is logged with the request; nothing of it was kept."""

    category = Category.INTERNAL
    code = "internal_error"


class DatabaseUnavailable(Unavailable):
    """The database did not answer, or not in time. Ask again; whether a change was kept, its resource tells."""

    code = "database_unavailable"


def problem_document(refusal: Refusal, *, instance: str | None = None, chinese: bool = False) -> dict[str, object]:
    """Return the problem document of a refusal, with its `extra` members; `type` is the page that explains the code.

    `title` and `detail` are English, or Chinese where the reader prefers it; `detail_zh` is Chinese for every reader.
    """
    title = TITLE_ZH[refusal.category] if chinese else refusal.code.replace("_", " ").capitalize()
    document: dict[str, object] = {
        "type": f"{PROBLEMS_PAGE}#{refusal.code}",
        "title": title,
        "status": STATUS[refusal.category],
        "code": refusal.code,
        "detail": (refusal.detail_zh or f"{title}：{refusal.detail}") if chinese else refusal.detail,
    }
    if refusal.detail_zh is not None:
        document["detail_zh"] = refusal.detail_zh
    if instance is not None:
        document["instance"] = instance
    return document | refusal.extra


_LANGUAGE: Final = re.compile(
    r"\s*(zh|en|\*)(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?\s*", re.IGNORECASE
)


def prefers_chinese(accept_language: str) -> bool:
    """Return whether the header `Accept-Language` puts Chinese before English (RFC 9110, 12.5.4); without it, English."""
    weights = {"zh": 0.0, "en": 0.0, "*": 0.0}
    for part in accept_language[:1000].split(","):
        found = _LANGUAGE.fullmatch(part)
        if found is not None:
            language, weight = found[1].lower(), float(found[2] or 1)
            weights[language] = max(weights[language], weight)
    return weights["zh"] > max(weights["en"], weights["*"])


def refused(request: Request, refusal: Refusal, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """Return the answer that a refusal is, with the headers its category asks for and those given."""
    chinese = prefers_chinese(request.headers.get("accept-language", ""))
    added = {"Content-Language": "zh" if chinese else "en", "Vary": "Accept-Language", "Cache-Control": "no-store"}
    if refusal.category is Category.UNAUTHENTICATED:
        added["WWW-Authenticate"] = 'Bearer realm="xinyong"'
    if refusal.category is Category.UNAVAILABLE:
        added["Retry-After"] = "5"
    if refusal.category is Category.NOT_THAT_RANGE:
        added["Content-Range"] = f"bytes */{refusal.extra.get('size', '*')}"
    if "retry_after" in refusal.extra:
        added["Retry-After"] = str(refusal.extra["retry_after"])
    body = orjson.dumps(problem_document(refusal, instance=request.url.path, chinese=chinese), default=str)
    return Response(body, STATUS[refusal.category], {**added, **headers}, MEDIA_TYPE)


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - the registration below says so; this tells the type checker
    return refused(request, error)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - see above
    broken = next((item for item in error.errors() if item["type"] == "json_invalid"), None)
    if broken is not None:
        detail = f"The body is no JSON from character {broken['loc'][-1]} on."
        return refused(request, MalformedBody(detail, detail_zh="请求内容不是规范的 JSON。"))
    # What was sent is not repeated: it may be personal, and the asker has it.
    errors = [{"where": ".".join(map(str, item["loc"])), "problem": item["msg"]} for item in error.errors()]
    first = errors[0]
    detail = f"{first['where']}: {first['problem']}" + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else "")
    return refused(request, InvalidRequest(detail, detail_zh="请求的参数或内容格式不符。", errors=errors))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - see above
    path = request.url.path
    if error.status_code == HTTPStatus.NOT_FOUND:
        return refused(request, NoSuchPath(f"Nothing is served at {path}.", detail_zh="没有此路径。"))
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        detail = "The body is larger than this operation takes; send it in parts."
        return refused(request, BodyTooLarge(detail, detail_zh="请求内容过大，请分批提交。"))
    if error.status_code == HTTPStatus.REQUEST_TIMEOUT:
        detail = "The body of the request did not arrive in time."
        slow = RequestTooSlow(detail, detail_zh="请求内容未能及时送达。")
        return refused(request, slow, {"Connection": "close"})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = _allowed(request)
        detail = f"{path} takes {allowed}, not {request.method}."
        refusal = MethodNotAllowed(detail, detail_zh=f"此路径支持的方法：{allowed}。")
        return refused(request, refusal, {"Allow": allowed})
    if error.status_code == HTTPStatus.BAD_REQUEST:
        detail = "The body cannot be read as its media type."
        return refused(request, MalformedBody(detail, detail_zh="请求内容无法解析。"))
    return await _on_unexpected(request, error)


def _allowed(request: Request) -> str:
    # The framework names the methods of the first route of a path only, and that may be a route with a part in the place of a word.
    route = getattr(request.scope.get("route"), "path", None)
    paths = request.app.openapi()["paths"]
    operations = paths.get(request.url.path) or paths.get(route, {"get": None})
    return ", ".join(sorted(method.upper() for method in operations))


def _operation(request: Request) -> str:
    # The template, for a path may hold a credit code and a log must not.
    return f"{request.method} {getattr(request.scope.get('route'), 'path', None) or '(no such path)'}"


async def _on_database_error(request: Request, error: Exception) -> Response:
    if not is_outage(error):
        return await _on_unexpected(request, error)
    log.warning("request.database_unavailable", operation=_operation(request), reason=outage_reason(error))
    detail = "The database did not answer, or not in time. Ask again in some seconds."
    if request.method not in {"GET", "HEAD"}:
        detail += " Whether the change was kept is not known; look before sending it again."
    return refused(request, DatabaseUnavailable(detail, detail_zh="数据库暂时没有响应，请稍后再试。"))


async def _on_unexpected(request: Request, error: Exception) -> Response:
    log.error("request.failed", operation=_operation(request), exc_info=error)
    return refused(
        request, InternalError("Something went wrong here; it is logged.", detail_zh="服务内部出错，已记录。")
    )


#: One handler a kind of error; everything but the last two kinds becomes a `Refusal` first.
HANDLERS: Final[dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]] = {
    Refusal: _on_refusal,
    RequestValidationError: _on_invalid_request,
    HTTPException: _on_http_exception,
    **dict.fromkeys(CONNECTION_ERRORS, _on_database_error),
    Exception: _on_unexpected,
}


async def problem_for(request: Request, error: Exception) -> Response:
    """Return the answer that an error is, as the framework would look its handler up."""
    handler = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
    return await handler(request, error)


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of `app` leave as a problem document."""
    for error, handler in HANDLERS.items():
        app.add_exception_handler(error, handler)


#: What any operation may answer.
EVERYWHERE: Final[tuple[type[Refusal], ...]] = (
    InvalidRequest,
    UnknownParameter,
    TooManyRequests,
    DatabaseUnavailable,
    LimiterUnavailable,
    Overloaded,
    DeadlinePassed,
    InternalError,
)


def problem_responses(*refusals: type[Refusal]) -> Responses:
    """Return the `responses=` entries that document these refusals, one a status, an example for each code.

    Those that any operation may give (`EVERYWHERE`) are added.
    The words are the classes' docstrings, so that documentation and code cannot drift apart.
    """
    by_status: dict[int, list[type[Refusal]]] = {}
    for refusal in dict.fromkeys((*refusals, *EVERYWHERE)):
        by_status.setdefault(STATUS[refusal.category], []).append(refusal)
    return {
        status: {
            "description": named(refusal.code for refusal in group),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {
                        refusal.code: {"value": problem_document(refusal(_words(refusal)))} for refusal in group
                    },
                }
            },
        }
        for status, group in sorted(by_status.items())
    }


def named(codes: Iterable[str]) -> str:
    """Return the words for an answer that is one of several problems; what each means stands in its example."""
    return ", ".join(f"`{code}`" for code in codes)


def _words(refusal: type[Refusal]) -> str:
    return " ".join((refusal.__doc__ or "").split())


def all_refusals(base: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Yield every class of refusals that the program has loaded."""
    for refusal in base.__subclasses__():
        yield refusal
        yield from all_refusals(refusal)


@dataclass(frozen=True, slots=True)
class Named:
    """A refusal as it is listed: its code, status and category, and what it means (in English, code between backticks)."""

    code: str
    status: int
    category_zh: str
    words: str


def named_problems() -> list[Named]:
    """Return every named refusal of the running service, by its code."""
    named = {refusal.code: refusal for refusal in all_refusals() if refusal.code}
    return [
        Named(code, STATUS[refusal.category], TITLE_ZH[refusal.category], _words(refusal))
        for code, refusal in sorted(named.items())
    ]
