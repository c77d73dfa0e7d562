"""The migrations are one chain: a second head, or a number used twice, stops `make check` and not the first start."""

from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.conftest import ROOT


def test_migrations_are_one_chain_in_the_order_of_their_numbers() -> None:
    scripts = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
    chain = [script.revision for script in scripts.walk_revisions()]
    files = [path for path in (ROOT / "migrations" / "versions").glob("*.py") if not path.name.startswith("_")]
    assert scripts.get_heads() == chain[:1]
    assert chain == sorted(chain, reverse=True)
    assert len(chain) == len(files)
