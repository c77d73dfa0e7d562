import re
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from schemas.base import Problem
from schemas.write_openapi import TARGET, openapi_document
from service.app import ROUTERS, create_app
from service.db import Database
from service.openapi import resolved
from service.problems import all_refusals
from service.settings import Settings

app = create_app(Settings(), database=Database("postgresql+asyncpg://nobody@127.0.0.1:1/none", application="test"))
document = app.openapi()
OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method.upper()} {path}")
    for path, methods in document["paths"].items()
    for method, operation in methods.items()
]
ROUTES = [
    pytest.param(route, id=f"{','.join(sorted(route.methods or ()))} {route.path}")
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.include_in_schema
]
#: An answer without a body has nothing to show.
EMPTY = "204"


def success(operation: dict[str, Any]) -> dict[str, Any]:
    return next(answer for status, answer in operation["responses"].items() if status in {"200", "201", "202", EMPTY})


def examples(answer: dict[str, Any]) -> list[Any]:
    return [
        example
        for content in resolved(document, answer).get("content", {}).values()
        for example in (
            [content["example"]]
            if "example" in content
            else [resolved(document, one)["value"] for one in content.get("examples", {}).values()]
        )
    ]


def test_the_committed_document_is_the_one_of_this_version() -> None:
    assert TARGET.read_bytes() == openapi_document(), "run `python -m schemas.write_openapi` and commit the difference"


def test_the_document_is_openapi_3_1_and_every_tag_has_words() -> None:
    assert document["openapi"].startswith("3.1")
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    used = {
        tag for methods in document["paths"].values() for operation in methods.values() for tag in operation["tags"]
    }
    assert used <= described


def test_every_reference_leads_somewhere() -> None:
    named = set(re.findall(r'"#/components/(\w+)/([^"]+)"', openapi_document().decode()))
    known = {(kind, name) for kind, parts in document["components"].items() for name in parts}
    assert named <= known
    assert {one for one in known if one[0] in {"examples", "responses", "parameters"}} <= named


def test_what_many_operations_answer_is_written_once() -> None:
    operations = sum(len(methods) for methods in document["paths"].values())
    assert len(openapi_document()) < 5_800 * operations, "what many operations say alike belongs into components"
    said = [
        code
        for methods in document["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        for content in answer.get("content", {}).values()
        for code, example in content.get("examples", {}).items()
        if status >= "4" and "$ref" not in example
    ]
    assert said == []


def test_one_code_is_one_refusal() -> None:
    shown = document["components"]["examples"]
    assert {code: example["value"]["code"] for code, example in shown.items()} == {code: code for code in shown}
    # A page has refusals of its own, which speak of pages.
    codes = [
        refusal.code for refusal in all_refusals() if refusal.code and not refusal.__module__.startswith("service.web")
    ]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does_and_shows_an_answer(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    assert len(operation["description"]) > 20
    is_empty = EMPTY in operation["responses"]
    assert is_empty == ("content" not in resolved(document, success(operation)))
    assert is_empty or examples(success(operation)), f"{method} {path} has no example"


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_documents_its_problems_with_examples(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    problems = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
    assert problems, f"{method} {path} documents no problem"
    for status, answer in problems.items():
        assert list(resolved(document, answer)["content"]) == ["application/problem+json"]
        for example in examples(answer):
            problem = Problem.model_validate(example)
            assert str(problem.status) == status
            assert problem.detail, f"{problem.code} has no words"


@pytest.mark.parametrize("route", [one for one in ROUTES if one.values[0].status_code != int(EMPTY)])  # type: ignore[union-attr]
def test_examples_of_answers_fit_their_schema(route: APIRoute) -> None:
    status = next(status for status in (200, 201, 202) if status in route.responses)
    shown = examples(route.responses[status])
    if route.response_model is None:
        assert shown
        return
    for example in shown:
        try:
            TypeAdapter(route.response_model).validate_python(example)
        except ValidationError as error:
            pytest.fail(f"the example of {route.path} does not fit: {error}")


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_operations_that_need_a_key_say_so(path: str, method: str, operation: dict[str, Any]) -> None:
    needs_key = bool(operation.get("security"))
    assert ("401" in operation["responses"]) == needs_key, f"{method} {path}"
