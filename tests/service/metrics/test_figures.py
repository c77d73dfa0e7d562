"""A mixed run by the public, a platform and strangers: what the figures and the log lines of it say, and what they never do."""

import io
import json
import re
import sys

import pytest
import structlog

from service.access.rules import Role
from service.db import Database
from service.logs import log_to_stderr, without_keys
from service.metrics.rules import asker_class, status_class
from service.settings import Settings
from tests.clients import FOLDER, client_of, make_app, make_key
from tests.factories import make_uscc

USCC = make_uscc()


@pytest.mark.parametrize(
    ("roles", "asker"),
    [(None, "anonymous"), ("platform", "platform"), ("auditor reviewer", "authority"), ("auditor", "oversight"),
     ("subject_agent", "agent"), ("a role of a newer version", "other")],
)  # fmt: skip
def test_askers_come_in_classes(roles: str | None, asker: str) -> None:
    assert asker_class(roles) == asker


def test_statuses_come_in_classes() -> None:
    assert [status_class(status) for status in (200, 304, 404, 503, 0)] == ["2xx", "3xx", "4xx", "5xx", "none"]


async def test_figures_and_log_lines_hold_no_code_key_or_name(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = io.StringIO()
    monkeypatch.setattr(sys, "stderr", lines)
    was = structlog.get_config()
    log_to_stderr(Settings(data_dir=FOLDER))
    key = await make_key(database, Role.PLATFORM, name="a shop with a name")
    app = make_app(database)
    try:
        async with client_of(app) as public, client_of(app, key=key) as platform:
            await public.get(f"/v1/status/{USCC}")
            await platform.get(f"/v1/status/{USCC}")
            await platform.post("/v1/status", json={"uscc": USCC, "name": "某企业"})
            await public.get(f"/v1/subjects/{USCC}", headers={"Authorization": "Bearer xy_wrong"})
            await platform.get(f"/{key}/nothing")
            structlog.get_logger("test").warning("careless", header=f"Bearer {key}", path=f"/?key={key}")
            text = (await public.get("/metrics")).text
    finally:
        structlog.configure(**was)
    log = lines.getvalue()
    for said in (text, log):
        assert not re.search(r"xy_[0-9A-Za-z]{8}", said)
        assert USCC not in said
        assert "a shop" not in said
        assert "某企业" not in said
    assert 'operation="GET /v1/status/{uscc}",status="2xx"' in text
    assert re.search(r'xinyong_requests_total\{asker="platform",operation="POST /v1/status",status="2xx"\} 1\.0', text)
    assert re.search(
        r'xinyong_request_seconds_count\{asker="anonymous",operation="GET /v1/status/\{uscc\}"\} 1\.0', text
    )
    for name in ("log_head_position", "pending_changes", "pool_connections", "queue_depth", "audit_waiting"):
        assert f"xinyong_{name}" in text
    requests = [line for line in map(json.loads, log.splitlines()) if line["event"] == "request"]
    assert {line["operation"] for line in requests} >= {"GET /v1/status/{uscc}", "GET (no such path)"}
    assert len({line["request_id"] for line in requests}) == len(requests)
    careless = next(line for line in map(json.loads, log.splitlines()) if line["event"] == "careless")
    assert (careless["header"], careless["path"]) == ("[key]", "/?key=[key]")


def test_a_key_in_a_traceback_is_hidden() -> None:
    line = without_keys(None, "", {"exception": "ValueError: xy_0123456789abcdef", "count": 3})
    assert line == {"exception": "ValueError: [key]", "count": 3}
