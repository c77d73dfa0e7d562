"""What is installed is what is pinned, fits together, and may be used; and it can be listed for others."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from tests.conftest import ROOT
from tests.licences import PAGE, licence, page, pinned, unknown_licences
from tests.test_lock import pinned as versions


def test_every_licence_is_known_and_may_be_used() -> None:
    assert unknown_licences() == {}


def test_the_page_of_licences_names_all_that_is_pinned_and_installed() -> None:
    missing = set(page().splitlines()) - set(PAGE.read_text("utf-8").splitlines())
    assert missing == set(), "run `make lock` and commit the difference"


def test_what_is_installed_fits_together_and_is_what_is_pinned() -> None:
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    locked = versions("run.lock")
    twice = {"deprecated", "numpy", "setuptools"}  # pinned by version of Python, or renewed by the environment itself
    installed = {name: version(name) for name in pinned() if name not in twice and licence(name) is not None}
    different = {name: have for name, have in installed.items() if have != locked[name]}
    assert different == {}


def test_the_bill_of_materials_names_every_pinned_package_with_its_hashes(tmp_path: Path) -> None:
    target = tmp_path / "sbom.json"
    subprocess.run(["make", "-s", "sbom", f"SBOM={target}"], check=True, cwd=ROOT, capture_output=True)
    bill = json.loads(target.read_text("utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    components = {component["name"].lower().replace("_", "-"): component for component in bill["components"]}
    assert set(pinned()) <= set(components)
    assert "sha-256" in json.dumps(components["fastapi"]).lower()
