"""Who may import whom (the picture of the house as a test), and what may stand in one place only."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("service", "schemas", "jobs")
KERNELS = ("uscc", "personal_data", "reading", "tables", "rulebook", "working_days")
FRAMEWORKS = ("fastapi", "starlette")
DATABASES = ("sqlalchemy", "asyncpg", "service.db", "service.models", "service.outages")
HTTP = ("service.http", "service.problems", "service.app", "service.middleware", "service.request_checks")


@dataclass(frozen=True)
class Module:
    """A source file: its dotted name and its tree."""

    name: str
    tree: ast.Module

    @property
    def parts(self) -> list[str]:
        return self.name.split(".")

    @property
    def layer(self) -> str:
        """What the module is by its name: rules, queries, actions, endpoints, kernel, models, schemas, jobs or other."""
        if self.parts[0] in {"schemas", "jobs"}:
            return self.parts[0]
        room = self.parts[1] if len(self.parts) > 1 else ""
        if room in KERNELS:
            return "kernel"
        if room == "models":
            return "models"
        if room == "cli":
            return "other"
        layers = ("rules", "queries", "actions", "endpoints")
        return next((part for part in self.parts[2:] if part in layers), "other")

    def imports(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}: a relative import"
                yield node.module or ""
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def calls(self) -> Iterator[tuple[str, bool]]:
        """Yield the name of every function called, and whether it is called on something."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                if isinstance(node.func, ast.Attribute):
                    yield node.func.attr, True
                elif isinstance(node.func, ast.Name):
                    yield node.func.id, False


def modules() -> list[Module]:
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found.append(Module(dotted, ast.parse(path.read_text(encoding="utf-8"))))
    return found


MODULES = modules()


def begins(name: str, *prefixes: str) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def is_feature(name: str) -> bool:
    parts = name.split(".")
    return len(parts) > 2 and parts[0] == "service" and parts[1] not in {*KERNELS, "models"}


def forbidden_import(module: Module, name: str) -> str | None:
    """Return why `module` may not import `name`, or None."""
    layer = module.layer
    in_layer = {part for part in name.split(".")[2:] if name.startswith("service.")}
    if begins(name, "jobs") and module.parts[0] == "service" and not begins(module.name, "service.cli"):
        return "only the command line starts jobs"
    if begins(name, "apscheduler") and module.name != "jobs.scheduler":
        return "apscheduler is the alarm clock of jobs.scheduler and no more"
    if layer in {"rules", "kernel"} and begins(name, *FRAMEWORKS, *DATABASES, *HTTP, "schemas", "jobs"):
        return "rules are pure"
    if layer in {"rules", "kernel"} and in_layer & {"queries", "actions", "endpoints"}:
        return "rules know no other layer"
    if layer == "kernel" and is_feature(name):
        return "a kernel knows no feature"
    if layer == "queries" and (begins(name, *FRAMEWORKS, *HTTP, "schemas") or in_layer & {"actions", "endpoints"}):
        return "queries are SQL and nothing else"
    if layer == "actions" and (begins(name, *FRAMEWORKS, *HTTP, "schemas") or "endpoints" in in_layer):
        return "actions know nothing of HTTP"
    if layer == "models" and (is_feature(name) or begins(name, *FRAMEWORKS, *HTTP, "schemas")):
        return "tables know no feature"
    if layer == "schemas" and module.name not in {"schemas.write_openapi", "schemas.write_data_dictionary"}:
        if begins(name, *FRAMEWORKS, *DATABASES, *HTTP):
            return "schemas are shapes"
        if is_feature(name) and "rules" not in name.split("."):
            return "schemas take enums and values of rules, and kernels for the shape of things"
    if layer == "jobs" and (begins(name, *FRAMEWORKS, *HTTP) or "endpoints" in in_layer):
        return "jobs know nothing of HTTP"
    return None


def violations(module: Module) -> list[str]:
    found = []
    for name in module.imports():
        reason = forbidden_import(module, name)
        if reason is not None:
            found.append(f"{module.name} imports {name}: {reason}")
    for name, on_something in module.calls():
        if name == "commit" and on_something and module.name != "service.db":
            found.append(f"{module.name} commits: only service.db does")
        if name == "select" and module.layer == "endpoints":
            found.append(f"{module.name} calls select: endpoints hold no SQL")
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_nobody_imports_or_calls_what_the_picture_forbids(module: Module) -> None:
    assert violations(module) == []


def test_every_room_has_the_files_of_a_room() -> None:
    names = {module.name for module in MODULES}
    with_endpoints = {module.name.rsplit(".", 1)[0] for module in MODULES if module.name.endswith(".endpoints")}
    assert {room for room in with_endpoints if not {f"{room}.rules", f"{room}.queries"} <= names} == set()


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("service.status.rules", "from sqlalchemy import text"),
        ("service.status.rules", "import service.db"),
        ("service.status.rules.windows", "from service.status import queries"),
        ("service.uscc.bulk", "from service.catalog.rules import Catalog"),
        ("service.reading.dates", "import fastapi"),
        ("service.status.queries", "from schemas.status import StatusOut"),
        ("service.status.actions", "from service.http import Now"),
        ("service.status.endpoints", "from sqlalchemy import select\nselect(1)"),
        ("service.status.actions", "def f(session): session.commit()"),
        ("service.status.actions", "def f():\n    from jobs import registry"),
        ("service.models.subject", "from service.status.rules import Outcome"),
        ("schemas.status", "from service.models import Subject"),
        ("schemas.status", "from service.status.queries import find"),
        ("jobs.expire", "from service.status.endpoints import router"),
        ("jobs.expire", "import apscheduler.schedulers"),
    ],
)
def test_what_is_forbidden_is_found(name: str, source: str) -> None:
    assert violations(Module(name, ast.parse(source)))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("service.status.rules", "from service.errors import Invalid\nfrom service.reading.names import fold_name"),
        ("service.status.endpoints", "from schemas.status import StatusOut\nfrom service.http import Now"),
        ("schemas.status", "from service.status.rules import Outcome\nfrom service.uscc.rules import check"),
        ("service.db", "def f(session): session.commit()"),
        ("service.cli.processes", "import jobs.registry"),
        ("jobs.scheduler", "from apscheduler.schedulers.asyncio import AsyncIOScheduler"),
    ],
)
def test_what_is_allowed_is_not_found(name: str, source: str) -> None:
    assert violations(Module(name, ast.parse(source))) == []
