"""No container engine runs here: what can be read is compared with what the service knows."""

import re
from pathlib import Path

import yaml

from service.settings import Settings

DOCKER = Path(__file__).parents[1] / "docker"
KNOWN = {f"XINYONG_{name.upper()}" for name in Settings.model_fields}


def test_the_compose_file_sets_only_what_the_settings_have_and_no_secret() -> None:
    text = (DOCKER / "compose.yaml").read_text("utf-8")
    services = yaml.safe_load(text)["services"]
    assert set(services) == {"database", "migrate", "api", "jobs"}
    for name in ("migrate", "api", "jobs"):
        assert set(services[name]["environment"]) <= KNOWN
        assert services[name]["read_only"] is True
    assert "${POSTGRES_PASSWORD:?" in text
    assert not re.search(r"PASSWORD: [A-Za-z0-9]+$", text, re.MULTILINE)


def test_the_image_runs_as_a_user_of_its_own_with_a_health_check() -> None:
    text = (DOCKER / "Dockerfile").read_text("utf-8")
    assert text.count("\nFROM ") + text.startswith("FROM ") == 2
    assert "USER xinyong" in text
    assert "HEALTHCHECK" in text
    assert set(re.findall(r"XINYONG_[A-Z_]+", text)) <= KNOWN
