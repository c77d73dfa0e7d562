"""The finishing of the OpenAPI document: what no single route can say of itself, and everything repeated said once."""

from collections.abc import Container, Iterator
from typing import Any, Final

import orjson

from service.errors import Refusal
from service.problems import (
    MEDIA_TYPE,
    BodyTooLarge,
    MalformedBody,
    NotJson,
    RequestTooSlow,
    named,
    problem_responses,
)

#: What any operation with a body may answer besides; those that take JSON add `JSON_REFUSALS`.
BODY_REFUSALS: Final[tuple[type[Refusal], ...]] = (RequestTooSlow, BodyTooLarge)
JSON_REFUSALS: Final[tuple[type[Refusal], ...]] = (NotJson, MalformedBody)


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return a part of an OpenAPI document, or the component that it refers to."""
    reference = node.get("$ref")
    if reference is None:
        return node
    _, _, kind, name = reference.split("/")
    found: dict[str, Any] = document["components"][kind][name]
    return found


def finish(document: dict[str, Any]) -> None:
    """Complete an OpenAPI document, in place: see the functions below."""
    add_body_problems(document)
    share_problems(document)
    share_parameters(document)
    drop_titles(document)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()


def add_body_problems(document: dict[str, Any]) -> None:
    """Add what an operation with a body may answer to every such operation, in place."""
    for operation in _operations(document):
        content = operation.get("requestBody", {}).get("content")
        if content is None:
            continue
        refusals = BODY_REFUSALS + (JSON_REFUSALS if list(content) == ["application/json"] else ())
        for status, added in problem_responses(*refusals).items():
            answer = operation["responses"].setdefault(str(status), added)
            examples = answer["content"][MEDIA_TYPE]["examples"]
            examples |= added["content"][MEDIA_TYPE]["examples"] | examples
            answer["description"] = named(examples)


def share_problems(document: dict[str, Any]) -> None:
    """Write each problem once, in place: an example a code, an answer a set of codes of one status.

    Operations refer to them. What a single operation answers stays with it.
    """
    places: dict[str, list[dict[str, Any]]] = {}
    for operation in _operations(document):
        for status, answer in operation["responses"].items():
            if MEDIA_TYPE in answer.get("content", {}):
                codes = sorted(answer["content"][MEDIA_TYPE]["examples"])
                places.setdefault(".".join((status, *codes)), []).append(operation["responses"])
    examples: dict[str, Any] = {}
    responses: dict[str, Any] = {}
    for name, givers in sorted(places.items()):
        status, *codes = name.split(".")
        content = givers[0][status]["content"][MEDIA_TYPE]
        examples |= {code: content["examples"][code] for code in codes}
        content["examples"] = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
        if len(givers) > 1:
            short = _free(f"{status}.{codes[0]}" + (f".and_{len(codes) - 1}_more" if codes[1:] else ""), responses)
            responses[short] = givers[0][status]
            for giver in givers:
                giver[status] = {"$ref": f"#/components/responses/{short}"}
    document["components"] |= {"examples": dict(sorted(examples.items())), "responses": responses}


def _free(name: str, taken: Container[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}.{number}"
    return free


def share_parameters(document: dict[str, Any]) -> None:
    """Write each parameter that several operations have alike once, in place; operations refer to it."""
    places: dict[str, list[tuple[list[dict[str, Any]], int]]] = {}
    for operation in _operations(document):
        parameters = operation.get("parameters", [])
        for at, parameter in enumerate(parameters):
            places.setdefault(orjson.dumps(parameter).decode(), []).append((parameters, at))
    shared: dict[str, Any] = {}
    for holders in places.values():
        if len(holders) == 1:
            continue
        parameters, at = holders[0]
        parameter = parameters[at]
        name = _free(f"{parameter['in']}.{parameter['name']}", shared)
        shared[name] = parameter
        for held, place in holders:
            held[place] = {"$ref": f"#/components/parameters/{name}"}
    document["components"]["parameters"] = dict(sorted(shared.items()))


def drop_titles(document: dict[str, Any]) -> None:
    """Take away the titles that are a member's or parameter's own name in other letters, in place."""
    for schema in document["components"]["schemas"].values():
        for name, member in schema.get("properties", {}).items():
            _drop_title(member, name)
    parameters = [one for operation in _operations(document) for one in operation.get("parameters", ())]
    for parameter in (*parameters, *document["components"]["parameters"].values()):
        if "schema" in parameter:
            _drop_title(parameter["schema"], parameter["name"])


def _drop_title(schema: dict[str, Any], name: str) -> None:
    if str(schema.get("title", "")).replace(" ", "_").lower() == name.replace("-", "_").lower():
        del schema["title"]
