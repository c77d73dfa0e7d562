from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import SECRETS, Settings

URL = "postgresql://user:secret@db.example/xinyong"


def test_no_secret_has_a_default_and_each_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in SECRETS:
        monkeypatch.delenv(f"XINYONG_{name.upper()}", raising=False)
        assert Settings.model_fields[name].default is None
        file = tmp_path / name
        file.write_text(f"{URL}\n")
        monkeypatch.setenv(f"XINYONG_{name.upper()}_FILE", str(file))
        assert getattr(Settings(), name) == URL


def test_the_environment_comes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(URL)
    monkeypatch.setenv("XINYONG_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("XINYONG_DATABASE_URL", "postgresql://other.example/xinyong")
    assert Settings().database_url == "postgresql://other.example/xinyong"


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XINYONG_DATABASE_URL", raising=False)
    monkeypatch.setenv("XINYONG_DATABASE_URL_FILE", str(tmp_path / "none"))
    with pytest.raises(Exception, match="XINYONG_DATABASE_URL_FILE names a file that cannot be read"):
        Settings()


@pytest.mark.parametrize("name", ["rate_key", "rate_address", "rate_refused"])
def test_rates_that_are_none_are_refused_at_the_start(name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: "a lot"})  # type: ignore[arg-type]  # one field, by name
