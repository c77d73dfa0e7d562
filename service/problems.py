"""What HTTP makes of a refusal: one problem document (RFC 9457) for every answer that is none.

Nothing of the inside leaves by here: an unexpected error is logged in full and answered in one sentence.
"""

from collections.abc import Awaitable, Callable, Iterator
from html import escape
from http import HTTPStatus
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
    Category.VERSION_MISMATCH: 412,
    Category.VERSION_REQUIRED: 428,
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


class DatabaseUnavailable(Unavailable):
    """The database did not answer, or not in time. Ask again; whether a change was kept, its resource tells."""

    code = "database_unavailable"


def problem_document(
    status: int,
    code: str,
    detail: str,
    *,
    instance: str | None = None,
    detail_zh: str | None = None,
    extra: dict[str, object] | None = None,
) -> dict[str, object]:
    """Return the members of a problem document; `type` is a path of this service that explains the code."""
    document: dict[str, object] = {
        "type": f"{PROBLEMS_PAGE}#{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if detail_zh is not None:
        document["detail_zh"] = detail_zh
    if instance is not None:
        document["instance"] = instance
    return document | (extra or {})


def refusal_document(refusal: Refusal, *, instance: str | None = None) -> dict[str, object]:
    """Return the problem document of a refusal, with its `extra` members."""
    return problem_document(
        STATUS[refusal.category],
        refusal.code,
        refusal.detail,
        instance=instance,
        detail_zh=refusal.detail_zh,
        extra=refusal.extra,
    )


def _answer(document: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    status = int(str(document["status"]))
    body = orjson.dumps(document, default=str)
    return Response(body, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def refused(request: Request, refusal: Refusal) -> Response:
    """Return the answer that a refusal is, with the headers its category asks for."""
    headers = {}
    if refusal.category is Category.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="xinyong"'
    if refusal.category is Category.UNAVAILABLE:
        headers["Retry-After"] = "5"
    return _answer(refusal_document(refusal, instance=request.url.path), headers)


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - the registration below says so; this tells the type checker
    return refused(request, error)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - see above
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
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
    detail = f"{request.method} {path}: {error.detail}"
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    return _answer(problem_document(error.status_code, code, detail, instance=path), headers)


def _allowed(request: Request) -> str:
    # The framework names the methods of the first route of a path only.
    route = getattr(request.scope.get("route"), "path", None)
    return ", ".join(sorted(method.upper() for method in request.app.openapi()["paths"].get(route, {"get": None})))


async def _on_database_error(request: Request, error: Exception) -> Response:
    if not is_outage(error):
        return await _on_unexpected(request, error)
    log.warning("request.database_unavailable", path=request.url.path, reason=outage_reason(error))
    detail = "The database did not answer, or not in time. Ask again in some seconds."
    if request.method not in {"GET", "HEAD"}:
        detail += " Whether the change was kept is not known; look before sending it again."
    return refused(request, DatabaseUnavailable(detail, detail_zh="数据库暂时没有响应，请稍后再试。"))


async def _on_unexpected(request: Request, error: Exception) -> Response:
    log.error("request.failed", method=request.method, path=request.url.path, exc_info=error)
    detail = "Something went wrong here; it is logged."
    return _answer(
        problem_document(500, "internal_error", detail, instance=request.url.path, detail_zh="服务内部出错，已记录。")
    )


#: One handler a kind of error; everything but the last two kinds becomes a `Refusal` first.
HANDLERS: Final[dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]]] = {
    Refusal: _on_refusal,
    RequestValidationError: _on_invalid_request,
    HTTPException: _on_http_exception,
    **dict.fromkeys(CONNECTION_ERRORS, _on_database_error),
    Exception: _on_unexpected,
}


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of `app` leave as a problem document."""
    for error, handler in HANDLERS.items():
        app.add_exception_handler(error, handler)


#: What any operation may answer.
EVERYWHERE: Final[tuple[type[Refusal], ...]] = (InvalidRequest, UnknownParameter, DatabaseUnavailable)


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
            "description": " ".join(f"`{refusal.code}`: {_words(refusal)}" for refusal in group),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {
                        refusal.code: {"value": problem_document(status, refusal.code, _words(refusal))}
                        for refusal in group
                    },
                }
            },
        }
        for status, group in sorted(by_status.items())
    }


def _words(refusal: type[Refusal]) -> str:
    return " ".join((refusal.__doc__ or "").split())


def _all_refusals(base: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for refusal in base.__subclasses__():
        yield refusal
        yield from _all_refusals(refusal)


def problems_page() -> str:
    """Return an HTML page with every named refusal of the running service: code, status, what it means."""
    named = {refusal.code: refusal for refusal in _all_refusals() if refusal.code}
    rows = "".join(
        f'<tr id="{escape(code)}"><td><code>{escape(code)}</code></td><td>{STATUS[refusal.category]}</td>'
        f"<td>{escape(_words(refusal))}</td></tr>"
        for code, refusal in sorted(named.items())
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Xinyong: problems</title></head><body>'
        "<h1>Problems</h1><p>Every answer that is none is a problem document (RFC 9457) with one of these codes.</p>"
        f"<table><thead><tr><th>code</th><th>status</th><th>meaning</th></tr></thead><tbody>{rows}</tbody></table>"
        "</body></html>"
    )
