"""The page for those who write a feed: its definitions are read, and the first one does what the page says."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import make_command
from service.db import Database
from service.feeds.shapes import load_shape
from tests.conftest import ROOT
from tests.factories import make_uscc
from tests.service.feeds.setting import Clock, items, one, publish, turn

PAGE = (ROOT / "docs" / "feeds.md").read_text("utf-8")
SNIPPETS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


async def test_the_feed_of_the_page_sends_and_understands_answers(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "feeds"
    folder.mkdir()
    for at, snippet in enumerate(SNIPPETS):
        (folder / f"{at}.toml").write_text(snippet, "utf-8")
    for place in ("outbox/receipts", "in"):
        (tmp_path / place).mkdir(parents=True)
    said = CliRunner().invoke(make_command(), ["feeds", "check", str(folder)]).stdout
    assert "city-penalties  out  city  generic-penalty/1, window  directory" in said
    assert "city-in  in" in said
    code, clock = make_uscc(), Clock()
    await publish(database, code)
    await turn(database, folder, clock)
    (sent,) = (tmp_path / "outbox").glob("*.csv")
    record = (await one(database, "SELECT record_id FROM feed_item")).record_id
    assert str(record) in sent.read_text("utf-8")
    (tmp_path / "outbox" / "receipts" / "1.csv").write_text(f"id,status,code,why\n{record},no,E7,\n", "utf-8")
    clock.move(minutes=2)
    await turn(database, folder, clock)
    assert await items(database, "city-penalties") == {code: ("report", "rejected")}
    assert (await one(database, "SELECT reason FROM feed_item")).reason == "the name does not fit the code"


def test_the_page_names_every_shape() -> None:
    shapes = sorted(path.stem for path in (ROOT / "schemas" / "feeds" / "shapes").glob("*.toml"))
    for shape in shapes:
        assert f"`{shape}`" in PAGE
        assert load_shape(shape).id == shape
