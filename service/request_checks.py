"""What every request is asked before its operation looks at it."""

from typing import Any

from fastapi import Request

from service.openapi import resolved
from service.problems import InvalidRequest, MalformedBody, NotJson
from service.strict_json import NotStrict, check_json, has_forbidden_character


def query_parameters_of(request: Request) -> set[str] | None:
    """Return the names of the query parameters that the operation of a request has; None where it is undocumented."""
    operation = operation_of(request)
    if operation is None:
        return None
    document = request.app.openapi()
    parameters = (resolved(document, parameter) for parameter in operation.get("parameters", ()))
    return {parameter["name"] for parameter in parameters if parameter["in"] == "query"}


def operation_of(request: Request) -> dict[str, Any] | None:
    """Return what the OpenAPI document says about the operation that serves `request`; None where it says nothing."""
    path = getattr(request.scope.get("route"), "path", None)
    operation: dict[str, Any] | None = request.app.openapi()["paths"].get(path, {}).get(request.method.lower())
    return operation


async def refuse_forbidden_characters(request: Request) -> None:
    """Refuse characters in path or query that are none, or that the database cannot keep.

    Raises:
        InvalidRequest: one is there.
    """
    parts = (
        request.scope["path"],
        *request.path_params.values(),
        *request.query_params,
        *request.query_params.values(),
    )
    if any(isinstance(part, str) and has_forbidden_character(part) for part in parts):
        raise InvalidRequest(
            "Path or query holds U+0000 or half of a surrogate pair.", detail_zh="路径或参数中含有不允许的字符。"
        )


async def refuse_malformed_body(request: Request) -> None:
    """Refuse a body that an operation which takes JSON cannot be sure to read as its sender does.

    Raises:
        NotJson: another media type.
        MalformedBody: see `check_json`.
    """
    operation = operation_of(request)
    if operation is None or list(operation.get("requestBody", {}).get("content", ())) != ["application/json"]:
        return
    body = await request.body()  # read already, and kept, by the framework
    if not body:
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise NotJson(
            "This operation takes JSON: send the header Content-Type: application/json.",
            detail_zh="此项只接受 application/json。",
        )
    try:
        check_json(body)
    except NotStrict as problem:
        raise MalformedBody(str(problem), detail_zh="请求内容不是规范的 JSON。") from None
