import re
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from schemas.base import Problem
from schemas.write_openapi import TARGET, openapi_document
from service.app import ROUTERS, create_app
from service.db import Database
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


def success(operation: dict[str, Any]) -> dict[str, Any]:
    return next(answer for status, answer in operation["responses"].items() if status in {"200", "201", "202"})


def examples(answer: dict[str, Any]) -> list[Any]:
    return [
        example
        for content in answer.get("content", {}).values()
        for example in (
            [content["example"]]
            if "example" in content
            else [one["value"] for one in content.get("examples", {}).values()]
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
    named = set(re.findall(r"#/components/schemas/(\w+)", openapi_document().decode()))
    assert named <= set(document["components"]["schemas"])


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_what_it_does_and_shows_an_answer(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    assert len(operation["description"]) > 20
    assert examples(success(operation)), f"{method} {path} has no example"


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_documents_its_problems_with_examples(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    problems = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
    assert problems, f"{method} {path} documents no problem"
    for status, answer in problems.items():
        assert list(answer["content"]) == ["application/problem+json"]
        for example in examples(answer):
            problem = Problem.model_validate(example)
            assert str(problem.status) == status
            assert problem.detail, f"{problem.code} has no words"


@pytest.mark.parametrize("route", ROUTES)
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
