import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service import embedded
from tests.service.embedded.owners import Owner, OwnerFactory, launch


@pytest.fixture
def new_owner() -> Iterator[OwnerFactory]:
    owners: list[Owner] = []

    def start(data_dir: Path, **how: Any) -> Owner:
        owners.append(launch(data_dir, **how))
        return owners[-1]

    yield start
    for owner in owners:
        owner.end()


@pytest.fixture
def room() -> Iterator[Path]:
    """A directory that every account can enter; pytest's own are closed to all but their owner."""
    folder = Path(tempfile.mkdtemp(prefix="xy-")).resolve()
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def lasting() -> Iterator[Path]:
    """A data directory with a cluster that has been started and stopped once; tests start it again and leave it stopped."""
    folder = Path(tempfile.mkdtemp(prefix="xy-")).resolve()
    folder.chmod(0o711)
    embedded.stop(embedded.start(folder / "data", durable=False))
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str, float], None]:
    """Report a time: shown with `pytest -s` or `-rP`, and kept as a property of the test."""

    def report(what: str, seconds: float) -> None:
        record_property(what, round(seconds, 4))
        sys.stdout.write(f"\n{what}: {seconds * 1000:.0f} ms\n")

    return report
