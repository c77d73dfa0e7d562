from pathlib import Path

import pytest

from service.db import Database
from tests.service.exports.support import World


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path)
